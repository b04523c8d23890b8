// Owners, in heaps that track them: what a dead thread alone had is freed, what it shared or gave
// away stays. The dead are seats of this thread, given up as a crashed thread gives up its own.

import { beforeEach, describe, expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES, type Mode } from '../../src/heap/mode.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { hasProc } from '../support/threads/named.ts';
import { anotherSeat, layersOf, shapeOf, tinyHeap, type Tiny } from '../support/tiny.ts';

/** A small block, one of whole pages, and one beyond the classes. */
const SIZES = [16, 64, 1000, 6000];

let tiny: Tiny;
let ann: SharedHeap;
let bob: SharedHeap;

/** From here on the thread on that seat is dead. */
function die(heap: SharedHeap): void {
  heap['attachment'].table.declare(heap.slot);
}

function prepare(mode: Mode = 'two-tier'): void {
  tiny = tinyHeap({ tracked: true, mode });
  [ann, bob] = [anotherSeat(tiny.handle), anotherSeat(tiny.handle)];
}

function isLive(ptr: number): boolean {
  return bob.usableSize(ptr) > 0;
}

beforeEach(() => prepare());

describe.each(MODES)('a thread that dies, in mode %s,', (mode) => {
  beforeEach(() => prepare(mode));

  test('leaves none of its own blocks, and the pages are what they were', () => {
    const before = shapeOf(layersOf(bob));
    const theirs = bob.alloc(64);
    const own = [...SIZES, ...SIZES].map((size) => ann.alloc(size));
    die(ann);
    expect(bob.recover()).toMatchObject([{ slot: 0, ownedBlocks: own.length, rolledBack: 0 }]);
    expect(own.filter(isLive)).toEqual([]);
    expect([isLive(theirs), bob.stats().liveBlocks]).toEqual([true, 1]);
    expect(bob.validate()).toEqual([]);
    expect(bob.free(theirs)).toBe(true);
    bob.reclaim();
    expect(shapeOf(layersOf(bob))).toEqual(before);
    expectNoArrayLost(layersOf(bob));
  });

  test.each(SIZES)('leaves a block of %d bytes that it gave away or shared', (size) => {
    const [given, shared, own] = [ann.alloc(size), ann.alloc(size), ann.alloc(size)];
    expect([ann.give(given, bob.slot), ann.give(shared, 'shared')]).toEqual([true, true]);
    die(ann);
    expect(bob.recover()).toMatchObject([{ ownedBlocks: 1 }]);
    expect([given, shared, own].map(isLive)).toEqual([true, true, false]);
    const eve = anotherSeat(tiny.handle);
    die(bob);
    expect(eve.recover()).toMatchObject([{ ownedBlocks: 1 }]);
    expect([eve.usableSize(given), eve.usableSize(shared) > 0]).toEqual([0, true]);
    expect([eve.free(shared), eve.stats().liveBlocks]).toEqual([true, 0]);
    expect(eve.validate()).toEqual([]);
  });

  test.each(SIZES)('takes a block of %d bytes with it that others gave it', (size) => {
    const block = bob.alloc(size);
    expect(bob.give(block, ann.slot)).toBe(true);
    die(ann);
    expect([bob.recover()[0]?.ownedBlocks, isLive(block)]).toEqual([1, false]);
  });

  test('no longer owns what it freed, whoever has the block now', () => {
    const blocks = SIZES.map((size) => ann.alloc(size));
    ann.freeMany(blocks);
    ann.reclaim();
    const again = SIZES.map((size) => bob.alloc(size));
    expect(again.toSorted()).toEqual(blocks.toSorted());
    die(ann);
    expect(bob.recover()).toMatchObject([{ ownedBlocks: 0 }]);
    expect(again.every(isLive)).toBe(true);
  });

  test('leaves what it committed to nobody but itself; what was open is undone first', () => {
    const done = ann.transaction((tx) => [tx.alloc(64), tx.alloc(6000)]);
    const open = ann.beginTransaction();
    open.alloc(64);
    open.free(done.ok ? (done.value[0] as number) : 0);
    die(ann);
    expect(bob.recover()).toMatchObject([{ ownedBlocks: 2, rolledBack: 1 }]);
    expect([bob.stats().liveBlocks, bob.validate()]).toEqual([0, []]);
  });

  test('leaves no block of a transaction in which it took part: all of it is undone', () => {
    const tx = bob.beginTransaction();
    const joined = ann.joinTransaction(tx.handle);
    const [mine, theirs] = [tx.alloc(64), joined.ok ? joined.value.alloc(64) : 0];
    expect([mine, theirs]).not.toContain(0);
    die(ann);
    expect(bob.recover()).toMatchObject([{ rolledBack: 1, ownedBlocks: 0 }]);
    expect([tx.outcome(), isLive(mine), isLive(theirs)]).toEqual(['rolled back', false, false]);
  });
});

describe('give', () => {
  test('says no, and changes nothing, to a seat on which nobody sits', () => {
    const block = ann.alloc(64);
    for (const slot of [2, 3, 4, 99, -1, 0.5, NaN]) expect(ann.give(block, slot)).toBe(false);
    const eve = anotherSeat(tiny.handle);
    eve.detach();
    expect(ann.give(block, 2), 'who has left').toBe(false);
    die(bob);
    expect(ann.give(block, 1), 'who is dead').toBe(false);
    const heir = anotherSeat(tiny.handle);
    die(ann);
    expect([heir.recover().length > 0, heir.usableSize(block)]).toEqual([true, 0]);
  });

  test('that says no leaves the block whose it was', () => {
    const [shared, theirs] = [ann.alloc(64), bob.alloc(64)];
    expect([ann.give(shared, 'shared'), ann.give(shared, 3)]).toEqual([true, false]);
    expect(ann.give(theirs, 3)).toBe(false);
    die(ann);
    expect([bob.recover()[0]?.ownedBlocks, isLive(shared), isLive(theirs)]).toEqual([
      0,
      true,
      true,
    ]);
  });

  test.each(['shared', 1] as const)('says no to what is no live block, given to %s', (to) => {
    const block = ann.alloc(64);
    const freed = ann.alloc(64);
    ann.free(freed);
    for (const ptr of [0, 8, freed, block + 16, -16, NaN, 2 ** 40]) {
      expect(ann.give(ptr, to), String(ptr)).toBe(false);
    }
  });

  test('may be done by anybody, again and again, also back', () => {
    const block = ann.alloc(64);
    for (const [giver, to] of [
      [bob, 1],
      [bob, 'shared'],
      [ann, 0],
      [bob, 1],
      [bob, 0],
    ] as const) {
      expect(giver.give(block, to)).toBe(true);
    }
    die(ann);
    expect([bob.recover()[0]?.ownedBlocks, isLive(block)]).toEqual([1, false]);
  });

  test('does not outlast the block: the next to have it owns it', () => {
    const block = ann.alloc(64);
    expect([ann.give(block, 'shared'), ann.free(block), ann.alloc(64)]).toEqual([
      true,
      true,
      block,
    ]);
    die(ann);
    expect([bob.recover()[0]?.ownedBlocks, isLive(block)]).toEqual([1, false]);
  });
});

test('a thread that leaves in good order keeps its blocks alive, for all who know them', () => {
  const blocks = SIZES.map((size) => ann.alloc(size));
  ann.detach();
  const next = anotherSeat(tiny.handle);
  expect([next.slot, blocks.every(isLive)]).toEqual([0, true]);
  expect(bob.freeMany(blocks)).toBe(4);
  expect(bob.validate()).toEqual([]);
});

test('a thread that overflows its stack keeps its blocks, and comes back on another seat', () => {
  prepare();
  const block = ann.alloc(64);
  ann['session'].abandon();
  expect(bob.recover()).toMatchObject([{ slot: 0, ownedBlocks: 0 }]);
  expect([isLive(block), ann.free(block), isLive(block)]).toEqual([true, true, false]);
});

test('in a heap that does not track owners the dead’s blocks stay', () => {
  const { handle } = tinyHeap({ checked: true });
  const [dead, heir] = [anotherSeat(handle), anotherSeat(handle)];
  const block = dead.alloc(64);
  expect(dead.give(block, 1), 'as good as done').toBe(true);
  die(dead);
  expect(heir.recover()).toMatchObject([{ ownedBlocks: 0 }]);
  expect(heir.free(block)).toBe(true);
});

test.runIf(hasProc)(
  'reap does not believe that a thread is dead that the system says is alive',
  () => {
    const block = ann.alloc(64);
    expect([bob.reap(0), bob.reap(bob.slot), bob.reap(3), bob.reap(-1), isLive(block)]).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  },
);
