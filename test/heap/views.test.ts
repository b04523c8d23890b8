// Views: whole-heap arrays in which a pointer is an index, and arrays bounded by one block.

import { describe, expect, test } from 'vitest';
import { HeapError } from '../../src/word/errors.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { wholeView, type ViewType } from '../../src/heap/views.ts';

const MIB = 2 ** 20;

describe('the whole-heap views', () => {
  test('begin at the buffer’s first byte and end with the heap, each in its width', () => {
    const buffer = new SharedArrayBuffer(16 * MIB);
    const heap = SharedHeap.create({ buffer, byteOffset: 4 * MIB, byteLength: 8 * MIB });
    const widths = [
      [heap.u8, 1],
      [heap.i8, 1],
      [heap.u16, 2],
      [heap.i16, 2],
      [heap.u32, 4],
      [heap.i32, 4],
      [heap.f32, 4],
      [heap.f64, 8],
    ] as const;
    for (const [view, width] of widths) {
      expect([view.buffer, view.byteOffset, view.BYTES_PER_ELEMENT]).toEqual([buffer, 0, width]);
      expect(view.byteLength).toBe(12 * MIB);
    }
    heap.detach();
  });

  test('show one block through all widths', () => {
    const heap = SharedHeap.create({ size: '4MiB' });
    const ptr = heap.alloc(16);
    heap.f64[ptr >> 3] = -2;
    expect([heap.u8[ptr + 7], heap.u8[ptr + 6], heap.u32[(ptr >> 2) + 1]]).toEqual([
      0xc0, 0, 0xc0000000,
    ]);
    heap.i32[(ptr >> 2) + 2] = -1;
    expect([heap.u16[(ptr >> 1) + 4], heap.i8[ptr + 11]]).toEqual([0xffff, -1]);
    heap.detach();
  });

  test('are as long as the platform makes them, however long that is', () => {
    const most = 1000;
    class Limited {
      static readonly BYTES_PER_ELEMENT = 4;
      readonly length: number;

      constructor(_: SharedArrayBuffer, _from: number, length: number) {
        if (length > most) throw new RangeError('too long');
        this.length = length;
      }
    }
    const make = (bytes: number) =>
      wholeView<Limited>(Limited as ViewType<Limited>, new SharedArrayBuffer(0), bytes).length;
    expect([make(400), make(4000)]).toEqual([100, 1000]);
    expect([make(4004), make(6000), make(40_000)]).toEqual([1000, 1000, 1000]);
  });

  test('pass on what is no question of length', () => {
    function Broken(): never {
      throw new TypeError('broken');
    }
    const type = Broken as unknown as ViewType<never>;
    expect(() => wholeView(type, new SharedArrayBuffer(8), 8)).toThrow('broken');
  });
});

describe('a view of a block', () => {
  const heap = SharedHeap.create({ size: '4MiB' });

  test('lies over the block, and writes go to the heap', () => {
    const ptr = heap.alloc(100);
    const floats = heap.view(ptr, Float64Array, 12);
    expect([floats.byteOffset, floats.length]).toEqual([ptr, 12]);
    floats[11] = Math.PI;
    expect(heap.f64[(ptr >> 3) + 11]).toBe(Math.PI);
  });

  test('may be of any kind, DataView included', () => {
    const ptr = heap.alloc(64);
    heap.u8.fill(0xff, ptr, ptr + 64);
    expect(heap.view(ptr, BigInt64Array, 8)[7]).toBe(-1n);
    expect(heap.view(ptr, Uint8ClampedArray, 64)[63]).toBe(255);
    expect(heap.view(ptr, DataView, 64).getInt16(62)).toBe(-1);
    expect(heap.view(ptr, Int32Array, 0)).toHaveLength(0);
  });

  test('may be as long as the block is usable, and not one element longer', () => {
    for (const size of [1, 100, 5000, 20_000, 300_000]) {
      const ptr = heap.alloc(size);
      const usable = heap.usableSize(ptr);
      expect(heap.view(ptr, Uint8Array, usable)).toHaveLength(usable);
      expect(heap.view(ptr, Float64Array, usable / 8)).toHaveLength(usable / 8);
      expect(() => heap.view(ptr, Float64Array, usable / 8 + 1)).toThrow(HeapError);
      expect(() => heap.view(ptr, Uint8Array, usable + 1)).toThrow(/do not fit/);
    }
  });

  test.each([-1, 1.5, NaN, Infinity, 2 ** 53, '4', undefined, null])(
    'cannot be %s elements long',
    (length) => {
      const ptr = heap.alloc(64);
      expect(() => heap.view(ptr, Uint8Array, length as number)).toThrow(HeapError);
    },
  );
});
