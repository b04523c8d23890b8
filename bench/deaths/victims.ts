// Victims: workers that take a seat in a heap, fill their magazines or leave them empty, and sleep
// until they are killed. They are started before anything is measured: what a thread's start costs
// is no matter of the heap.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { HeapHandle } from '../../src/index.ts';

export type Fill = 'empty' | 'full';

export interface VictimOrders {
  readonly handle: HeapHandle;
  readonly fill: Fill;
}

const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/victim${ENDING}`, import.meta.url);

/** A victim that sits and sleeps. */
export async function victim(handle: HeapHandle, fill: Fill): Promise<Worker> {
  const worker = new Worker(PROGRAM, { workerData: { handle, fill } satisfies VictimOrders });
  await once(worker, 'message');
  return worker;
}

export function victims(handle: HeapHandle, count: number): Promise<Worker[]> {
  return Promise.all(Array.from({ length: count }, () => victim(handle, 'full')));
}
