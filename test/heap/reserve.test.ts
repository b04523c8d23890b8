// Reserves: blocks taken in advance. What is left of one goes back, however its thread ends; and as
// long as some are left, there is nothing that can make its alloc fail.

import { describe, expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { fill } from '../support/fill.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';
import type { Reserve } from '../../src/heap/reserve.ts';

const PAGES = 40;
const heapOf = (options = {}): SharedHeap =>
  anotherSeat(tinyHeap({ zones: [0, PAGES, 0], ...options }).handle);

function reserveOf(heap: SharedHeap, count: number, size: number): Reserve {
  const reserve = heap.reserve(count, size);
  if (!reserve.ok) throw new Error(reserve.error.message);
  return reserve.value;
}

function expectEmpty(heap: SharedHeap): void {
  heap.reclaim();
  expect(heap.stats()).toMatchObject({ liveBlocks: 0, freePages: PAGES });
  expect(heap.validate()).toEqual([]);
  expectNoArrayLost(layersOf(heap));
}

describe.each([1, 12, 13, 40])('a reserve of %i blocks', (count) => {
  test('serves so many when there is nothing else left', () => {
    const heap = heapOf();
    using reserve = reserveOf(heap, count, 100);
    const others = fill(heap);
    expect(heap.alloc(16)).toBe(0);
    const taken = Array.from({ length: count }, (_, i) => {
      expect(reserve.left).toBe(count - i);
      return reserve.alloc();
    });
    expect(new Set([...taken, ...others, 0]).size).toBe(taken.length + others.length + 1);
    expect([reserve.alloc(), reserve.left]).toEqual([0, 0]);
    for (const ptr of taken) expect(heap.usableSize(ptr)).toBeGreaterThanOrEqual(100);
    expect(heap.freeMany([...taken, ...others])).toBe(taken.length + others.length);
    reserve[Symbol.dispose]();
    expectEmpty(heap);
  });

  test('gives back what is left, and leaves alone what was taken', () => {
    const heap = heapOf();
    const reserve = reserveOf(heap, count, 100);
    const ptr = reserve.alloc();
    reserve[Symbol.dispose]();
    expect([reserve.left, reserve.alloc(), heap.stats().liveBlocks]).toEqual([0, 0, 1]);
    expect(heap.free(ptr)).toBe(true);
    expectEmpty(heap);
  });
});

test('a reserve is filled up again, or keeps what it had', () => {
  const heap = heapOf();
  using reserve = reserveOf(heap, 5, 64);
  const taken = [reserve.alloc(), reserve.alloc()];
  expect([reserve.refill(), reserve.left]).toEqual([null, 5]);
  taken.push(reserve.alloc(), reserve.alloc());
  const others = fill(heap);
  expect([reserve.refill()?.code, reserve.left]).toEqual(['OUT_OF_MEMORY', 3]);
  taken.push(reserve.alloc());
  heap.freeMany([...taken, ...others]);
  expect([reserve.refill(), reserve.left]).toEqual([null, 5]);
  reserve[Symbol.dispose]();
  expectEmpty(heap);
});

test('what cannot be reserved whole is not reserved at all', () => {
  const heap = heapOf();
  const why = (count: number, size: number) => {
    const got = heap.reserve(count, size);
    return got.ok ? 'ok' : got.error.code;
  };
  expect([why(1000, 100), why(2, 0)]).toEqual(['OUT_OF_MEMORY', 'INVALID_SIZE']);
  for (const count of [0, -1, 1.5, NaN, Infinity]) {
    expect(() => heap.reserve(count, 64)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  }
  expectEmpty(heap);
  const reserves = [1, 2, 3, 4].map(() => reserveOf(heap, 1, 64));
  expect(why(1, 64)).toBe('JOURNAL_FULL');
  for (const reserve of reserves) reserve[Symbol.dispose]();
  expectEmpty(heap);
});

test('a thread that leaves takes nothing of its reserve with it', () => {
  const heap = heapOf();
  const reserve = reserveOf(heap, 20, 64);
  const other = anotherSeat(heap.handle);
  const ptr = reserve.alloc();
  heap.detach();
  expect([reserve.left, reserve.alloc()]).toEqual([0, 0]);
  expect(other.free(ptr)).toBe(true);
  expectEmpty(other);
});
