// Size classes: every size gets a block that is long enough and not much longer, by the same class
// whether the fast path's table or the slow path's list is asked.

import { describe, expect, test } from 'vitest';
import { SizeClasses, standardClasses } from '../../src/block/sizeclass.ts';
import { MAGAZINE, TABLE } from '../../src/word/layout.ts';
import { PAGE } from '../../src/word/records.ts';
import { Memory } from '../../src/word/memory.ts';

const PAGE_BYTES = 4096;
const list = standardClasses(12, 2 ** 30);
const classes = new SizeClasses(list, 12);
const upTo64KiB = Array.from({ length: 65536 }, (_, i) => i + 1);

function blockBytes(size: number): number {
  const shape = list[classes.of(Math.ceil(size / 16)) - 1];
  return (shape?.granules ?? 0) * 16;
}

/** What of a block its size leaves unused, beyond the rounding to whole granules (or pages). */
function slack(size: number): number {
  const bytes = blockBytes(size);
  const unit = bytes > 2 * PAGE_BYTES ? PAGE_BYTES : 16;
  return (bytes - Math.ceil(size / unit) * unit) / bytes;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}

function tableIn(open: boolean): Memory {
  const extent = { endWords: 0, countersByte: 0, bytesByte: 0, endByte: TABLE.BYTES };
  const memory = new Memory(new SharedArrayBuffer(TABLE.BYTES), 0, extent);
  classes.writeTable(memory, true);
  if (!open) classes.writeTable(memory, false);
  return memory;
}

/** The class as the fast path looks it up. */
function tabled(memory: Memory, size: number): number {
  if (size <= TABLE.SMALL_MAX) return memory.getByte(Math.ceil(size / 16));
  return memory.getByte(TABLE.RUNS + Math.ceil(size / PAGE_BYTES));
}

describe('every size from 1 byte to 64 KiB', () => {
  test('has a class whose blocks are long enough', () => {
    expect(upTo64KiB.filter((size) => blockBytes(size) < size)).toEqual([]);
  });

  test('leaves at most a quarter of its block unused', () => {
    expect(upTo64KiB.filter((size) => slack(size) > 0.25)).toEqual([]);
  });

  test('leaves an eighth unused on average, or less', () => {
    expect(mean(upTo64KiB.filter((size) => size <= 4096).map(slack))).toBeLessThan(0.125);
    expect(mean(upTo64KiB.map(slack))).toBeLessThan(0.125);
  });

  test('never gets a smaller block than a smaller size does', () => {
    expect(upTo64KiB.filter((size) => blockBytes(size) < blockBytes(size - 1))).toEqual([]);
  });

  test('gets the smallest block that there is for it', () => {
    const sizes = list.map((shape) => shape.granules * 16);
    const smallest = (size: number) => sizes.find((bytes) => bytes >= size);
    expect(upTo64KiB.filter((size) => blockBytes(size) !== smallest(size))).toEqual([]);
  });

  test('has the same class in the table as in the list', () => {
    const table = tableIn(true);
    const wrong = upTo64KiB.filter((it) => tabled(table, it) !== classes.of(Math.ceil(it / 16)));
    expect(wrong).toEqual([]);
  });

  test('has no class in a closed table', () => {
    const table = tableIn(false);
    expect(upTo64KiB.filter((size) => tabled(table, size) !== 0)).toEqual([]);
  });
});

describe('sizes beyond 64 KiB', () => {
  const EXACT = [128, 256, 512, 1024].map((kib) => kib * 1024);

  test('have a class where it rounds up to a page, and only to that', () => {
    const ids = EXACT.map((size) => classes.of(size / 16));
    expect(ids.map((id) => (list[id - 1]?.granules ?? 0) * 16)).toEqual(EXACT);
    for (const [index, size] of EXACT.entries()) {
      const around = [size - PAGE_BYTES, size - PAGE_BYTES + 1, size, size + 1, size + PAGE_BYTES];
      const found = around.map((it) => classes.of(Math.ceil(it / 16)));
      expect(found).toEqual([0, ids[index], ids[index], 0, 0]);
      const tabulated = around.map((it) => tabled(tableIn(true), it));
      expect(tabulated).toEqual(found);
    }
    expect(classes.of(2 ** 21 / 16)).toBe(0);
  });

  test('have one only in a heap of 256 times as much', () => {
    const largest = (heapBytes: number) =>
      (standardClasses(12, heapBytes).at(-1)?.granules ?? 0) * 16;
    const heaps = [4, 16, 32, 64, 256, 1024, 16384].map((mib) => mib * 2 ** 20);
    const most = [64, 64, 128, 256, 1024, 1024, 1024].map((kib) => kib * 1024);
    expect(heaps.map(largest)).toEqual(most);
  });
});

describe('a class', () => {
  test('is larger than the one before it, and four make a doubling from 128 bytes on', () => {
    const sizes = list.map((shape) => shape.granules * 16);
    expect(sizes.toSorted((a, b) => a - b)).toEqual(sizes);
    expect(new Set(sizes).size).toBe(sizes.length);
    const doubling = (from: number) => sizes.filter((size) => size > from && size <= 2 * from);
    for (const from of [128, 256, 512, 1024, 2048]) expect(doubling(from)).toHaveLength(4);
    expect(doubling(4096), 'a page and a header').toHaveLength(8);
    expect(sizes).toContain(4096);
  });

  test.each([8, 12])('of pages of 2^%d bytes has slabs that its bits can describe', (pageShift) => {
    for (const shape of standardClasses(pageShift, 2 ** 30)) {
      const blocks = (pages: number) =>
        Math.floor((pages * 2 ** pageShift) / (shape.granules * 16));
      const least = shape.granules * 16 > 2 ** (pageShift + 1) ? 1 : 2;
      expect(blocks(shape.pages)).toBeGreaterThanOrEqual(least);
      expect(blocks(shape.maxPages)).toBeLessThanOrEqual(PAGE.BITS_WORDS * 32);
      expect(shape.maxPages % shape.pages, 'a grown slab wastes no more than a first').toBe(0);
    }
  });

  test('of ordinary pages wastes at most a sixteenth of a slab behind its last block', () => {
    for (const { granules, pages } of list) {
      expect((pages * PAGE_BYTES) % (granules * 16)).toBeLessThanOrEqual((pages * PAGE_BYTES) / 16);
    }
  });

  test('has magazines of 1 to 124 blocks and of few bytes', () => {
    for (const { capacity, granules } of list) {
      expect(capacity).toBeGreaterThanOrEqual(1);
      expect(capacity).toBeLessThanOrEqual(MAGAZINE.CAPACITY);
      if (capacity > 1) expect(capacity * granules * 16).toBeLessThanOrEqual(64 * 1024);
    }
  });
});

describe('an aligned request', () => {
  const alignments = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

  test.each(alignments)(
    'on %d bytes gets the smallest class whose blocks all are aligned',
    (align) => {
      for (let granules = 1; granules <= 4096; granules++) {
        const id = classes.aligned(granules, align / 16);
        const fits = list.findIndex(
          (it) => it.granules >= granules && (it.granules * 16) % align === 0,
        );
        expect(id).toBe(fits + 1);
      }
    },
  );

  test('beyond the largest class has none', () => {
    expect([classes.of(4097), classes.aligned(4097, 2), classes.of(2 ** 30)]).toEqual([0, 0, 0]);
  });
});
