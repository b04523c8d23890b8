// Addresses beyond 2 GiB and 4 GiB, where they leave int32 and then 32 bits altogether. The buffers
// are large and untouched, so they cost address space and no memory.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/heap/heap.ts';
import { hasStamp, stamp } from '../support/stamp.ts';

const GIB = 2 ** 30;
const SIZES = [1, 16, 64, 100, 1000, 4096, 5000, 8192, 20_000, 65_536, 300_000];

/** Takes the memory below an address away, so that what comes next lies above it. */
function skipTo(heap: SharedHeap, address: number): void {
  for (const zone of ['high', 'normal', 'dma'] as const) {
    for (let bytes = 8 * GIB; bytes >= 4 * 2 ** 20;) {
      const result = heap.tryAlloc(bytes, { zone });
      if (result.ok && result.value < address && result.value + bytes <= address) continue;
      if (result.ok) heap.free(result.value);
      bytes /= 2;
    }
  }
}

function highBlock(heap: SharedHeap, size: number, align = 16): number {
  const result = heap.tryAlloc(size, { zone: 'high', align });
  return result.ok ? result.value : 0;
}

describe.each([6, 16])('a heap of %d GiB', (gib) => {
  let heap: SharedHeap;
  let residentBefore: number;

  beforeAll(() => {
    residentBefore = process.memoryUsage.rss();
    heap = SharedHeap.create({ size: `${gib}GiB`, maxSlots: 4 });
  });

  afterAll(() => heap.detach());

  test('has all of it in its zones, High from 2 GiB on', () => {
    const { zones, totalBytes, metadataBytes, pages } = heap.stats();
    const first = 4096;
    const guard = 4096;
    expect(first + totalBytes + guard + metadataBytes).toBe(gib * GIB);
    expect(zones.map((zone) => zone.endPtr)).toEqual([2 ** 24, 2 * GIB, first + totalBytes]);
    expect(zones.reduce((sum, zone) => sum + zone.pages, 0)).toBe(pages);
  });

  test.each([0, 2, 4, gib * 0.9])('gives sound blocks beyond %d GiB', (beyond) => {
    const before = heap.extents();
    skipTo(heap, Math.max(beyond, 2) * GIB);
    const { buffer } = heap.handle;
    const blocks = SIZES.flatMap((size) => [highBlock(heap, size), highBlock(heap, size, 256)]);
    expect(blocks.every((ptr) => ptr >= 2 * GIB && ptr < gib * GIB)).toBe(true);
    if (beyond > 2) expect(Math.min(...blocks)).toBeGreaterThanOrEqual(beyond * GIB);
    blocks.forEach((ptr, i) => stamp(buffer, ptr, heap.usableSize(ptr), i));
    blocks.forEach((ptr, i) => {
      expect(heap.usableSize(ptr)).toBeGreaterThanOrEqual(SIZES[i >> 1] ?? 0);
      expect(hasStamp(buffer, ptr, heap.usableSize(ptr), i)).toBe(true);
      expect(heap.view(ptr, Uint8Array, 1).byteOffset).toBe(ptr);
    });
    for (const ptr of blocks) expect([heap.free(ptr), heap.free(ptr)]).toEqual([true, false]);
    freeAll(heap);
    expect(heap.extents()).toEqual(before);
  });

  test('reallocates beyond 4 GiB, in place and not, and keeps the bytes', () => {
    skipTo(heap, Math.min(gib - 1, 5) * GIB);
    const { buffer } = heap.handle;
    let ptr = highBlock(heap, 100);
    stamp(buffer, ptr, 100, 1);
    for (const size of [200, 3000, 20_000, 90_000, 300_000, 250_000, 10_000, 100]) {
      ptr = heap.realloc(ptr, size);
      expect(hasStamp(buffer, ptr, 100, 1)).toBe(true);
      expect(heap.usableSize(ptr)).toBeGreaterThanOrEqual(size);
    }
    heap.free(ptr);
    freeAll(heap);
  });

  test('tells a pointer from one that is 2^31, 2^32 or 2^33 away', () => {
    const ptr = highBlock(heap, 64);
    for (const away of [2 ** 31, 2 ** 32, 2 ** 33, 2 ** 34, 2 ** 35]) {
      for (const other of [ptr + away, ptr - away]) {
        expect([heap.free(other), heap.usableSize(other)]).toEqual([false, 0]);
      }
    }
    expect(heap.usableSize(ptr)).toBe(64);
    expect([heap.free(ptr), heap.free(ptr)]).toEqual([true, false]);
    expect(heap.lastError?.code).toBe('DOUBLE_FREE');
    freeAll(heap);
  });

  test('gives one block of a quarter of it, and counts it', () => {
    const bytes = Math.floor(gib / 4) * GIB;
    const ptr = highBlock(heap, bytes - 4095);
    expect(heap.usableSize(ptr)).toBe(bytes);
    expect(heap.stats()).toMatchObject({ allocatedBytes: bytes, liveBlocks: 1 });
    expect(heap.stats().peakBytes).toBeGreaterThanOrEqual(bytes);
    expect(heap.realloc(ptr, bytes * 0.75)).toBe(ptr);
    expect(heap.stats().allocatedBytes).toBe(bytes * 0.75);
    expect(heap.view(ptr, Uint8Array, GIB / 2)).toHaveLength(GIB / 2);
    expect([heap.free(ptr), heap.free(ptr)]).toEqual([true, false]);
    freeAll(heap);
  });

  test('serves ordinary requests from High when Normal is used up', () => {
    for (let bytes = 2 * GIB; bytes >= 16_384;) {
      if (!heap.tryAlloc(bytes, { zone: 'normal' }).ok) bytes /= 2;
    }
    const left = heap.stats().zones[1]?.freePages ?? 0;
    const blocks = SIZES.map((size) => heap.alloc(size)).concat(
      SIZES.map((size) => heap.alloc(size)),
    );
    expect(blocks.filter((ptr) => ptr < 2 * GIB).length).toBeLessThanOrEqual(left * 256);
    expect(blocks.filter((ptr) => ptr > 2 * GIB).length).toBeGreaterThan(SIZES.length);
    const { doubleFrees } = heap.stats();
    expect(heap.freeMany(blocks)).toBe(blocks.length);
    expect(heap.freeMany(blocks)).toBe(0);
    expect(heap.stats().doubleFrees).toBe(doubleFrees + blocks.length);
    freeAll(heap);
  });

  test('has views that reach as far as the platform’s can', () => {
    const { buffer } = heap.handle;
    const longer = (width: number, length: number) => () =>
      width === 1 ? new Uint8Array(buffer, 0, length) : new Float64Array(buffer, 0, length);
    for (const view of [heap.u8, heap.f64]) {
      const { length, byteLength, BYTES_PER_ELEMENT: width } = view;
      expect(byteLength).toBeGreaterThanOrEqual(2 * GIB);
      if (byteLength < gib * GIB) expect(longer(width, length + 1)).toThrow(RangeError);
    }
  });

  test('is used by simple arenas too', () => {
    skipTo(heap, 4 * GIB);
    heap.setMode('simple-heap');
    const blocks = SIZES.map((size) => highBlock(heap, size));
    expect(blocks.every((ptr) => ptr >= 2 * GIB)).toBe(true);
    blocks.forEach((ptr, i) => expect(heap.usableSize(ptr)).toBeGreaterThanOrEqual(SIZES[i] ?? 0));
    expect(heap.freeMany(blocks)).toBe(blocks.length);
    heap.setMode('two-tier');
    freeAll(heap);
  });

  test('has cost hardly any memory in all of this', () => {
    expect(process.memoryUsage.rss() - residentBefore).toBeLessThan(GIB / 8);
  });
});

/** Frees whatever is in use, by the heap's own list of it: runs, and slabs of one block. */
function freeAll(heap: SharedHeap): void {
  heap.reclaim();
  for (const extent of heap.extents()) {
    if (extent.use !== 'free') heap.free(extent.ptr);
  }
  heap.reclaim();
  expect(heap.stats()).toMatchObject({ liveBlocks: 0, allocatedBytes: 0 });
  expect(heap.stats().freePages).toBe(heap.stats().pages);
}
