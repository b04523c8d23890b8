// Where scribes come from on Node: one worker for each recording (scribe.ts). It keeps no process
// alive: a program that ends without having stopped its recording has the trace as it was written
// last.

import type { Worker } from 'node:worker_threads';
import { HeapError } from '../word/errors.ts';
import type { HeapHandle } from '../heap/open.ts';
import type { RecordingFigures, Scribe } from '../heap/recording.ts';
import type { Commission } from './scribe.ts';

interface Threads {
  readonly Worker: new (url: URL, options: object) => Worker;
}
interface Process {
  getBuiltinModule?(name: 'node:worker_threads'): Threads | undefined;
}

type Message = 'ready' | RecordingFigures;

const { process } = globalThis as { process?: Process };

/** Resolves when the scribe reads the tapes; rejects when it cannot write the file. */
export async function hireScribe(
  handle: HeapHandle,
  number: number,
  file: string,
): Promise<Scribe> {
  const threads = process?.getBuiltinModule?.('node:worker_threads');
  if (threads === undefined) throw unwritable('Node has workers and files from 20.16 on');
  // As this file, the program is there as TypeScript or built.
  const program = import.meta.url.endsWith('.ts') ? './scribe.ts' : './scribe.js';
  const workerData: Commission = { handle, number, file };
  const options = { workerData, name: 'atomalloc scribe', execArgv: [] };
  const worker = new threads.Worker(new URL(program, import.meta.url), options);
  const done = new Promise<RecordingFigures>((resolve, reject) => {
    worker.on('message', (message: Message) => message !== 'ready' && resolve(message));
    worker.on('error', (error: unknown) => reject(unwritable(String(error))));
    worker.on('exit', () => reject(unwritable('its scribe was stopped')));
  });
  done.catch(() => undefined); // told to whoever waits for either
  const ready = new Promise<void>((resolve) => worker.once('message', resolve));
  await Promise.race([ready, done]);
  worker.unref();
  return { done, stay: () => worker.ref() };
}

function unwritable(why: string): HeapError {
  const advice = 'give a file in a folder that can be written, with room for it';
  return new HeapError('BAD_OPTION', `the recording cannot be written: ${why}; ${advice}`);
}
