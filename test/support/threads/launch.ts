// Workers that a test ends by force, or that end otherwise than by a report.

import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { programOf } from './start.ts';

export interface Launched<First> {
  /** The first thing that it posts. */
  readonly first: Promise<First>;
  /** Its exit status, however it ended. */
  readonly ended: Promise<number>;
  /** The exception that ended it, if one did. */
  readonly thrown: Promise<Error | null>;
  /** Ends it by force; done when it has ended. */
  kill(): Promise<void>;
}

export function launch<First>(name: string, workerData: object): Launched<First> {
  const worker = new Worker(programOf(name), { workerData, execArgv: [] });
  const kill = async () => void (await worker.terminate());
  onTestFinished(kill);
  let error: Error | null = null;
  worker.on('error', (thrown: Error) => (error = thrown));
  const ended = new Promise<number>((resolve) => worker.once('exit', resolve));
  const thrown = ended.then(() => error);
  const first = new Promise<First>((resolve, reject) => {
    worker.once('message', resolve);
    void thrown.then((why) => reject(why ?? new Error(`${name} ended before it said a word`)));
  });
  first.catch(() => undefined);
  return { first, ended, thrown, kill };
}
