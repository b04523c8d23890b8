// realloc: the bytes stay, the block stays where it can, and nothing is lost when it cannot.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import { assertProperty } from '../support/random.ts';
import { hasStamp, stamp } from '../support/stamp.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

const PAGE = 4096;

function heapIn(mode: (typeof MODES)[number]): SharedHeap {
  return SharedHeap.create({ size: '16MiB', mode });
}

/** A heap whose pages are one free block of the buddy system: what follows a run is free. */
function oneBlock(): SharedHeap {
  const pages = 2048;
  return anotherSeat(tinyHeap({ zones: [0, pages, 0], align: pages, pageShift: 12 }).handle);
}

describe.each(MODES)('realloc in mode %s', (mode) => {
  test('from 1 byte to 4096 and back keeps the bytes at every step', () => {
    const heap = heapIn(mode);
    const { buffer } = heap.handle;
    const sizes = [...Array.from({ length: 4096 }, (_, i) => i + 1)];
    let ptr = heap.alloc(1);
    heap.u8[ptr] = 1;
    for (const size of sizes) {
      ptr = heap.realloc(ptr, size);
      stamp(buffer, ptr, size, 1);
      if (size > 1 && !hasStamp(buffer, ptr, size, 1)) expect.fail(`${size}`);
    }
    for (const size of sizes.toReversed()) {
      ptr = heap.realloc(ptr, size);
      if (ptr === 0 || !hasStamp(buffer, ptr, size, 1)) expect.fail(`${size}`);
    }
    expect(heap.free(ptr)).toBe(true);
    heap.reclaim();
    expect(heap.stats()).toMatchObject({ freePages: heap.stats().pages, liveBlocks: 0 });
    heap.detach();
  });

  test('of null is alloc, of anything to the size it has is the block itself', () => {
    const heap = heapIn(mode);
    const ptr = heap.realloc(0, 100);
    expect(heap.usableSize(ptr)).toBeGreaterThanOrEqual(100);
    for (const size of [16, 100, 5000, 20_000, 100_000, 1_000_000]) {
      const block = heap.alloc(size);
      expect(heap.realloc(block, size), `${size}`).toBe(block);
      expect(heap.realloc(block, heap.usableSize(block)), `${size}, to its end`).toBe(block);
    }
    heap.detach();
  });

  test('counts an alloc and a free when it moves, and nothing when it stays', () => {
    const heap = heapIn(mode);
    const ptr = heap.alloc(100);
    heap.alloc(100);
    expect(heap.realloc(ptr, 100)).toBe(ptr);
    expect(heap.stats()).toMatchObject({ allocCount: 2, freeCount: 0 });
    expect(heap.realloc(ptr, 10_000)).not.toBe(ptr);
    expect(heap.stats()).toMatchObject({ allocCount: 3, freeCount: 1, liveBlocks: 2 });
    expect(heap.free(ptr), 'the old block is free').toBe(false);
    heap.detach();
  });

  test('that fails leaves the block, its bytes and all counts but the failures', () => {
    const { handle } = tinyHeap({ mode });
    const heap = anotherSeat(handle);
    const [ptr] = [heap.alloc(6000), heap.alloc(64)];
    stamp(handle.buffer, ptr, heap.usableSize(ptr), 9);
    heap.reclaim();
    const { failureCount, oomEvents, failureRate: _, ...before } = heap.stats();
    expect(heap.realloc(ptr, 65_500)).toBe(0);
    expect(heap.lastError).toMatchObject({ code: 'OUT_OF_MEMORY', requested: 65_500 });
    expect(heap.stats()).toMatchObject({ ...before, failureCount: failureCount + 1 });
    expect(heap.stats().oomEvents).toBe(oomEvents + 1);
    expect(hasStamp(handle.buffer, ptr, heap.usableSize(ptr), 9)).toBe(true);
    expect(heap.validate()).toEqual([]);
  });
});

describe('a block of pages', () => {
  test('grows where it stands when the pages behind it are free', () => {
    const heap = oneBlock();
    const ptr = heap.alloc(20 * PAGE);
    for (const pages of [21, 40, 500, 1000]) {
      expect(heap.realloc(ptr, pages * PAGE)).toBe(ptr);
      expect(heap.usableSize(ptr)).toBe(pages * PAGE);
      expect(heap.stats()).toMatchObject({ allocatedBytes: pages * PAGE, liveBlocks: 1 });
    }
    expect(heap.validate()).toEqual([]);
    heap.detach();
  });

  test('moves when they are not, and its old pages are free again', () => {
    const heap = oneBlock();
    const [ptr, behind] = [heap.alloc(32 * PAGE), heap.alloc(32 * PAGE)];
    expect(behind).toBe(ptr + 32 * PAGE);
    const moved = heap.realloc(ptr, 33 * PAGE);
    expect(moved).not.toBe(ptr);
    expect(heap.usableSize(ptr)).toBe(0);
    expect(heap.alloc(32 * PAGE)).toBe(ptr);
    heap.detach();
  });

  test('is cut where it stands, unless more than half of it would go', () => {
    const heap = oneBlock();
    const ptr = heap.alloc(100 * PAGE);
    expect(heap.realloc(ptr, 51 * PAGE)).toBe(ptr);
    expect(heap.usableSize(ptr)).toBe(51 * PAGE);
    expect(heap.realloc(ptr, 2 * PAGE)).not.toBe(ptr);
    heap.reclaim();
    expect(heap.stats().allocatedBytes).toBe(2 * PAGE);
    heap.detach();
  });

  test('beyond the classes grows and shrinks where it stands, a page at a time', () => {
    const heap = oneBlock();
    heap.alloc(3 * PAGE);
    const before = heap.stats().freePages;
    const ptr = heap.alloc(17 * PAGE);
    for (const pages of [18, 19, 30, 31, 60, 59, 31, 17]) {
      expect(heap.realloc(ptr, pages * PAGE), `${pages} pages`).toBe(ptr);
      expect(heap.usableSize(ptr)).toBeGreaterThanOrEqual(pages * PAGE);
      expect(heap.stats()).toMatchObject({
        liveBlocks: 2,
        allocatedBytes: 3 * PAGE + heap.usableSize(ptr),
        freePages: before - heap.usableSize(ptr) / PAGE,
      });
      expect(heap.validate()).toEqual([]);
    }
    expect(heap.free(ptr)).toBe(true);
    expect(heap.stats()).toMatchObject({ freePages: before, liveBlocks: 1 });
    heap.detach();
  });

  test('does not grow over the end of its zone, though what follows is free', () => {
    const heap = SharedHeap.create({ size: '32MiB', zones: { dmaEnd: '8MiB' } });
    const result = heap.tryAlloc(64 * PAGE, { zone: 'dma', align: 64 * PAGE });
    const ptr = result.ok ? result.value : 0;
    const toTheEnd = 8 * 2 ** 20 - ptr;
    expect(heap.realloc(ptr, toTheEnd)).toBe(ptr);
    const moved = heap.realloc(ptr, toTheEnd + 1);
    expect(moved).not.toBe(ptr);
    expect(heap.validate()).toEqual([]);
    expect(heap.free(moved === 0 ? ptr : moved)).toBe(true);
    heap.reclaim();
    expect(heap.stats().freePages).toBe(heap.stats().pages);
    heap.detach();
  });
});

test('whatever sizes a block goes through, its first bytes are those it always had', () => {
  const sizes = fc.oneof(
    fc.integer({ min: 1, max: 600 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.integer({ min: 1, max: 20_000 }),
  );
  const step = fc.record({ size: sizes, which: fc.nat(3), mode: fc.constantFrom(...MODES) });
  assertProperty(
    60,
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { handle } = tinyHeap({ zones: [0, 600, 0] });
      const heap = anotherSeat(handle);
      const blocks = [1, 2, 3, 4].map((seed) => ({ ptr: heap.alloc(64), kept: 64, seed }));
      for (const { ptr, kept, seed } of blocks) stamp(handle.buffer, ptr, kept, seed);
      for (const { size, which, mode } of steps) {
        heap.setMode(mode);
        const block = blocks[which] as (typeof blocks)[number];
        const ptr = heap.realloc(block.ptr, size);
        if (ptr === 0) continue;
        block.ptr = ptr;
        block.kept = Math.min(block.kept, size);
        for (const it of blocks)
          expect(hasStamp(handle.buffer, it.ptr, it.kept, it.seed)).toBe(true);
        stamp(handle.buffer, ptr, heap.usableSize(ptr), block.seed);
        block.kept = heap.usableSize(ptr);
      }
      expect(heap.validate()).toEqual([]);
    }),
  );
});
