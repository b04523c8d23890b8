// Undoing needs no memory: in a heap that has no page, no block and no array left, a transaction is
// rolled back or committed and a dead thread's seat is recovered, as in any other.

import { expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;

/** Everything that can be had, by a seat that has neither magazines nor journals to spare after. */
function fill(heap: SharedHeap): number[] {
  const ptrs: number[] = [];
  for (let size = 4096; size >= 16;) {
    const ptr = heap.alloc(size);
    if (ptr === 0) size /= 2;
    else ptrs.push(ptr);
  }
  return ptrs;
}

interface Full {
  readonly heap: SharedHeap;
  readonly other: SharedHeap;
  readonly old: number;
  readonly ptrs: number[];
}

/** A transaction with steps of every kind is open, and the other seat has all the rest. */
function full(): Full & { tx: ReturnType<SharedHeap['beginTransaction']> } {
  const { handle } = tinyHeap({ zones: [0, 64, 0], magazines: 2 });
  const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
  const old = heap.alloc(SIZE);
  heap.u8.fill(7, old, old + SIZE);
  const doomed = heap.alloc(3 * SIZE);
  const tx = heap.beginTransaction();
  const made = [tx.alloc(SIZE), tx.alloc(3000), tx.alloc(300), tx.realloc(doomed, 5 * SIZE)];
  expect(made.filter((ptr) => ptr === 0)).toEqual([]);
  expect(tx.protect(old, SIZE)).toBe(true);
  heap.u8.fill(9, old, old + SIZE);
  const ptrs = fill(other);
  expect(heap.alloc(1)).toBe(0);
  expect(heap.stats().freePages).toBe(0);
  return { heap, other, old, ptrs, tx };
}

/** What was left is given back, and then nothing is. */
function expectNothingLost({ heap, other, old, ptrs }: Full, live: number): void {
  expect(heap.validate()).toEqual([]);
  expect(heap.stats().liveBlocks).toBe(live + ptrs.length);
  heap.free(old);
  heap.freeMany(ptrs);
  expect(other.validate()).toEqual([]);
  heap.reclaim();
  expect(heap.stats().liveBlocks).toBe(live - 1);
}

test('a transaction is rolled back in a heap that has nothing left', () => {
  const { tx, ...all } = full();
  tx.rollback();
  const { heap, old } = all;
  expect([...heap.u8.subarray(old, old + SIZE)].every((byte) => byte === 7)).toBe(true);
  expectNothingLost(all, 2); // `old`, and the block that was to be freed
});

test('a transaction is committed in a heap that has nothing left', () => {
  const { tx, ...all } = full();
  expect(tx.commit().ok).toBe(true);
  const { heap, old } = all;
  expect([...heap.u8.subarray(old, old + SIZE)].every((byte) => byte === 9)).toBe(true);
  expectNothingLost(all, 5); // `old`, and four new ones
});

test('a dead thread is recovered in a heap that has nothing left', () => {
  const { tx: _, ...all } = full();
  const { heap, other, old } = all;
  layersOf(other).table.declare(heap.slot);
  expect(other.recover()).toHaveLength(1);
  expect([...other.u8.subarray(old, old + SIZE)].every((byte) => byte === 7)).toBe(true);
  expectNothingLost({ ...all, heap: other }, 2);
});
