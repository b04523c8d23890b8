// Modes, switched at run time: which tier serves, and that blocks of all tiers live side by side.

import { describe, expect, test } from 'vitest';
import { HeapError } from '../../src/word/errors.ts';
import { HEADER } from '../../src/word/layout.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES, type Mode } from '../../src/heap/mode.ts';
import { hasStamp, stamp } from '../support/stamp.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

function useOf(heap: SharedHeap, ptr: number): string {
  const extent = heap.extents().find((it) => ptr >= it.ptr && ptr < it.ptr + it.bytes);
  return extent?.use ?? 'nothing';
}

describe('a mode', () => {
  test.each(MODES)('%s is what the heap was made with, and what stats say', (mode) => {
    const heap = anotherSeat(tinyHeap({ mode }).handle);
    expect([heap.mode, heap.stats().mode]).toEqual([mode, mode]);
  });

  test('governs every seat at once, from the next alloc on', () => {
    const { handle } = tinyHeap();
    const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
    expect(useOf(ann, bob.alloc(64))).toBe('slab');
    ann.setMode('simple-heap');
    expect([bob.mode, useOf(ann, bob.alloc(64)), useOf(ann, bob.alloc(1000))]).toEqual([
      'simple-heap',
      'simple',
      'simple',
    ]);
    bob.setMode('two-tier');
    expect([useOf(bob, ann.alloc(64)), useOf(bob, ann.alloc(1000))]).toEqual(['slab', 'slab']);
  });

  test.each(['fast', '', 'TWO-TIER', 0, null, undefined])('is not %j', (mode) => {
    const heap = anotherSeat(tinyHeap().handle);
    expect(() => heap.setMode(mode as Mode)).toThrow(HeapError);
    expect(heap.mode).toBe('two-tier');
  });

  test('that the buffer does not name is two-tier', () => {
    const heap = anotherSeat(tinyHeap({ mode: 'hybrid' }).handle);
    layersOf(heap).memory.set(HEADER.MODE, 77);
    expect(heap.mode).toBe('two-tier');
  });
});

describe('hybrid', () => {
  test('is two-tier while there is memory, then what is free between other blocks', () => {
    const { handle } = tinyHeap({ zones: [0, 128, 0], mode: 'hybrid' });
    const heap = anotherSeat(handle);
    heap.setMode('simple-heap');
    const arena = heap.alloc(64);
    heap.setMode('hybrid');
    const blocks: number[] = [];
    for (let ptr = heap.alloc(1000); ptr !== 0; ptr = heap.alloc(1000)) blocks.push(ptr);
    const uses = blocks.map((ptr) => useOf(heap, ptr));
    expect(uses).toEqual(uses.toSorted().reverse());
    expect(new Set(uses)).toEqual(new Set(['slab', 'simple']));
    expect(useOf(heap, blocks.at(-1) ?? 0)).toBe('simple');
    expect(heap.freeMany([arena, ...blocks])).toBe(blocks.length + 1);
    heap.reclaim();
    expect(heap.stats()).toMatchObject({ freePages: 128, liveBlocks: 0 });
  });

  test('counts a request once, whichever tier serves it', () => {
    const heap = anotherSeat(tinyHeap({ zones: [0, 64, 0], mode: 'hybrid' }).handle);
    let count = 0;
    while (heap.alloc(500) !== 0) count++;
    expect(heap.stats()).toMatchObject({ allocCount: count, failureCount: 1, oomEvents: 1 });
  });
});

test('blocks of all modes keep their bytes through every switch, and go home from any mode', () => {
  const { handle } = tinyHeap({ zones: [0, 400, 0] });
  const heap = anotherSeat(handle);
  const blocks: { ptr: number; bytes: number; mode: Mode }[] = [];
  for (const mode of [...MODES, ...MODES.toReversed()]) {
    heap.setMode(mode);
    for (const size of [16, 64, 300, 1000, 3000, 6000]) {
      const ptr = heap.alloc(size);
      const bytes = heap.usableSize(ptr);
      expect(bytes).toBeGreaterThanOrEqual(size);
      stamp(handle.buffer, ptr, bytes, blocks.length);
      blocks.push({ ptr, bytes, mode });
    }
    expect(heap.validate()).toEqual([]);
  }
  blocks.forEach(({ ptr, bytes }, i) => {
    heap.setMode(MODES[i % 3] as Mode);
    expect(hasStamp(handle.buffer, ptr, bytes, i)).toBe(true);
    expect([heap.usableSize(ptr), heap.free(ptr), heap.free(ptr)]).toEqual([bytes, true, false]);
  });
  heap.reclaim();
  expect(heap.stats()).toMatchObject({ freePages: 400, liveBlocks: 0, allocatedBytes: 0 });
  expect(heap.validate()).toEqual([]);
});

test('realloc takes a block from the tier it came from to the one that is on', () => {
  const heap = anotherSeat(tinyHeap().handle);
  for (const [from, to, use] of [
    ['simple-heap', 'two-tier', 'slab'],
    ['two-tier', 'simple-heap', 'simple'],
  ] as const) {
    heap.setMode(from);
    const [ptr, behind] = [heap.alloc(64), heap.alloc(64)];
    heap.setMode(to);
    const moved = heap.realloc(ptr, 2000);
    expect(useOf(heap, moved)).toBe(use);
    expect(heap.freeMany([moved, behind])).toBe(2);
  }
  heap.reclaim();
  expect(heap.stats().freePages).toBe(256);
});
