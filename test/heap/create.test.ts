// Making a heap: what the options mean, and in which memory it may lie.

import { describe, expect, test } from 'vitest';
import type { HeapOptions } from '../../src/heap/create.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { hasStamp, stamp } from '../support/stamp.ts';

const MIB = 2 ** 20;

/** What of WebAssembly is used here: its types come with a browser's, which are not loaded. */
interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: { readonly Memory: new (options: object) => WasmMemory };
};

/** Uses every part of a heap a little, and finds it sound and empty afterwards. */
function exercise(heap: SharedHeap): void {
  const { buffer, byteOffset, byteLength } = heap.handle;
  const { pages, totalBytes } = heap.stats();
  const sizes = [1, 16, 100, 3000, 4096, 8192, 20_000, 100_000, totalBytes >> 4];
  const ptrs = [...sizes, ...sizes].map((size) => heap.alloc(size));
  expect(ptrs).not.toContain(0);
  ptrs.forEach((ptr, i) => stamp(buffer, ptr, heap.usableSize(ptr), i));
  for (const [i, ptr] of ptrs.entries()) {
    expect(ptr).toBeGreaterThanOrEqual(byteOffset);
    expect(ptr + heap.usableSize(ptr)).toBeLessThanOrEqual(byteOffset + byteLength);
    expect(hasStamp(buffer, ptr, heap.usableSize(ptr), i)).toBe(true);
  }
  expect(heap.validate()).toEqual([]);
  expect(heap.freeMany(ptrs)).toBe(ptrs.length);
  heap.reclaim();
  expect(heap.stats()).toMatchObject({ liveBlocks: 0, freePages: pages });
  expect(heap.validate()).toEqual([]);
}

describe('a heap', () => {
  test('of the default size has 64 MiB and 64 slots', () => {
    const heap = SharedHeap.create();
    expect(heap.handle).toMatchObject({ byteOffset: 0, byteLength: 64 * MIB });
    expect(heap.handle.buffer.byteLength).toBe(64 * MIB);
    const { totalBytes, metadataBytes } = heap.stats();
    const nobody = 64 * MIB - totalBytes - metadataBytes;
    expect(nobody, 'the page of null and a guard page').toBe(2 * 4096);
    expect(metadataBytes / totalBytes, 'a tenth for metadata').toBeLessThan(1 / 10);
    exercise(heap);
    heap.detach();
  });

  test.each([true, false])(
    'of the smallest size works, with the most slots; checked: %s',
    (checked) => {
      const heap = SharedHeap.create({ size: '4MiB', maxSlots: 128, checked });
      expect(heap.stats().totalBytes).toBeGreaterThan(2.5 * MIB);
      exercise(heap);
      heap.detach();
    },
  );

  test('lies in a buffer that is given', () => {
    const buffer = new SharedArrayBuffer(8 * MIB);
    const heap = SharedHeap.create({ buffer });
    expect(heap.handle.buffer).toBe(buffer);
    exercise(heap);
    heap.detach();
  });

  test.each([0xff, 0xa5, 0x01])('lies in a buffer that was full of %d before', (litter) => {
    const buffer = new SharedArrayBuffer(8 * MIB);
    new Uint8Array(buffer).fill(litter);
    for (const checked of [false, true]) {
      const heap = SharedHeap.create({ buffer, checked });
      expect(heap.stats()).toMatchObject({ liveBlocks: 0, allocCount: 0, peakBytes: 0 });
      expect(heap.roots.entries()).toEqual([]);
      exercise(heap);
      heap.detach();
    }
  });

  const parts: [from: number, length: number | undefined][] = [
    [0, 5 * MIB],
    [4096, 5 * MIB],
    [MIB, undefined],
    [1, undefined],
    [12345, 6 * MIB + 17],
    [4095, 5 * MIB],
    [4097, 5 * MIB],
  ];
  test.each(parts)('lies in a part of a buffer from byte %d on, of %s bytes', (from, length) => {
    const buffer = new SharedArrayBuffer(16 * MIB);
    const bytes = new Uint8Array(buffer).fill(0x5a);
    const part = length === undefined ? {} : { byteLength: length };
    const heap = SharedHeap.create({ buffer, byteOffset: from, ...part });
    const end = from + (length ?? 16 * MIB - from);
    const { byteOffset, byteLength } = heap.handle;
    expect(byteOffset).toBeGreaterThanOrEqual(from);
    expect(byteOffset + byteLength).toBeLessThanOrEqual(end);
    expect(byteLength, 'all whole pages').toBeGreaterThan(end - from - 2 * 4096);
    exercise(heap);
    for (const outside of [bytes.subarray(0, from), bytes.subarray(end)]) {
      expect(
        outside.every((byte) => byte === 0x5a),
        'nothing outside is touched',
      ).toBe(true);
    }
    heap.detach();
  });

  test('lies beside another one in the same buffer', () => {
    const buffer = new SharedArrayBuffer(16 * MIB);
    const heaps = [0, 8 * MIB].map((byteOffset) =>
      SharedHeap.create({ buffer, byteOffset, byteLength: 8 * MIB }),
    );
    const [low, high] = heaps as [SharedHeap, SharedHeap];
    const ptr = high.alloc(64);
    expect(low.free(ptr)).toBe(false);
    expect([SharedHeap.attach(low.handle), SharedHeap.attach(high.handle)]).toEqual([low, high]);
    expect(high.free(ptr)).toBe(true);
    for (const heap of heaps) exercise(heap);
    for (const heap of heaps) heap.detach();
  });

  test('lies in the memory of WebAssembly, behind what the module keeps for itself', () => {
    const memory = new WebAssembly.Memory({ initial: 256, maximum: 512, shared: true });
    const { buffer } = memory;
    const heap = SharedHeap.create({ buffer, byteOffset: 65_536 + 1 });
    exercise(heap);
    const ptr = heap.alloc(64);
    memory.grow(16);
    const grown = new Uint32Array(memory.buffer, ptr, 16);
    heap.u32[ptr >> 2] = 4711;
    expect(grown[0], 'a pointer is an address there, also after it has grown').toBe(4711);
    expect([heap.free(ptr), heap.validate()]).toEqual([true, []]);
    heap.detach();
  });

  test('lies in a growable buffer, in what it has at the time', () => {
    const growable = { maxByteLength: 32 * MIB } as object;
    const Growable = SharedArrayBuffer as new (bytes: number, options: object) => SharedArrayBuffer;
    const buffer = new Growable(8 * MIB, growable) as SharedArrayBuffer & {
      grow(to: number): void;
    };
    const heap = SharedHeap.create({ buffer });
    const length = heap.u8.length;
    buffer.grow(16 * MIB);
    expect([heap.handle.byteLength, heap.u8.length, length]).toEqual(new Array(3).fill(8 * MIB));
    exercise(heap);
    const other = SharedHeap.attach(structuredClone(heap.handle));
    expect(other).toBe(heap);
    heap.detach();
  });
});

describe('zones', () => {
  const all = Infinity;
  const boundsOf = (zones: NonNullable<HeapOptions['zones']>) => {
    const heap = SharedHeap.create({ size: '32MiB', zones });
    const stats = heap.stats();
    const end = stats.zones[2]?.endPtr ?? 0;
    expect(stats.zones.reduce((sum, zone) => sum + zone.pages, 0)).toBe(stats.pages);
    exercise(heap);
    heap.detach();
    const ends = stats.zones.map((zone) => (zone.endPtr === end ? all : zone.endPtr));
    return ends.map((at) => (at === 4096 ? 0 : at / MIB));
  };

  const cases: [what: string, zones: NonNullable<HeapOptions['zones']>, ends: number[]][] = [
    ['by default: DMA to 16 MiB', {}, [16, all, all]],
    ['as numbers', { dmaEnd: 8 * MIB, highStart: 24 * MIB }, [8, 24, all]],
    ['as text', { dmaEnd: '8MiB', highStart: '24 MiB' }, [8, 24, all]],
    ['in the middle of a page', { dmaEnd: 8 * MIB + 1, highStart: 24 * MIB + 4095 }, [8, 24, all]],
    ['without Normal', { dmaEnd: '16MiB', highStart: '16MiB' }, [16, 16, all]],
    ['with nothing but DMA', { dmaEnd: '1GiB' }, [all, all, all]],
    ['with nothing but High', { dmaEnd: 0, highStart: 0 }, [0, 0, all]],
    ['without High', { highStart: '16GiB' }, [16, all, all]],
    ['without High, said with the largest number', { highStart: 2 ** 53 - 1 }, [16, all, all]],
    ['with nothing but DMA, said so', { dmaEnd: 2 ** 52, highStart: 2 ** 52 }, [all, all, all]],
  ];
  test.each(cases)('%s end where they should', (_, zones, ends) => {
    expect(boundsOf(zones)).toEqual(ends);
  });

  test('are stretches of the buffer, not of the heap: one that begins behind DMA has none', () => {
    const buffer = new SharedArrayBuffer(32 * MIB);
    const heap = SharedHeap.create({ buffer, byteOffset: 20 * MIB });
    expect(heap.stats().zones.map((zone) => zone.pages > 0)).toEqual([false, true, false]);
    expect(heap.tryAlloc(64, { zone: 'dma' })).toMatchObject({ ok: false });
    expect(heap.lastError?.code).toBe('OUT_OF_MEMORY');
    exercise(heap);
    heap.detach();
  });
});
