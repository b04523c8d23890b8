// Somebody else's spatial index (flatbush) on a block of the heap: built once, asked by all threads
// in place, with the answers of the ordinary one.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { answersOf, EVERYWHERE, indexOf, share, windowsOf } from '../../bench/sharing/survey.ts';
import { SharedHeap } from '../../src/index.ts';
import type { IndexPlace, SurveyorOrders } from '../../workers/surveyor.ts';
import { expectEmpty, programOf, seedOf } from '../support/threads/start.ts';

test('an index in a block answers every thread as the ordinary one does', async () => {
  const seed = seedOf('spatial');
  const heap = SharedHeap.create({ size: '16MiB' });
  const index = indexOf(windowsOf(seed, 20_000, 100));
  const windows = [EVERYWHERE, ...windowsOf(seed + 1, 200, 300)];
  const ptr = share(heap, index);
  const isWhole = (): boolean =>
    Buffer.from(heap.u8.buffer, ptr, index.data.byteLength).equals(new Uint8Array(index.data));
  const workerData: SurveyorOrders = { heap: heap.handle, windows };
  const workers = Array.from(
    { length: 4 },
    () => new Worker(programOf('surveyor'), { workerData }),
  );
  onTestFinished(async () => void (await Promise.all(workers.map((it) => it.terminate()))));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const told = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) worker.postMessage({ ptr } satisfies IndexPlace);
  const right = answersOf(index, windows);
  expect(right.counts[0]).toBe(20_000);
  for (const [answers] of await Promise.all(told)) expect(answers).toEqual(right);
  expect(isWhole()).toBe(true); // it was only read
  const ends = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage(null satisfies IndexPlace);
  expect((await Promise.all(ends)).map(([status]) => status)).toEqual([0, 0, 0, 0]);
  heap.free(ptr);
  expectEmpty(heap);
});
