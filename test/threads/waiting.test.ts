// Real threads that wait for memory: in the order in which they came, without losing anybody when
// one of them dies, and until everybody has had what there was for all in turn.

import { expect, test } from 'vitest';
import { SLOT } from '../../src/word/layout.ts';
import { ASLEEP } from '../../src/slot/waitlist.ts';
import { SharedHeap } from '../../src/index.ts';
import type { WaiterOrders, WaiterReport } from '../../workers/waiter.ts';
import { comesTrue } from '../support/threads/doomed.ts';
import { launch } from '../support/threads/launch.ts';
import { expectClean, expectEmpty, start } from '../support/threads/start.ts';
import { layersOf } from '../support/tiny.ts';

const SIZE = 100_000;

/** A heap of which the main thread has all blocks but so many. */
function scarce(left: number): { heap: SharedHeap; ptrs: number[] } {
  const heap = SharedHeap.create({ size: '4MiB' });
  const ptrs: number[] = [];
  for (let ptr = heap.alloc(SIZE); ptr !== 0; ptr = heap.alloc(SIZE)) ptrs.push(ptr);
  for (let i = 0; i < left; i++) heap.free(ptrs.pop() as number);
  heap.reclaim();
  return { heap, ptrs };
}

/** It has tried, since it stands in line, and sleeps: before that it is a newcomer. */
function inLine(heap: SharedHeap, slot: number): Promise<void> {
  const { memory, layout } = layersOf(heap);
  const record = layout.slots + slot * SLOT.WORDS;
  const stands = () => memory.load(record + SLOT.TICKET) !== 0;
  return comesTrue(() => stands() && memory.load(record + SLOT.WAKE) === ASLEEP);
}

function orders(heap: SharedHeap, owner: number, served: WaiterOrders['served']): WaiterOrders {
  return { heap: heap.handle, owner, size: SIZE, rounds: 1, holds: 1, served };
}

const counter = () => new Int32Array(new SharedArrayBuffer(4));

test('threads get memory in the order in which they came', async () => {
  const { heap, ptrs } = scarce(0);
  const served = counter();
  const reports: Promise<WaiterReport>[] = [];
  for (let owner = 0; owner < 3; owner++) {
    reports.push(start<WaiterReport>('waiter', orders(heap, owner, served)));
    await inLine(heap, owner + 1);
  }
  expect(heap.free(ptrs.pop() as number)).toBe(true);
  const done = await Promise.all(reports);
  expectClean(done);
  expect(done.map(({ order }) => order)).toEqual([[1], [2], [3]]);
  expect(heap.stats().reclaim).toMatchObject({ waits: 3, served: 3 });
  heap.freeMany(ptrs);
  expectEmpty(heap);
});

test('a thread that dies in line, first in it, keeps nobody waiting', async () => {
  const { heap, ptrs } = scarce(0);
  const served = counter();
  const first = launch<WaiterReport>('waiter', orders(heap, 0, served));
  first.first.catch(() => undefined);
  await inLine(heap, 1);
  const second = start<WaiterReport>('waiter', orders(heap, 1, served));
  await inLine(heap, 2);
  await first.kill();
  expect(heap.free(ptrs.pop() as number)).toBe(true);
  const report = await second;
  expectClean([report]);
  expect(report.order).toEqual([1]);
  heap.freeMany(ptrs);
  await comesTrue(() => heap.stats().recoveries.count === 1);
  expectEmpty(heap);
});

test('threads that want more than there is at once all get it in turn', async () => {
  const { heap, ptrs } = scarce(5);
  const served = counter();
  const more = { rounds: 100, holds: 2 };
  const reports = [0, 1, 2, 3].map((owner) =>
    start<WaiterReport>('waiter', { ...orders(heap, owner, served), ...more }),
  );
  const done = await Promise.all(reports);
  expectClean(done);
  const all = done.flatMap(({ order }) => order).sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 4 * 2 * 100 }, (_, i) => i + 1));
  heap.freeMany(ptrs);
  expectEmpty(heap);
});
