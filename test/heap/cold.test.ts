// Cold blocks: their contents come back, whether they were deflated or not, and what deflating
// brings is what the statistics say.

import { describe, expect, test } from 'vitest';
import type { ColdHandle } from '../../src/heap/cold.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { Dice } from '../support/dice.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

const SIZE = 4000;

function heapOf(pages: number): SharedHeap {
  const heap = anotherSeat(tinyHeap({ zones: [0, pages, 0] }).handle);
  heap.setFailFast(false);
  return heap;
}

/** A block that can be deflated, or one that cannot. */
function filled(heap: SharedHeap, seed: number, soft: boolean): number {
  const ptr = heap.alloc(SIZE);
  if (ptr === 0) return 0;
  const random = new Dice(seed);
  const bytes = heap.view(ptr, Uint8Array, SIZE);
  for (let i = 0; i < SIZE; i++) bytes[i] = soft ? (i >> 4) + seed : random.below(256);
  return ptr;
}

function isFilled(heap: SharedHeap, ptr: number, seed: number, soft: boolean): boolean {
  const random = new Dice(seed);
  const bytes = heap.view(ptr, Uint8Array, SIZE);
  return bytes.every((byte, i) => byte === (soft ? ((i >> 4) + seed) & 255 : random.below(256)));
}

/** Cold blocks, as many as go in and then so many more. */
function beyondFull(heap: SharedHeap, more: number): ColdHandle[] {
  const handles: ColdHandle[] = [];
  for (let left = more; left > 0;) {
    const deflated = heap.stats().reclaim.deflatedBytes;
    const ptr = filled(heap, handles.length, true);
    if (ptr === 0) throw new Error(`no block after ${handles.length}`);
    handles.push(heap.cold(ptr) as ColdHandle);
    if (heap.stats().reclaim.deflatedBytes > deflated) left--;
  }
  return handles;
}

describe('a cold block', () => {
  test('that nobody needs the memory of comes back as it is, once', () => {
    const heap = heapOf(64);
    const ptr = filled(heap, 1, true);
    const handle = heap.cold(ptr) as ColdHandle;
    expect(handle.bytes).toBe(heap.usableSize(ptr));
    expect(heap.touch(handle)).toBe(ptr);
    expect(isFilled(heap, ptr, 1, true)).toBe(true);
    expect(() => heap.touch(handle)).toThrow(/touched/);
    expect(heap.cold(0)).toBe(null);
    expect(heap.cold(ptr + 16)).toBe(null);
  });

  test('makes room, and comes back as it was when there is room for it', () => {
    const heap = heapOf(128);
    const handles = beyondFull(heap, 3);
    const { reclaim } = heap.stats();
    expect(reclaim.deflatedBytes).toBeGreaterThanOrEqual(3 * SIZE);
    expect(reclaim.packedBytes).toBeLessThan(reclaim.deflatedBytes / 4);
    expect(reclaim.shrunkBytes).toBeGreaterThan(0);
    handles.forEach((handle, i) => {
      const ptr = heap.touch(handle);
      expect(isFilled(heap, ptr, i, true)).toBe(true);
      expect(heap.free(ptr)).toBe(true);
    });
    expect(heap.stats().liveBlocks).toBe(0);
    expect(heap.validate()).toEqual([]);
  });

  test('whose contents do not shrink stays as it is, and is tried once', () => {
    const heap = heapOf(64);
    const handles: [ColdHandle, number][] = [];
    for (let ptr = filled(heap, 0, false); ptr !== 0; ptr = filled(heap, handles.length, false)) {
      handles.push([heap.cold(ptr) as ColdHandle, ptr]);
    }
    expect(heap.stats().reclaim).toMatchObject({ deflatedBytes: 0, shrunkBytes: 0 });
    handles.forEach(([handle, ptr], i) => {
      expect(heap.touch(handle)).toBe(ptr);
      expect(isFilled(heap, ptr, i, false)).toBe(true);
    });
  });

  test('stays cold while there is no memory for it, and its handle stays good', () => {
    const heap = heapOf(64);
    const [handle] = beyondFull(heap, 1) as [ColdHandle];
    const hoard: number[] = [];
    for (let ptr = heap.alloc(SIZE); ptr !== 0; ptr = heap.alloc(SIZE)) hoard.push(ptr);
    for (let ptr = heap.alloc(16); ptr !== 0; ptr = heap.alloc(16)) hoard.push(ptr);
    expect(heap.touch(handle)).toBe(0);
    heap.freeMany(hoard);
    expect(isFilled(heap, heap.touch(handle), 0, true)).toBe(true);
  });

  test('is freed when its thread leaves', () => {
    const { handle } = tinyHeap({ zones: [0, 128, 0] });
    const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
    heap.setFailFast(false);
    beyondFull(heap, 2);
    heap.detach();
    expect(other.stats().liveBlocks).toBe(0);
    expect(other.validate()).toEqual([]);
  });
});
