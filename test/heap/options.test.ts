// Options that cannot be had: each is refused with a code and a reason, and nothing is touched.

import { describe, expect, test } from 'vitest';
import { parseBytes, type HeapOptions } from '../../src/heap/create.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { HeapError } from '../../src/word/errors.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(HeapError);
    expect((error as HeapError).name).toBe('HeapError');
    expect((error as HeapError).message.length).toBeGreaterThan(15);
    return (error as HeapError).code;
  }
  return 'nothing thrown';
}

describe('a size', () => {
  const texts: [text: number | string, bytes: number][] = [
    [4194304, 4 * MIB],
    ['4194304', 4 * MIB],
    ['4MiB', 4 * MIB],
    ['4 MiB', 4 * MIB],
    [' 4mib ', 4 * MIB],
    ['4MB', 4 * MIB],
    ['4m', 4 * MIB],
    ['4096k', 4 * MIB],
    ['4096 KiB', 4 * MIB],
    ['0.5GiB', GIB / 2],
    ['1g', GIB],
    ['1.5g', 1.5 * GIB],
    ['4194304B', 4 * MIB],
    [0, 0],
  ];
  test.each(texts)('of %j is %d bytes', (text, bytes) => {
    expect(parseBytes(text, 'size')).toBe(bytes);
  });

  const bad = ['', 'much', '4 miles', '-4MiB', '4MiB4', '4e6', '0x400000', '1.3', '1.0001k', NaN];
  test.each([...bad, -1, 1.5, Infinity, 2 ** 53, 1e21, null, {}, '∞'])('is not %j', (text) => {
    expect(codeOf(() => parseBytes(text as string, 'size'))).toBe('BAD_OPTION');
  });
});

describe('an option that cannot be had', () => {
  const small = new SharedArrayBuffer(MIB);
  const enough = new SharedArrayBuffer(8 * MIB);
  const bad: [what: string, options: unknown, code: string][] = [
    ['a size below 4 MiB', { size: 4 * MIB - 1 }, 'BAD_OPTION'],
    ['a size above 16 GiB', { size: '17GiB' }, 'BAD_OPTION'],
    ['a size of nothing', { size: 0 }, 'BAD_OPTION'],
    ['a size below nothing', { size: -1 }, 'BAD_OPTION'],
    ['a size that is no number', { size: 'big' }, 'BAD_OPTION'],
    ['a size of NaN', { size: NaN }, 'BAD_OPTION'],
    ['no slots', { maxSlots: 0 }, 'BAD_OPTION'],
    ['129 slots', { maxSlots: 129 }, 'BAD_OPTION'],
    ['one and a half slots', { maxSlots: 1.5 }, 'BAD_OPTION'],
    ['slots as text', { maxSlots: '8' }, 'BAD_OPTION'],
    ['an unknown mode', { mode: 'fast' }, 'BAD_OPTION'],
    ['a mode by number', { mode: 1 }, 'BAD_OPTION'],
    ['High before DMA ends', { zones: { dmaEnd: '8MiB', highStart: '4MiB' } }, 'BAD_OPTION'],
    ['a boundary that is no number', { zones: { dmaEnd: 'low' } }, 'BAD_OPTION'],
    ['a boundary below nothing', { zones: { highStart: -1 } }, 'BAD_OPTION'],
    ['a buffer too small', { buffer: small }, 'BAD_OPTION'],
    ['a part too small', { buffer: enough, byteOffset: 5 * MIB }, 'BAD_OPTION'],
    ['a part behind the end', { buffer: enough, byteOffset: 9 * MIB }, 'BAD_OPTION'],
    ['a part beyond the end', { buffer: enough, byteLength: 8 * MIB + 1 }, 'BAD_OPTION'],
    ['a part before the beginning', { buffer: enough, byteOffset: -4096 }, 'BAD_OPTION'],
    ['a broken offset', { buffer: enough, byteOffset: 0.5 }, 'BAD_OPTION'],
    ['an offset as text', { buffer: enough, byteOffset: '0' }, 'BAD_OPTION'],
    ['a length of NaN', { buffer: enough, byteLength: NaN }, 'BAD_OPTION'],
    ['a length below nothing', { buffer: enough, byteLength: -1 }, 'BAD_OPTION'],
    ['a plain ArrayBuffer', { buffer: new ArrayBuffer(8 * MIB) }, 'BAD_BUFFER'],
    ['a typed array', { buffer: new Uint8Array(enough) }, 'BAD_BUFFER'],
    ['a memory instead of its buffer', { buffer: { buffer: enough } }, 'BAD_BUFFER'],
  ];
  test.each(bad)('is refused with its reason: %s', (_, options, code) => {
    expect(codeOf(() => SharedHeap.create(options as HeapOptions))).toBe(code);
  });

  const farAway: [what: string, make: () => SharedHeap][] = [
    ['16 GiB, checked', () => SharedHeap.create({ size: '16GiB', checked: true })],
    [
      '12 GiB, checked, 128 slots',
      () => SharedHeap.create({ size: '12g', checked: true, maxSlots: 128 }),
    ],
    ['8 MiB that begin at 15 GiB', () => heapAt(15 * GIB, false)],
    ['8 MiB that begin at 15 GiB, checked', () => heapAt(15 * GIB, true)],
    ['8 MiB that end at 16 GiB, checked', () => heapAt(16 * GIB - 8 * MIB, true)],
    ['8 MiB that begin at 17 GiB', () => heapAt(17 * GIB, false)],
    ['8 MiB that begin at 17 GiB, checked', () => heapAt(17 * GIB, true)],
  ];
  function heapAt(byteOffset: number, checked: boolean): SharedHeap {
    const buffer = new SharedArrayBuffer(byteOffset + 8 * MIB);
    return SharedHeap.create({ buffer, byteOffset, checked });
  }
  test.each(farAway)('works or is refused, when it is only large: %s', (_, make) => {
    let heap: SharedHeap;
    try {
      heap = make();
    } catch (error) {
      expect(error).toBeInstanceOf(HeapError);
      return;
    }
    const ptr = heap.alloc(64);
    expect(ptr).toBeGreaterThan(heap.handle.byteOffset);
    expect(heap.usableSize(ptr)).toBe(64);
    if (heap.ref(ptr) !== 0) expect(heap.deref(heap.ref(ptr))).toBe(ptr);
    expect([heap.free(ptr), heap.free(ptr)]).toEqual([true, false]);
    heap.detach();
  });

  test('leaves the buffer as it was', () => {
    const buffer = new SharedArrayBuffer(8 * MIB);
    const bytes = new Uint8Array(buffer).fill(0x5a);
    for (const options of [{ mode: 'fast' }, { maxSlots: 0 }, { zones: { dmaEnd: 'low' } }]) {
      codeOf(() => SharedHeap.create({ buffer, ...options } as HeapOptions));
    }
    expect(bytes.every((byte) => byte === 0x5a)).toBe(true);
  });
});
