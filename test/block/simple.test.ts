// The simple heap: first fit over rows of blocks in arenas, each case small enough to draw.

import { describe, expect, test } from 'vitest';
import { PREFERENCES } from '../../src/page/zone.ts';
import { HEADER, STATE } from '../../src/word/layout.ts';
import { PAGE } from '../../src/word/records.ts';
import type { Simple } from '../../src/block/simple.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { validate } from '../../src/heap/validate.ts';
import { forEachBlock } from '../support/arena.ts';
import { losePatience } from '../support/patience.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const { any, dma, high } = PREFERENCES;
const ARENA_PAGES = 64;
const ROOM = ARENA_PAGES * 16 - 2;

function simpleHeap(pages = 256): { on: Attachment; simple: Simple } {
  const on = sit(tinyHeap({ zones: [0, pages, 0] }));
  losePatience(on.memory);
  return { on, simple: on.simple };
}

function take(simple: Simple, count: number, granules: number): number[] {
  return Array.from({ length: count }, () => simple.alloc(granules, 1, any));
}

/** The rows of all arenas: live blocks as their lengths, holes as negative ones. */
function rows(on: Attachment): number[][] {
  const found: number[][] = [];
  for (let arena = on.memory.get(HEADER.SIMPLE_ARENAS); arena !== 0;) {
    const row: number[] = [];
    forEachBlock(on, arena, (block, granules) => {
      row.push(on.states.get(block) === STATE.SIMPLE_LIVE ? granules : -granules);
    });
    found.push(row);
    arena = on.map.get(arena, PAGE.NEXT);
  }
  return found;
}

function freePages(on: Attachment): number {
  return on.zones.list.reduce((sum, zone) => sum + zone.buddy.freePages(), 0);
}

describe('first fit', () => {
  test('takes the lowest hole that is long enough, not the best one', () => {
    const { on, simple } = simpleHeap();
    const blocks = take(simple, 6, 10);
    for (const i of [1, 3]) simple.free(blocks[i] as number);
    expect(simple.alloc(10, 1, any)).toBe(blocks[1]);
    simple.free(blocks[4] as number);
    simple.free(blocks[1] as number);
    expect(simple.alloc(11, 1, any), 'the first hole is too short').toBe(blocks[3]);
    expect(rows(on)).toEqual([[10, -10, 10, 11, -9, 10, -(ROOM - 60)]]);
  });

  test('cuts a hole, and the rest is a hole', () => {
    const { on, simple } = simpleHeap();
    const [first = 0] = take(simple, 1, 10);
    expect(simple.alloc(3, 1, any)).toBe(first + 10);
    expect(rows(on)).toEqual([[10, 3, -(ROOM - 13)]]);
    expect(validate(on)).toEqual([]);
  });

  test('fills a hole to its last granule', () => {
    const { on, simple } = simpleHeap();
    take(simple, 1, 10);
    expect(simple.alloc(ROOM - 10, 1, any)).not.toBe(0);
    expect(rows(on)).toEqual([[10, ROOM - 10]]);
  });

  test('finds the room behind a block that has just grown', () => {
    const { on, simple } = simpleHeap();
    const [block = 0] = take(simple, 1, 1);
    expect(simple.resize(block, 3)).toBe(true);
    expect(simple.alloc(1, 1, any), 'right behind it').toBe(block + 3);
    expect(rows(on)).toEqual([[3, 1, -(ROOM - 4)]]);
  });
});

describe('a freed block', () => {
  test.each([
    ['nothing', [], [[-10, 10, 10, -(ROOM - 30)]], 0],
    ['the hole behind it', [1], [[-20, 10, -(ROOM - 30)]], 0],
    ['the hole before it', [0], [[-20, 10, -(ROOM - 30)]], 1],
    ['the holes on both sides', [0, 2], [[-(ROOM)]], 1], // prettier-ignore
  ])('merges with %s', (_, before, expected, last) => {
    const { on, simple } = simpleHeap();
    const blocks = take(simple, 3, 10);
    const keeper = before.length === 2 ? simple.alloc(1, 512, any) : 0;
    for (const i of before) simple.free(blocks[i] as number);
    simple.free(blocks[last] as number);
    if (keeper === 0) expect(rows(on)).toEqual(expected);
    else expect(rows(on)[0]).toEqual([-(keeper - (blocks[0] as number)), 1, expect.any(Number)]);
    expect(validate(on)).toEqual([]);
  });

  test('is free once: freeing it again is refused, merged or not', () => {
    const { on, simple } = simpleHeap();
    const [a = 0, b = 0, c = 0] = take(simple, 3, 10);
    expect([simple.free(a), simple.free(a)]).toEqual([true, false]);
    expect([simple.free(b), simple.free(b), simple.free(a)]).toEqual([true, false, false]);
    expect([simple.free(c + 1), simple.free(c - 1), simple.lengthOf(b)]).toEqual([false, false, 0]);
    expect(rows(on)).toEqual([[-20, 10, -(ROOM - 30)]]);
  });

  test('leaves its neighbours as they are, however long it was', () => {
    const { on, simple } = simpleHeap();
    for (const length of [1, 2, 31, 32, 33, 34, 100]) {
      const [left = 0, middle = 0, right = 0] = [7, length, 5].map((it) =>
        simple.alloc(it, 1, any),
      );
      simple.free(middle);
      expect([simple.lengthOf(left), simple.lengthOf(right)]).toEqual([7, 5]);
      expect(simple.alloc(length, 1, any)).toBe(middle);
      for (const block of [left, middle, right]) simple.free(block);
    }
    expect(freePages(on)).toBe(256);
  });
});

describe('an arena', () => {
  test('comes with its first block and goes with its last', () => {
    const { on, simple } = simpleHeap();
    const [block = 0] = take(simple, 1, 1);
    expect(freePages(on)).toBe(256 - ARENA_PAGES);
    simple.free(block);
    expect([freePages(on), rows(on)]).toEqual([256, []]);
    expect(validate(on)).toEqual([]);
  });

  test('is as long as it must be for a block that needs more', () => {
    const { on, simple } = simpleHeap();
    const [block = 0] = take(simple, 1, 100 * 16);
    expect(simple.lengthOf(block)).toBe(1600);
    expect(freePages(on)).toBe(256 - 101);
    simple.free(block);
    expect(freePages(on)).toBe(256);
  });

  test('is short when no long one is to be had, and memory ends at the last page', () => {
    const { on, simple } = simpleHeap(16);
    const blocks: number[] = [];
    for (let it = simple.alloc(6, 1, any); it !== 0; it = simple.alloc(6, 1, any)) blocks.push(it);
    expect(freePages(on)).toBe(0);
    expect(blocks.length).toBeGreaterThanOrEqual(16 * 2);
    expect(simple.alloc(6, 1, any)).toBe(0);
    expect(validate(on)).toEqual([]);
    for (const block of blocks) simple.free(block);
    expect(freePages(on)).toBe(16);
  });

  test('that is full is passed over for one with room', () => {
    const { on, simple } = simpleHeap();
    const [full = 0] = take(simple, 1, ROOM - 1);
    const [next = 0] = take(simple, 1, 10);
    expect(rows(on)).toEqual([
      [10, -(ROOM - 10)],
      [ROOM - 1, -1],
    ]);
    expect(simple.alloc(1, 1, any), 'the later arena comes first').toBe(next + 10);
    simple.free(full);
    expect(rows(on)).toEqual([[10, 1, -(ROOM - 11)]]);
  });

  test('lies in the zone that was asked for, strictly if it is DMA', () => {
    const on = sit(tinyHeap({ zones: [64, 64, 64], align: 64 }));
    const blocks = [any, high, dma].map((it) => on.simple.alloc(1000, 1, it));
    expect(blocks.map((block) => on.zones.indexOf(block >> 4))).toEqual([1, 2, 0]);
    expect(on.simple.alloc(1000, 1, dma)).toBe(0);
  });

  test('in another zone does not serve while the zone preferred has pages', () => {
    const on = sit(tinyHeap({ zones: [64, 64, 64], align: 64 }));
    const blocks = [dma, any, high].map((it) => on.simple.alloc(1, 1, it));
    expect(blocks.map((block) => on.zones.indexOf(block >> 4))).toEqual([0, 1, 2]);
  });
});

describe('an aligned block', () => {
  test.each([2, 4, 16, 64, 256, 1024])('starts on a multiple of %d granules', (align) => {
    const { on, simple } = simpleHeap(2048);
    const blocks = Array.from({ length: 8 }, (_, i) => simple.alloc(1 + i * 3, align, any));
    expect(blocks.filter((block) => block === 0 || block % align !== 0)).toEqual([]);
    expect(validate(on)).toEqual([]);
    for (const block of blocks) simple.free(block);
    expect(freePages(on)).toBe(2048);
  });

  test('leaves the room before it to others', () => {
    const { on, simple } = simpleHeap();
    const block = simple.alloc(1, 64, any);
    const before = simple.alloc(20, 1, any);
    expect(before).toBeLessThan(block);
    expect(rows(on)[0]?.slice(0, 3)).toEqual([20, -(block - before - 20), 1]);
  });
});

describe('a block resized where it stands', () => {
  test('gives its tail back, to the hole behind it if there is one', () => {
    const { on, simple } = simpleHeap();
    const [block = 0] = take(simple, 2, 40);
    expect(simple.resize(block, 5)).toBe(true);
    expect(rows(on)).toEqual([[5, -35, 40, -(ROOM - 80)]]);
    expect(simple.resize(block, 3)).toBe(true);
    expect(rows(on)).toEqual([[3, -37, 40, -(ROOM - 80)]]);
    expect(validate(on)).toEqual([]);
  });

  test('grows into the hole behind it, all of it if need be, and not one granule further', () => {
    const { on, simple } = simpleHeap();
    const [block = 0, hole = 0] = take(simple, 3, 40);
    simple.free(hole);
    expect(simple.resize(block, 81)).toBe(false);
    expect(rows(on)).toEqual([[40, -40, 40, -(ROOM - 120)]]);
    expect(simple.resize(block, 79)).toBe(true);
    expect(simple.resize(block, 80)).toBe(true);
    expect(rows(on)).toEqual([[80, 40, -(ROOM - 120)]]);
    expect(validate(on)).toEqual([]);
  });
});
