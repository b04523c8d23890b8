// alloc and tryAlloc with all that can be asked for, allocMany and freeMany.

import { describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import { isZero } from '../support/stamp.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

const MIB = 2 ** 20;

function aligned(heap: SharedHeap, size: number, align: number): number {
  const result = heap.tryAlloc(size, { align });
  return result.ok ? result.value : 0;
}

describe.each(MODES)('an alignment, in mode %s', (mode) => {
  test.each(Array.from({ length: 19 }, (_, order) => 2 ** order))(
    'of %d bytes is kept',
    (align) => {
      const heap = SharedHeap.create({ size: '16MiB', mode });
      const sizes = [1, 16, 17, 100, 1000, 4096, 5000, 20_000, 100_000];
      const ptrs = sizes.flatMap((size) => [aligned(heap, size, align), heap.alloc(7)]);
      expect(ptrs).not.toContain(0);
      expect(ptrs.filter((ptr, i) => i % 2 === 0 && ptr % align !== 0)).toEqual([]);
      sizes.forEach((size, i) => {
        expect(heap.usableSize(ptrs[2 * i] as number)).toBeGreaterThanOrEqual(size);
      });
      expect(heap.validate()).toEqual([]);
      expect(heap.freeMany(ptrs)).toBe(ptrs.length);
      heap.reclaim();
      expect(heap.stats()).toMatchObject({ freePages: heap.stats().pages, liveBlocks: 0 });
      heap.detach();
    },
  );
});

describe('zero', () => {
  test.each(MODES)('clears what another block has left, in mode %s', (mode) => {
    const heap = SharedHeap.create({ size: '8MiB', mode });
    for (const size of [1, 15, 64, 1000, 5000, 20_000, 300_000]) {
      const dirty = heap.alloc(size);
      heap.u8.fill(0xff, dirty, dirty + heap.usableSize(dirty));
      heap.free(dirty);
      const result = heap.tryAlloc(size, { zero: true });
      expect(result).toEqual({ ok: true, value: dirty });
      expect(isZero(heap.handle.buffer, dirty, size)).toBe(true);
      heap.free(dirty);
    }
    heap.detach();
  });
});

describe('a zone', () => {
  test('is where the block lies, for every size and tier', () => {
    const heap = SharedHeap.create({
      size: '32MiB',
      zones: { dmaEnd: '8MiB', highStart: '24MiB' },
    });
    for (const mode of MODES) {
      heap.setMode(mode);
      for (const size of [16, 1000, 4096, 20_000, 200_000]) {
        for (const zone of ['high', 'dma', 'normal'] as const) {
          const result = heap.tryAlloc(size, { zone });
          const ptr = result.ok ? result.value : 0;
          const home = ptr < 8 * MIB ? 'dma' : ptr < 24 * MIB ? 'normal' : 'high';
          expect([mode, size, home]).toEqual([mode, size, zone]);
        }
      }
    }
    expect(heap.validate()).toEqual([]);
    heap.detach();
  });

  test('that is used up is followed by the next, and DMA keeps a sixteenth back', () => {
    const heap = anotherSeat(tinyHeap({ zones: [64, 64, 64], align: 64 }).handle);
    for (const size of [700, 64]) while (heap.tryAlloc(size, { zone: 'high' }).ok);
    const free = heap.stats().zones.map((zone) => zone.freePages);
    expect(free.at(2)).toBe(0);
    expect(free.slice(0, 2).every((pages) => pages >= 4 && pages < 7)).toBe(true);
    expect(heap.tryAlloc(64, { zone: 'dma' }).ok).toBe(true);
  });
});

describe('many at once', () => {
  test('are as many as the list is long, from its first entry on', () => {
    const heap = SharedHeap.create({ size: '4MiB' });
    for (const out of [new Array<number>(50).fill(0), new Float64Array(50), new Uint32Array(50)]) {
      expect(heap.allocMany(out, 100)).toBe(50);
      expect(new Set(out).size).toBe(50);
      expect(heap.stats().liveBlocks).toBe(50);
      expect(heap.freeMany(out)).toBe(50);
    }
    expect(heap.allocMany([], 100)).toBe(0);
    expect(heap.freeMany([])).toBe(0);
    heap.detach();
  });

  test('are freed where they are live, and the others are counted', () => {
    const heap = SharedHeap.create({ size: '4MiB' });
    const [a, b] = [heap.alloc(64), heap.alloc(64)];
    expect(heap.freeMany([a, 0, b, a, b + 16, NaN])).toBe(2);
    expect(heap.stats()).toMatchObject({ freeCount: 2, doubleFrees: 1, invalidFrees: 3 });
    heap.detach();
  });
});

test('a refusal is told by the result and by lastError alike, and stays until the next', () => {
  const heap = SharedHeap.create({ size: '4MiB' });
  const refused = heap.tryAlloc(0);
  expect(refused.ok ? null : refused.error).toBe(heap.lastError);
  expect(heap.alloc(64)).not.toBe(0);
  expect(heap.lastError?.code).toBe('INVALID_SIZE');
  heap.free(1);
  expect(heap.lastError).toMatchObject({ code: 'INVALID_POINTER', requested: 1 });
  heap.detach();
});
