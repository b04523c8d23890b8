// Watermarks: a zone that runs short gets back what lies idle, by the heap's timers, and one that
// does not is left alone.

import { expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;

const freePages = (heap: SharedHeap) => heap.stats().zones[1]!.freePages;

/**
 * A heap with so many free pages; what is in use lies idle: in slabs, magazines, and the depot: it
 * learns that so much comes and goes.
 */
function idle(free: number): SharedHeap {
  const heap = anotherSeat(tinyHeap({ zones: [0, 128, 0] }).handle);
  const ptrs: number[] = [];
  while (freePages(heap) > free) ptrs.push(heap.alloc(SIZE));
  for (let round = 0; round < 3; round++) {
    expect(heap.freeMany(ptrs)).toBe(ptrs.length);
    expect(heap.allocMany(ptrs, SIZE)).toBe(ptrs.length);
  }
  expect(heap.freeMany(ptrs)).toBe(ptrs.length);
  return heap;
}

test('are told for each zone', () => {
  const { handle } = tinyHeap({ zones: [64, 640, 0] });
  const marks = anotherSeat(handle)
    .stats()
    .zones.map(({ watermarks }) => watermarks);
  expect(marks).toEqual([
    { lowPages: 1, highPages: 2 },
    { lowPages: 10, highPages: 20 },
    { lowPages: 0, highPages: 0 },
  ]);
});

test('a zone with less than its low watermark gets idle pages back', () => {
  const heap = idle(1);
  expect(heap.stats().zones[1]).toMatchObject({ watermarks: { lowPages: 2, highPages: 4 } });
  const before = freePages(heap);
  expect(before).toBeLessThan(2);
  heap['rounds']();
  expect(freePages(heap)).toBeGreaterThan(before);
  expect(heap.stats().reclaim.slabPages).toBe(freePages(heap) - before);
  expect(heap.validate()).toEqual([]);
});

test('a zone that has enough is left alone', () => {
  const heap = idle(60);
  const before = freePages(heap);
  heap['rounds']();
  expect(freePages(heap)).toBe(before);
});
