// A worker thread that tells what it is called (slot/thread.ts) and then does nothing of use: it
// sleeps in Atomics.wait, runs in a loop, or ends. For tests of who lives.

import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ThreadName } from '../../../src/slot/thread.ts';

export interface NamedThread {
  readonly name: ThreadName;
  /** Ends it by force; it has ended when this is done. */
  end(): Promise<void>;
}

/** Whether this system tells which threads live. */
export const hasProc = existsSync('/proc/thread-self/stat');
if (!hasProc) console.warn('SKIPPED: no /proc here, so nobody can ask whether a thread lives');

const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
import(workerData.module).then(({ thisThread }) => {
  if (workerData.comm !== '') writeFileSync('/proc/thread-self/comm', workerData.comm);
  parentPort.postMessage(thisThread());
  if (workerData.next === 'loop') for (;;);
  if (workerData.next === 'sleep') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

/** Starts one. `comm` is what the system is to call it, up to 15 characters. */
export async function startNamed(next: 'sleep' | 'loop', comm = ''): Promise<NamedThread> {
  const module = new URL('../../../dist/src/slot/thread.js', import.meta.url).href;
  const worker = new Worker(PROGRAM, { eval: true, workerData: { module, next, comm } });
  const name = await new Promise<ThreadName>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { name, end: () => endOf(worker, name) };
}

/** The system takes its name away a moment after the worker has told its end. */
async function endOf(worker: Worker, { who }: ThreadName): Promise<void> {
  await worker.terminate();
  while (who > 0 && existsSync(`/proc/self/task/${String(who)}`)) await sleep(1);
}
