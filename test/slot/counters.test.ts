// Counters: they count past 2^31 and 2^32, and what a seat has counted outlives it.

import { expect, test } from 'vitest';
import { Counters } from '../../src/slot/counters.ts';
import { SLOT } from '../../src/word/layout.ts';
import { COUNTER } from '../../src/word/records.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const { FAILURES, OOMS } = COUNTER;

/** Sets a seat's counts of operations to what so many operations would have left there. */
function pretend(heap: SharedHeap, operations: number): void {
  const { memory, layout, seat } = layersOf(heap);
  const slot = layout.slots + seat.slot * SLOT.WORDS;
  const double = seat.slot * COUNTER.WORDS;
  for (const [word, counter] of [
    [SLOT.ALLOCS, COUNTER.ALLOCS],
    [SLOT.FREES, COUNTER.FREES],
  ] as const) {
    memory.set(slot + word, operations | 0);
    memory.setCount(double + counter, Math.floor(operations / 2 ** 32) * 2 ** 32);
  }
}

test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 5 * 2 ** 32 - 1, 2 ** 52])(
  'allocs and frees are counted exactly across %d',
  (operations) => {
    const heap = anotherSeat(tinyHeap().handle);
    pretend(heap, operations);
    expect(heap.stats()).toMatchObject({ allocCount: operations, freeCount: operations });
    for (let i = 0; i < 3; i++) heap.free(heap.alloc(64));
    const { allocCount, freeCount, slots } = heap.stats();
    expect([allocCount, freeCount]).toEqual([operations + 3, operations + 3]);
    expect(slots[0]).toMatchObject({ allocCount, freeCount });
  },
);

test('what a seat counted is part of the totals after it has left, also beyond 2^32', () => {
  const { handle } = tinyHeap();
  const [staying, leaving] = [anotherSeat(handle), anotherSeat(handle)];
  pretend(leaving, 2 ** 33 + 7);
  leaving.alloc(0);
  leaving.free(0);
  const before = staying.stats();
  leaving.detach();
  const { slots: slotsAfter, ...after } = staying.stats();
  const { slots: slotsBefore, ...rest } = before;
  expect(after).toEqual(rest);
  expect([slotsBefore.length, slotsAfter.length]).toEqual([2, 1]);
  const next = anotherSeat(handle);
  next.free(next.alloc(64));
  expect(next.stats().slots[1], 'the next on that seat counts on').toMatchObject({
    allocCount: 2 ** 33 + 8,
    freeCount: 2 ** 33 + 8,
  });
});

test('the rare counts are doubles, exact beyond 2^32', () => {
  const heap = anotherSeat(tinyHeap().handle);
  const { memory } = layersOf(heap);
  memory.setCount(FAILURES, 2 ** 40);
  memory.setCount(OOMS, 2 ** 31 - 1);
  heap.alloc(64);
  heap.alloc(64 * 2 ** 10);
  expect(heap.stats()).toMatchObject({ failureCount: 2 ** 40 + 1, oomEvents: 2 ** 31 });
});

test('a seat counts for itself alone', () => {
  const { handle } = tinyHeap();
  const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
  bob.free(ann.alloc(64));
  bob.free(0);
  const { memory, layout } = layersOf(ann);
  const of = [0, 1].map((slot) => new Counters(memory, layout, slot));
  expect(of.map((counters) => counters.get(COUNTER.ALLOCS))).toEqual([1, 0]);
  expect(of.map((counters) => counters.get(COUNTER.FREES))).toEqual([0, 1]);
  expect(of.map((counters) => counters.get(COUNTER.INVALID_FREES))).toEqual([0, 1]);
});
