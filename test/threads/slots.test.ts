// Threads that come and go: a slot is a thread's seat in the heap, and there are only so many.

import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { HeapError, SharedHeap } from '../../src/index.ts';
import type { LeaverOrders } from '../../workers/leaver.ts';
import type { VisitorOrders, VisitorReport } from '../../workers/visitor.ts';
import { comesTrue } from '../support/threads/doomed.ts';
import { SIGNAL, signalWords } from '../support/threads/signals.ts';
import {
  expectClean,
  expectEmpty,
  meanwhile,
  programOf,
  seedOf,
  start,
} from '../support/threads/start.ts';

test('eight threads that attach and detach in turn share three slots, none leaks', async () => {
  const seed = seedOf('slots');
  const heap = SharedHeap.create({ size: '32MiB', maxSlots: 4 });
  const visits = 80;
  const workers = Array.from({ length: 8 }, (_, owner) => {
    const task = { owner, seed: seed + owner, visits, blocks: 20, mostBytes: 20_000 };
    return start<VisitorReport>('visitor', { heap: heap.handle, ...task } satisfies VisitorOrders);
  });
  const reports = await meanwhile(workers, () => expect(heap.validate()).toEqual([]));
  const tallies = reports.flatMap((report) => report.tallies);
  expectClean(tallies);
  expect(reports.flatMap((report) => report.slots).every((slot) => [1, 2, 3].includes(slot))).toBe(
    true,
  );
  expect(tallies.reduce((sum, tally) => sum + tally.allocs, 0)).toBe(heap.stats().allocCount);
  expect(heap.stats().slots.map(({ slot }) => slot)).toEqual([heap.slot]);
  expectEmpty(heap);
});

test('counts of threads that have left are kept: live is what came less what went', async () => {
  const seed = seedOf('slots');
  const heap = SharedHeap.create({ size: '32MiB', maxSlots: 8 });
  const mine = Array.from({ length: 100 }, (_, i) => heap.alloc(i * 100 + 1));
  const tasks = [1, 2, 3].map((owner) => {
    const task = { owner, seed, visits: 20, blocks: 50, mostBytes: 100_000 };
    return start<VisitorReport>('visitor', { heap: heap.handle, ...task } satisfies VisitorOrders);
  });
  await Promise.all(tasks);
  const { allocCount, freeCount, liveBlocks, slots } = heap.stats();
  expect(liveBlocks).toBe(100);
  expect(allocCount - freeCount).toBe(100);
  expect(allocCount).toBe(100 + 3 * 20 * 50);
  expect(slots).toHaveLength(1);
  heap.freeMany(mine);
  expectEmpty(heap);
});

test('a thread that finds every slot taken is told so, and gets in when one has left', async () => {
  const heap = SharedHeap.create({ size: '4MiB', maxSlots: 1 });
  const knocks = new Int32Array(new SharedArrayBuffer(4));
  const task = { owner: 0, seed: 1, visits: 1, blocks: 1, mostBytes: 100 };
  const orders = { heap: heap.handle, knocks, ...task };
  const visitor = start<VisitorReport>('visitor', orders satisfies VisitorOrders);
  await comesTrue(() => Atomics.load(knocks, 0) > 0);
  heap.detach();
  const { turnedAway, slots } = await visitor;
  expect(turnedAway).toBeGreaterThan(0);
  expect(slots).toEqual([0]);
  using again = SharedHeap.attach(heap.handle);
  expect(again.slot).toBe(0);
  expect(() => SharedHeap.create({ maxSlots: 0 })).toThrow(HeapError);
});

/** Runs a leaver to its end; what it threw, or null. */
function runLeaver(orders: LeaverOrders): Promise<Error | null> {
  const worker = new Worker(programOf('leaver'), { workerData: orders });
  return new Promise((resolve) => {
    let thrown: Error | null = null;
    worker.on('error', (error: Error) => (thrown = error));
    worker.on('exit', () => resolve(thrown));
  });
}

test.each(['return', 'exit', 'throw'] as const)(
  'a thread that ends without detaching gives its slot and its caches back: by %s',
  async (how) => {
    const heap = SharedHeap.create({ size: '8MiB', maxSlots: 2 });
    const signals = signalWords();
    for (let i = 0; i < 5; i++) {
      const task = { blocks: 100, size: 5000, how, signals };
      const thrown = await runLeaver({ heap: heap.handle, ...task } satisfies LeaverOrders);
      expect(thrown?.message).toBe(how === 'throw' ? 'as ordered' : undefined);
    }
    expect(signals[SIGNAL.STARTED]).toBe(5);
    const { slots, allocCount, freeCount, liveBlocks } = heap.stats();
    expect({ slots: slots.length, allocCount, freeCount, liveBlocks }).toEqual({
      slots: 1,
      allocCount: 500,
      freeCount: 250,
      liveBlocks: 250,
    });
    heap.reclaim();
    expect(heap.validate()).toEqual([]);
  },
);
