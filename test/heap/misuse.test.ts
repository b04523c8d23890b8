// Misuse, one line each: what is returned, which count moves, what lastError says. And after each
// the heap is as it was: nothing else in its statistics has changed, and its walk finds nothing.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/heap/heap.ts';
import type { AllocOptions } from '../../src/heap/patient.ts';
import type { AllocErrorCode } from '../../src/word/errors.ts';
import type { HeapStats } from '../../src/heap/stats.ts';
import { hasStamp, stamp } from '../support/stamp.ts';

const kinds = [
  { mode: 'two-tier', checked: false },
  { mode: 'simple-heap', checked: false },
  { mode: 'two-tier', checked: true },
  { mode: 'simple-heap', checked: true },
] as const;

/** Sizes of a small block, of one of whole pages, and of a large run. */
const SIZES = [100, 20_000, 200_000];

type Moved = Partial<Record<'failureCount' | 'doubleFrees' | 'invalidFrees', 1>>;

const badSizes: [what: string, size: unknown][] = [
  ['nothing', 0],
  ['minus nothing', -0],
  ['minus one', -1],
  ['one and a half', 1.5],
  ['less than one', 0.25],
  ['not a number', NaN],
  ['2^53', 2 ** 53],
  ['2^32 + 64', 2 ** 32 + 64],
  ['-2^32 + 64', -(2 ** 32) + 64],
  ['64 GiB and three pages', 2 ** 36 + 3 * 4096],
  ['infinity', Infinity],
  ['minus infinity', -Infinity],
  ['more than the heap', 4 * 2 ** 20],
  ['a text', '64'],
  ['true', true],
  ['null', null],
  ['undefined', undefined],
  ['an object', {}],
];

const badOptions: [what: string, options: unknown, code: AllocErrorCode][] = [
  ['alignment 0', { align: 0 }, 'INVALID_ALIGNMENT'],
  ['alignment 3', { align: 3 }, 'INVALID_ALIGNMENT'],
  ['alignment 24', { align: 24 }, 'INVALID_ALIGNMENT'],
  ['alignment -16', { align: -16 }, 'INVALID_ALIGNMENT'],
  ['alignment 1.5', { align: 1.5 }, 'INVALID_ALIGNMENT'],
  ['alignment 0.5', { align: 0.5 }, 'INVALID_ALIGNMENT'],
  ['alignment NaN', { align: NaN }, 'INVALID_ALIGNMENT'],
  ['alignment infinity', { align: Infinity }, 'INVALID_ALIGNMENT'],
  ['alignment 2^30, beyond the heap', { align: 2 ** 30 }, 'INVALID_ALIGNMENT'],
  ['alignment 2^53', { align: 2 ** 53 }, 'INVALID_ALIGNMENT'],
  ['alignment as text', { align: '64' }, 'INVALID_ALIGNMENT'],
  ['alignment null', { align: null }, 'INVALID_ALIGNMENT'],
  ['zone low', { zone: 'low' }, 'INVALID_ZONE'],
  ['zone DMA', { zone: 'DMA' }, 'INVALID_ZONE'],
  ['zone 0', { zone: 0 }, 'INVALID_ZONE'],
  ['zone null', { zone: null }, 'INVALID_ZONE'],
  ['zone constructor', { zone: 'constructor' }, 'INVALID_ZONE'],
];

describe.each(kinds)('a heap ($mode, checked: $checked)', (options) => {
  let heap: SharedHeap;
  /** A live block of each size, stamped. */
  let live: number[];
  let before: HeapStats;

  beforeEach(() => {
    heap = SharedHeap.create({ size: '4MiB', maxSlots: 2, ...options });
    live = SIZES.map((size) => heap.alloc(size));
    live.forEach((ptr, i) => stamp(heap.handle.buffer, ptr, heap.usableSize(ptr), i));
    heap.reclaim();
    before = heap.stats();
  });

  afterEach(() => heap.detach());

  function expectOnly(moved: Moved): void {
    const { failureRate: _before, ...were } = before;
    const { failureRate: _after, ...are } = heap.stats();
    const names = Object.keys(moved) as (keyof Moved)[];
    const counts = names.map((name) => [name, were[name] + 1]);
    expect(are).toEqual({ ...were, ...Object.fromEntries(counts) });
    expect(heap.validate()).toEqual([]);
    live.forEach((ptr, i) => {
      const intact = hasStamp(heap.handle.buffer, ptr, heap.usableSize(ptr), i);
      expect([heap.usableSize(ptr) >= (SIZES[i] ?? 0), intact]).toEqual([true, true]);
    });
  }

  test('has no last error before the first refusal', () => {
    expect(heap.lastError).toBeNull();
  });

  test.each(badSizes)('does not allocate %s', (_, value) => {
    const size = value as number;
    expect(heap.alloc(size)).toBe(0);
    expect(heap.lastError).toMatchObject({ code: 'INVALID_SIZE', requested: size });
    expectOnly({ failureCount: 1 });
  });

  test.each(badSizes)('does not try to allocate %s', (_, value) => {
    const size = value as number;
    const error = { code: 'INVALID_SIZE', requested: size };
    expect(heap.tryAlloc(size, { align: 64, zero: true })).toMatchObject({ ok: false, error });
    expectOnly({ failureCount: 1 });
  });

  test.each(badSizes)('does not allocate a list of blocks of %s', (_, value) => {
    const out = [7, 7];
    expect(heap.allocMany(out, value as number)).toBe(0);
    expect(out).toEqual([7, 7]);
    expectOnly({ failureCount: 1 });
  });

  test.each(badSizes)('does not make a block %s long', (_, value) => {
    const size = value as number;
    for (const [i, ptr] of live.entries()) {
      expect(heap.realloc(ptr, size)).toBe(0);
      expect(heap.lastError).toMatchObject({ code: 'INVALID_SIZE', requested: size });
      expect(heap.stats().failureCount).toBe(i + 1);
    }
    before = { ...before, failureCount: live.length - 1 };
    expectOnly({ failureCount: 1 });
  });

  test.each(badOptions)('does not allocate with %s', (_, given, code) => {
    const result = heap.tryAlloc(64, given as AllocOptions);
    expect(result).toMatchObject({ ok: false, error: { code, requested: 64 } });
    expect(heap.lastError).toMatchObject({ code });
    expectOnly({ failureCount: 1 });
  });

  const strangers: [what: string, ptr: (block: number) => unknown][] = [
    ['null', () => 0],
    ['minus null', () => -0],
    ['an odd one', (block) => block + 1],
    ['one of eight bytes further', (block) => block + 8],
    ['one inside a block', (block) => block + 16],
    ['one before a block', (block) => block - 8],
    ['a half one', (block) => block + 0.5],
    ['minus sixteen', () => -16],
    ['minus a block', (block) => -block],
    ['2^32 beyond a block', (block) => block + 2 ** 32],
    ['2^32 before a block', (block) => block - 2 ** 32],
    ['2^53', () => 2 ** 53],
    ['one and a half', () => 1.5],
    ['not a number', () => NaN],
    ['infinity', () => Infinity],
    ['minus infinity', () => -Infinity],
    ['one into the metadata', () => 4 * 2 ** 20 - 4096],
    ['one into the page of null', () => 64],
    ['the end of the heap', () => 4 * 2 ** 20],
    ['one past the end', () => 4 * 2 ** 20 + 64],
    ['a block as text', (block) => String(block)],
    ['nothing at all', () => undefined],
  ];

  test.each(strangers)('does not free %s, and counts it', (_, make) => {
    const [block = 0] = live;
    const ptr = make(block) as number;
    expect(heap.free(ptr)).toBe(false);
    expect(heap.lastError).toMatchObject({ code: 'INVALID_POINTER', requested: ptr });
    expectOnly({ invalidFrees: 1 });
  });

  test.each(strangers)('knows no size, view or ref of %s', (_, make) => {
    const [block = 0] = live;
    const ptr = make(block) as number;
    expect(heap.usableSize(ptr)).toBe(0);
    expect(() => heap.view(ptr, Uint8Array, 1)).toThrow('no live block');
    expect(heap.ref(ptr)).toBe(0);
    expectOnly({});
  });

  test.each(strangers.slice(2))('does not reallocate %s', (_, make) => {
    const [block = 0] = live;
    const ptr = make(block) as number;
    expect(heap.realloc(ptr, 64)).toBe(0);
    expect(heap.lastError).toMatchObject({ code: 'INVALID_POINTER', requested: ptr });
    expectOnly({});
  });

  test('does not free a block twice, and counts that apart', () => {
    for (const size of SIZES) {
      const ptr = heap.alloc(size);
      expect(heap.free(ptr)).toBe(true);
      before = heap.stats();
      expect(heap.free(ptr)).toBe(false);
      // What was a block of the simple heap may be in the middle of a hole by now, or in no arena.
      const codes = options.mode === 'simple-heap' ? /DOUBLE_FREE|INVALID_POINTER/ : /DOUBLE_FREE/;
      expect(heap.lastError?.code, `${size} bytes`).toMatch(codes);
      const twice = heap.lastError?.code === 'DOUBLE_FREE';
      expectOnly(twice ? { doubleFrees: 1 } : { invalidFrees: 1 });
    }
  });

  test('does not free a block twice, not even when its neighbours are free too', () => {
    const ptrs = [1, 2, 3, 4, 5].map(() => heap.alloc(100));
    for (const i of [1, 0, 2, 4, 3]) expect(heap.free(ptrs[i] as number)).toBe(true);
    before = heap.stats();
    expect(heap.freeMany(ptrs)).toBe(0);
    const { doubleFrees, invalidFrees } = heap.stats();
    expect(doubleFrees + invalidFrees - before.doubleFrees - before.invalidFrees).toBe(5);
    before = { ...before, doubleFrees, invalidFrees };
    expectOnly({});
  });

  test('does not resize or view a block that was freed', () => {
    for (const size of SIZES) {
      const ptr = heap.alloc(size);
      heap.free(ptr);
      expect(heap.realloc(ptr, 10)).toBe(0);
      expect(heap.lastError).toMatchObject({ code: 'INVALID_POINTER', requested: ptr });
      expect(heap.usableSize(ptr)).toBe(0);
      expect(() => heap.view(ptr, Uint8Array, 1)).toThrow('no live block');
    }
    expect(heap.validate()).toEqual([]);
  });

  test('does not free a block of another heap', () => {
    const other = SharedHeap.create({ size: '64MiB' });
    const ptr = other.alloc(10 * 2 ** 20);
    expect([ptr > 0, heap.free(ptr)]).toEqual([true, false]);
    expectOnly({ invalidFrees: 1 });
    expect(other.free(ptr)).toBe(true);
    other.detach();
  });
});
