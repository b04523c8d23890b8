// Threads that come when every slot is a dead thread's, and what the heap says of itself while a
// dead thread's slot has been seen but is not recovered yet.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import { validate } from '../../src/heap/validate.ts';
import { barrierWords } from '../support/threads/barrier.ts';
import { programOf } from '../support/threads/start.ts';
import type { NewcomerOrders } from '../../workers/newcomer.ts';
import { layersOf, leftovers } from './account.ts';

const GONE_MS = 5000;

/** As many newcomers as there are slots left, all at once; what each says, once all are killed. */
async function generation(heap: SharedHeap, parties: number): Promise<(number | string)[]> {
  const orders: NewcomerOrders = { handle: heap.handle, barrier: barrierWords(), parties };
  const workers = Array.from({ length: parties }, () => {
    return new Worker(programOf('newcomer'), { workerData: orders, execArgv: [] });
  });
  const said = workers.map((worker) => {
    return new Promise<number | string>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  });
  const answers = await Promise.all(said);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return answers;
}

/** Until the system has forgotten the threads of all slots but this one's. */
async function untilGone(heap: SharedHeap, slots: number): Promise<void> {
  const { table } = layersOf(heap);
  const late = performance.now() + GONE_MS;
  for (let slot = 1; slot <= slots; slot++) {
    while (!table.isOver(slot) && performance.now() < late) await sleep(1);
  }
}

test('newcomers who come at once all get the slots of the dead', async () => {
  const heap = SharedHeap.create({ size: '4MiB', maxSlots: 4 });
  for (let i = 0; i < 8; i++) {
    expect([...(await generation(heap, 3))].sort()).toEqual([1, 2, 3]);
    await untilGone(heap, 3);
  }
  heap.recover();
  expect(leftovers(heap)).toEqual({ wrong: [], lostBytes: 0 });
});

test('validate finds no fault with a slot that is known to be dead', async () => {
  const heap = SharedHeap.create({ size: '4MiB', maxSlots: 2 });
  await generation(heap, 1);
  await untilGone(heap, 1);
  expect(validate(layersOf(heap)).map((it) => it.message)).toEqual([]);
  expect(heap.recover()).toMatchObject([{ slot: 1 }]);
  expect(leftovers(heap)).toEqual({ wrong: [], lostBytes: 0 });
});
