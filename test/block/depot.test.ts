// Depots, played by two seats of one thread: blocks change hands by the magazine, nothing is handed
// out twice, and a heap without magazines to spare does without.

import { describe, expect, test, vi } from 'vitest';
import type { ClassGeometry } from '../../src/word/geometry.ts';
import { CLASS, HEADER, MAGAZINE, STATE } from '../../src/word/layout.ts';
import { filled } from '../../src/block/magazine.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { FEW } from '../support/classes.ts';
import { anotherSeat, layersOf, tinyHeap, type TinyOptions } from '../support/tiny.ts';

const SIZE = 64;
const CAPACITY = 3;
/** Blocks of two slabs: too many for a seat's two magazines. */
const SOME = 8;

function seats(options: TinyOptions = {}): [ann: SharedHeap, bob: SharedHeap] {
  const { handle } = tinyHeap({ classes: FEW, ...options });
  return [anotherSeat(handle), anotherSeat(handle)];
}

function take(heap: SharedHeap, count: number, size = SIZE): number[] {
  const ptrs = new Array<number>(count).fill(0);
  expect(heap.allocMany(ptrs, size)).toBe(count);
  return ptrs;
}

function inDepot(heap: SharedHeap): number {
  const { memory, layout } = layersOf(heap);
  return memory.get(layout.classes + CLASS.WORDS + CLASS.FULL_COUNT);
}

function cached(heap: SharedHeap): number {
  return heap.stats().classes[0]?.cachedBlocks ?? 0;
}

/** Blocks of 140 pages: 35 KiB, of which a magazine holds one. */
const LARGE: ClassGeometry = {
  granules: 140 * 16,
  pages: 140,
  maxPages: 140,
  capacity: 1,
};

function statesOf(heap: SharedHeap, ptrs: readonly number[]): number[] {
  return ptrs.map((ptr) => layersOf(heap).states.get(ptr / 16));
}

/** The blocks in the loaded magazine of the first class. */
function loadedIn(heap: SharedHeap): number[] {
  const { magazines, memory } = layersOf(heap);
  const top = magazines.tops(1)[0] ?? 0;
  const first = (top & ~MAGAZINE.MASK) + MAGAZINE.ENTRIES;
  return Array.from({ length: top + 1 - first }, (_, i) => memory.get(first + i) * 16);
}

/** Frees a block that another thread frees in the same instant: both have seen it live. */
function freeAtOnce(ptr: number, first: SharedHeap, second: SharedHeap): void {
  const { states } = layersOf(first);
  const live = states.get(ptr / 16);
  expect(first.free(ptr)).toBe(true);
  states.mark(ptr / 16, live);
  expect(second.free(ptr)).toBe(true);
}

describe('a depot', () => {
  test('hands a full magazine from the seat that freed to the one that needs', () => {
    const [ann, bob] = seats();
    const blocks = take(ann, SOME);
    expect(ann.freeMany(blocks)).toBe(SOME);
    expect(inDepot(ann), 'two magazines are enough for a seat').toBe(1);
    const asked = vi.spyOn(layersOf(bob).zones, 'allocIn');
    const got = take(bob, CAPACITY);
    expect(asked, 'no page was needed').not.toHaveBeenCalled();
    expect(blocks).toEqual(expect.arrayContaining(got));
    expect(inDepot(ann)).toBe(0);
    expect(ann.validate()).toEqual([]);
  });

  test('gives the taker its own mark on every block of a magazine', () => {
    const [ann, bob] = seats();
    ann.freeMany(take(ann, SOME));
    const [block = 0] = take(bob, 1);
    const marks = statesOf(bob, loadedIn(bob));
    expect(marks).toEqual(new Array(CAPACITY - 1).fill(STATE.CACHED + bob.slot));
    expect(statesOf(bob, [block])).toEqual([1]);
    expect(cached(bob)).toBe(SOME - 1);
  });

  test('drops from a magazine what another seat has taken meanwhile', () => {
    const [ann, bob] = seats();
    const blocks = take(ann, SOME);
    const [first = 0] = blocks;
    ann.freeMany(blocks);
    expect(inDepot(ann)).toBe(1);
    layersOf(ann).states.mark(first / 16, STATE.CACHED + 3);
    const got = take(bob, CAPACITY - 1);
    expect(got).not.toContain(first);
    expect(cached(ann), 'one less than there were').toBe(SOME - CAPACITY);
  });

  test('lays a magazine down without the strays in it: nothing there is good again later', () => {
    const [ann, bob] = seats();
    const blocks = take(ann, SOME);
    const [stray = 0, ...others] = blocks;
    const { states } = layersOf(ann);
    expect(ann.free(stray)).toBe(true);
    states.mark(stray / 16, STATE.CACHED + bob.slot); // Bob has freed it in the same instant
    ann.freeMany(others);
    expect(inDepot(ann)).toBe(1);
    expect(statesOf(ann, others).filter((state) => state === STATE.SHELVED)).toHaveLength(
      CAPACITY - 1,
    );
    // Ann comes by the block again, from Bob's magazine: what she shelved must not name it.
    states.mark(stray / 16, STATE.CACHED + ann.slot);
    expect(take(bob, CAPACITY - 1)).not.toContain(stray);
  });

  test('lets magazines hold one block in 64 of a class that has many', () => {
    const [ann] = seats({ zones: [0, 1200, 0], magazines: 2000 });
    const few = take(ann, SOME);
    ann.freeMany(few);
    expect(loadedIn(ann).length).toBeLessThanOrEqual(CAPACITY);
    const many = take(ann, 4000);
    ann.freeMany(many.slice(0, 2000));
    const { magazines } = layersOf(ann);
    expect(Math.max(...magazines.tops(1).map((top) => filled(top)))).toBeGreaterThan(4000 / 80);
    expect(ann.freeMany(many.slice(2000))).toBe(2000);
    expect(ann.validate()).toEqual([]);
  });

  test('keeps two magazines of even the largest blocks', () => {
    const [ann] = seats({ zones: [0, 2400, 0], classes: [LARGE] });
    ann.freeMany(take(ann, 8, LARGE.granules * 16));
    expect([inDepot(ann), cached(ann)]).toEqual([2, 4]);
    expect(ann.validate()).toEqual([]);
  });

  test('sends all it has home when it is reclaimed, whoever gave it', () => {
    const [ann, bob] = seats();
    ann.freeMany(take(ann, SOME));
    expect(cached(bob)).toBe(SOME);
    bob.reclaim();
    expect(cached(bob), 'what lies in the other seat stays').toBe(SOME - CAPACITY);
    ann.reclaim();
    expect([cached(ann), ann.stats().freePages, ann.validate()]).toEqual([0, 256, []]);
  });

  test('takes everything of a seat that leaves', () => {
    const [ann, bob] = seats();
    bob.freeMany(take(ann, SOME));
    bob.detach();
    expect(ann.stats()).toMatchObject({ liveBlocks: 0, freeCount: SOME });
    ann.reclaim();
    expect([ann.stats().freePages, ann.validate()]).toEqual([256, []]);
  });
});

describe('a block that two seats free at once', () => {
  test('is handed out once', () => {
    const [ann, bob] = seats();
    const [block = 0] = take(ann, 1);
    freeAtOnce(block, ann, bob);
    const got = [...take(ann, 4), ...take(bob, 4)];
    expect(got.filter((ptr) => ptr === block)).toHaveLength(1);
    expect(new Set(got).size).toBe(8);
    expect(ann.stats().doubleFrees, 'and that is counted').toBe(1);
    expect(ann.validate()).toEqual([]);
  });

  test('stays with one of them also after the winner has handed it out and got it back', () => {
    const [ann, bob] = seats();
    const [block = 0] = take(ann, 1);
    freeAtOnce(block, ann, bob);
    expect(bob.alloc(SIZE)).toBe(block);
    expect(ann.free(block), 'now its second entry there').toBe(true);
    const got = [...take(ann, 6), ...take(bob, 6)];
    expect(got.filter((ptr) => ptr === block)).toHaveLength(1);
    expect(ann.freeMany(got)).toBe(12);
    expect(ann.validate()).toEqual([]);
  });

  test('is lost to neither when both leave', () => {
    const { handle } = tinyHeap({ classes: FEW });
    const [ann, bob, eve] = [anotherSeat(handle), anotherSeat(handle), anotherSeat(handle)];
    const [block = 0] = take(ann, 1);
    freeAtOnce(block, ann, bob);
    ann.detach();
    bob.detach();
    eve.reclaim();
    expect(eve.stats()).toMatchObject({ liveBlocks: 0, freePages: 256 });
    expect(eve.validate()).toEqual([]);
  });
});

describe.each([0, 1, 2])(
  'a heap with %d magazines for two seats and three classes',
  (magazines) => {
    test('allocates to its last page and gets everything back', () => {
      const [ann, bob] = seats({ magazines, zones: [0, 64, 0] });
      const blocks: number[] = [];
      for (const size of [SIZE, 160, 700]) {
        for (let i = 0; i < 4; i++) blocks.push(...take(ann, 1, size), ...take(bob, 1, size));
        expect(ann.validate()).toEqual([]);
      }
      for (;;) {
        const ptr = (blocks.length % 2 === 0 ? ann : bob).alloc(SIZE);
        if (ptr === 0) break;
        blocks.push(ptr);
      }
      expect(new Set(blocks).size).toBe(blocks.length);
      expect(ann.stats()).toMatchObject({ freePages: 0, liveBlocks: blocks.length });
      blocks.forEach((ptr, i) => expect((i % 3 === 0 ? ann : bob).free(ptr)).toBe(true));
      ann.reclaim();
      bob.reclaim();
      expect(ann.stats()).toMatchObject({ freePages: 64, liveBlocks: 0 });
      expect(layersOf(ann).memory.load(HEADER.OUT), 'granules that are out').toBe(0);
      expect(ann.validate()).toEqual([]);
    });
  },
);

test('magazines do not run out by seats that come and go', () => {
  const { handle } = tinyHeap({ classes: FEW, magazines: 9 });
  const staying = anotherSeat(handle);
  for (let round = 0; round < 50; round++) {
    const passing = anotherSeat(handle);
    const blocks = [SIZE, 160, 700].flatMap((size) => take(passing, 2, size));
    staying.freeMany(blocks.slice(3));
    passing.freeMany(blocks.slice(0, 3));
    passing.detach();
  }
  const direct = vi.spyOn(layersOf(staying).depots[1]!, 'takeDirect');
  const last = anotherSeat(handle);
  for (const size of [SIZE, 160, 700]) last.freeMany(take(last, 2, size));
  expect(layersOf(last).magazines.countOf(1)).toBeGreaterThan(0);
  expect(direct).not.toHaveBeenCalled();
  expect(last.validate()).toEqual([]);
});

test.each([
  [16, '256 in a slab', [64, 124, 68, 124, 124, 8]],
  [32, '128 in a slab', [32, 64, 32, 124, 4, 124]],
  [128, '32 in a slab', [8, 16, 8, 32, 32, 32]],
  [1024, '4 in a slab', [4, 4, 4, 4, 4, 4]],
])(
  'a refill takes a cache line of states, or four blocks, and then twice as many: %d B',
  (size, what, expected) => {
    const heap = SharedHeap.create({ size: '4MiB' });
    const refills: number[] = [];
    for (let before = 0; refills.length < expected.length;) {
      heap.alloc(size);
      const own = heap.stats().classes.find((it) => it.blockBytes === size);
      const now = own?.cachedBlocks ?? 0;
      if (now >= before) refills.push(now + 1);
      before = now;
    }
    expect(refills, what).toEqual(expected);
    heap.detach();
  },
);

test('a block in a magazine of any seat is not freed again by any seat', () => {
  const { handle } = tinyHeap({ zones: [0, 512, 0], classes: FEW, maxSlots: 24 });
  const all = Array.from({ length: 24 }, () => anotherSeat(handle));
  for (const seat of all) for (let i = 0; i < 100; i++) seat.free(seat.alloc(SIZE));
  const idle = all.map((seat) => take(seat, 1)[0] ?? 0);
  all.forEach((seat, i) => expect(seat.free(idle[i] ?? 0)).toBe(true));
  const before = all[0]?.stats();
  for (const seat of all) expect(seat.freeMany(idle)).toBe(0);
  const doubleFrees = 24 * 24;
  expect(all[0]?.stats()).toEqual({ ...before, doubleFrees });
  expect(all[0]?.validate()).toEqual([]);
});
