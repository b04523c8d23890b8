// A full heap: every kind of request fails as a value, changes nothing, and the last block can be
// had exactly once. Linux injects such failures one by one; here the memory is really used up.

import { describe, expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { HeapStats } from '../../src/heap/stats.ts';
import { MODES } from '../../src/heap/mode.ts';
import { hasStamp, stamp } from '../support/stamp.ts';
import { anotherSeat, layersOf, shapeOf, tinyHeap } from '../support/tiny.ts';

const kinds = MODES.flatMap((mode) => [false, true].map((checked) => ({ mode, checked })));
const LARGEST = 4096;

/** Takes blocks until not one of 16 bytes is left, not even in what is kept back for DMA. */
function fill(heap: SharedHeap): number[] {
  const ptrs: number[] = [];
  for (const options of [{}, { zone: 'dma' }] as const) {
    for (let size = LARGEST; size >= 16;) {
      const result = heap.tryAlloc(size, options);
      if (result.ok) ptrs.push(result.value);
      else size /= 2;
    }
  }
  return ptrs;
}

type Counts = Omit<HeapStats, 'failureCount' | 'oomEvents' | 'failureRate'>;

function countsOf(heap: SharedHeap): Counts {
  const { failureCount: _, oomEvents: _oom, failureRate: _rate, ...rest } = heap.stats();
  return rest;
}

const requests: [what: string, ask: (heap: SharedHeap, live: number) => unknown, no: unknown][] = [
  ['a byte', (heap) => heap.alloc(1), 0],
  ['a block of a slab', (heap) => heap.alloc(200), 0],
  ['a run', (heap) => heap.alloc(1000), 0],
  ['many pages', (heap) => heap.alloc(30_000), 0],
  ['the whole heap', (heap) => heap.alloc(heap.stats().totalBytes), 0],
  ['an aligned block', (heap) => heap.tryAlloc(16, { align: 128 }).ok, false],
  ['an aligned run', (heap) => heap.tryAlloc(16, { align: 2048 }).ok, false],
  ['a zeroed block', (heap) => heap.tryAlloc(64, { zero: true }).ok, false],
  ['a block in DMA', (heap) => heap.tryAlloc(64, { zone: 'dma' }).ok, false],
  ['a block in Normal', (heap) => heap.tryAlloc(64, { zone: 'normal' }).ok, false],
  ['a block in High', (heap) => heap.tryAlloc(3000, { zone: 'high' }).ok, false],
  ['more for a block', (heap, live) => heap.realloc(live, 30_000), 0],
  ['a new block by realloc', (heap) => heap.realloc(0, 64), 0],
  ['a list of blocks', (heap) => heap.allocMany([1, 2, 3], 64), 0],
];

describe.each(kinds)('a full heap ($mode, checked: $checked)', ({ mode, checked }) => {
  const full = () => {
    const { handle } = tinyHeap({ zones: [32, 128, 32], mode, checked });
    const heap = anotherSeat(handle);
    const before = shapeOf(layersOf(heap));
    const ptrs = fill(heap);
    heap.alloc(1); // what lies idle has gone home now
    return { heap, ptrs, before };
  };

  test.each(requests)('refuses %s, and nothing but the failures has changed', (_, ask, no) => {
    const { heap, ptrs } = full();
    const [live = 0] = ptrs;
    stamp(heap.handle.buffer, live, heap.usableSize(live), 5);
    const [counts, shape] = [countsOf(heap), shapeOf(layersOf(heap))];
    const { failureCount, oomEvents } = heap.stats();
    for (let time = 1; time <= 3; time++) {
      expect(ask(heap, live)).toBe(no);
      expect(heap.lastError?.code).toBe('OUT_OF_MEMORY');
      expect(countsOf(heap)).toEqual(counts);
      expect(heap.stats()).toMatchObject({
        failureCount: failureCount + time,
        oomEvents: oomEvents + time,
      });
      expect(shapeOf(layersOf(heap))).toEqual(shape);
    }
    expect(hasStamp(heap.handle.buffer, live, heap.usableSize(live), 5)).toBe(true);
    expect(heap.validate()).toEqual([]);
  });

  test('gives each block that comes back once more, and only once', () => {
    const { heap, ptrs } = full();
    for (const ptr of ptrs.toReversed().slice(0, 20)) {
      const size = heap.usableSize(ptr);
      expect(heap.free(ptr)).toBe(true);
      expect(heap.alloc(size)).toBe(ptr);
      expect(heap.alloc(16)).toBe(0);
    }
    expect(heap.validate()).toEqual([]);
  });

  test('gets all its memory back', () => {
    const { heap, ptrs, before } = full();
    expect(ptrs.length).toBeGreaterThan(10);
    expect(heap.freeMany(ptrs)).toBe(ptrs.length);
    heap.reclaim();
    expect(shapeOf(layersOf(heap))).toEqual(before);
    expect(heap.stats()).toMatchObject({ liveBlocks: 0, allocatedBytes: 0 });
    expect(heap.validate()).toEqual([]);
  });

  test('is not healthy after ten times out of memory, nor above 5 % of failures', () => {
    const { heap, ptrs } = full();
    for (let i = 0; i < 10; i++) heap.alloc(64);
    expect(heap.isHealthy()).toBe(false);
    heap.freeMany(ptrs);
  });
});

describe.each(kinds)('what lies idle ($mode, checked: $checked)', ({ mode, checked }) => {
  test('in magazines and depots is given up before a request is refused', () => {
    const { handle } = tinyHeap({ zones: [0, 128, 0], align: 128, mode, checked });
    const heap = anotherSeat(handle);
    for (const size of [16, 64, 224, 700, 16]) {
      const ptrs: number[] = [];
      for (let ptr = heap.alloc(size); ptr !== 0; ptr = heap.alloc(size)) ptrs.push(ptr);
      expect(ptrs.length * size).toBeGreaterThan(128 * 256 * 0.6);
      expect(heap.freeMany(ptrs)).toBe(ptrs.length);
      const half = heap.alloc(64 * 256);
      expect(half, `after blocks of ${size} bytes`).not.toBe(0);
      expect(heap.free(half)).toBe(true);
    }
    expect(heap.validate()).toEqual([]);
  });
});
