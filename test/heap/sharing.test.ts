// Shared blocks: the last reference frees them, whoever lets go, leaves or dies; who writes has a
// block of its own; a weak handle leads to the block it was made of or to nothing. The dead are
// seats of this thread, given up as a crashed thread gives up its own.

import { beforeEach, describe, expect, test } from 'vitest';
import { HeapError } from '../../src/word/errors.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES, type Mode } from '../../src/heap/mode.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { hasStamp, stamp } from '../support/stamp.ts';
import { hasProc } from '../support/threads/named.ts';
import { anotherSeat, layersOf, shapeOf, tinyHeap, type Tiny } from '../support/tiny.ts';

/** A small block, one of whole pages, and one beyond the classes. */
const SIZES = [64, 1000, 6000];

let tiny: Tiny;
let ann: SharedHeap;
let bob: SharedHeap;
let empty: readonly number[];

function prepare(mode: Mode = 'two-tier', magazines = 64): void {
  tiny = tinyHeap({ checked: true, mode, magazines });
  [ann, bob] = [anotherSeat(tiny.handle), anotherSeat(tiny.handle)];
  empty = shapeOf(layersOf(bob));
}

/** From here on the thread on that seat is dead. */
function die(heap: SharedHeap): void {
  heap['attachment'].table.declare(heap.slot);
}

function codeOf(heap: SharedHeap): string | undefined {
  return heap.lastError?.code;
}

function expectEmpty(): void {
  expect(bob.stats()).toMatchObject({ liveBlocks: 0, references: { held: 0, holders: 0 } });
  expect(bob.validate()).toEqual([]);
  ann.detach();
  bob.reclaim();
  expect(shapeOf(layersOf(bob))).toEqual(empty);
  bob.detach();
  expectNoArrayLost(layersOf(bob));
}

beforeEach(() => prepare());

describe.each(MODES)('in mode %s', (mode) => {
  beforeEach(() => prepare(mode));

  test.each(SIZES)('the last release frees a block of %d bytes, and no release before', (size) => {
    const ptr = ann.alloc(size);
    expect([ann.retain(ptr), bob.retain(ptr), bob.retain(ptr)]).toEqual([true, true, true]);
    expect(ann.stats().references).toMatchObject({ held: 3, holders: 2 });
    expect([bob.release(ptr), ann.release(ptr), ann.holders(ptr)]).toEqual([true, true, 1]);
    expect(ann.usableSize(ptr)).toBeGreaterThanOrEqual(size);
    expect([ann.release(ptr), codeOf(ann)]).toEqual([false, 'NOT_RETAINED']);
    expect([bob.release(ptr), bob.usableSize(ptr), bob.release(ptr)]).toEqual([true, 0, false]);
    expectEmpty();
  });

  test.each(SIZES)('nobody else frees or moves a shared block of %d bytes', (size) => {
    const ptr = ann.alloc(size);
    bob.retain(ptr);
    for (const refused of [
      () => ann.free(ptr),
      () => bob.free(ptr),
      () => ann.freeRef(ann.ref(ptr)),
      () => ann.realloc(ptr, size * 2) !== 0,
      () => bob.realloc(ptr, 16) !== 0,
    ]) {
      expect(refused()).toBe(false);
    }
    expect([codeOf(ann), codeOf(bob)]).toEqual(['RETAINED', 'RETAINED']);
    expect(ann.stats()).toMatchObject({ liveBlocks: 1, invalidFrees: 3, doubleFrees: 0 });
    expect(bob.release(ptr)).toBe(true);
    expectEmpty();
  });

  test.each(SIZES)(
    'who writes to %d shared bytes has a copy, who does not need one none',
    (size) => {
      const ptr = ann.alloc(size);
      stamp(tiny.handle.buffer, ptr, size, 1);
      ann.retain(ptr);
      expect(ann.beginWrite(ptr), 'alone').toBe(ptr);
      bob.retain(ptr);
      const copy = bob.beginWrite(ptr);
      expect([copy === ptr, copy === 0]).toEqual([false, false]);
      expect(hasStamp(tiny.handle.buffer, copy, size, 1)).toBe(true);
      expect([bob.holders(copy), bob.holders(ptr), bob.release(ptr)]).toEqual([1, 1, false]);
      stamp(tiny.handle.buffer, copy, size, 2);
      expect(hasStamp(tiny.handle.buffer, ptr, size, 1)).toBe(true);
      expect(ann.beginWrite(ptr), 'alone again').toBe(ptr);
      expect(ann.stats().references).toEqual({ held: 2, holders: 2, copies: 1 });
      expect([ann.release(ptr), bob.release(copy)]).toEqual([true, true]);
      expectEmpty();
    },
  );

  test.each(SIZES)('the dead drop their references to blocks of %d bytes', (size) => {
    const [shared, own] = [ann.alloc(size), ann.alloc(size)];
    for (const ptr of [shared, shared, own, own]) ann.retain(ptr);
    bob.retain(shared);
    const weak = bob.weak(own);
    die(ann);
    expect(bob.recover()).toMatchObject([{ ownedBlocks: 1 }]);
    expect([bob.usableSize(own), bob.upgrade(weak), bob.holders(shared)]).toEqual([
      0,
      undefined,
      1,
    ]);
    expect(bob.validate()).toEqual([]);
    expect(bob.release(shared)).toBe(true);
    ann = anotherSeat(tiny.handle);
    expectEmpty();
  });

  test('who detaches drops its references', () => {
    const [shared, own] = [ann.alloc(64), ann.alloc(1000)];
    for (const ptr of [shared, own]) ann.retain(ptr);
    bob.retain(shared);
    ann.detach();
    expect([bob.usableSize(own), bob.holders(shared)]).toEqual([0, 1]);
    expect([ann.retain(shared), ann.release(shared), ann.beginWrite(shared)]).toEqual([
      false,
      false,
      0,
    ]);
    expect([codeOf(ann), ann.holders(shared), ann.weak(shared)]).toEqual(['DETACHED', 0, 0]);
    expect(bob.release(shared)).toBe(true);
    expectEmpty();
  });
});

test('a weak handle is upgraded while the block lives, and never to another', () => {
  const ptr = ann.alloc(64);
  const weak = ann.weak(ptr);
  expect([bob.upgrade(weak), bob.holders(ptr)], 'an ordinary block').toEqual([ptr, 1]);
  expect([ann.upgrade(weak), bob.upgrade(weak), ann.holders(ptr)]).toEqual([ptr, ptr, 2]);
  for (const heap of [ann, bob, bob]) expect(heap.release(ptr)).toBe(true);
  expect([ann.upgrade(weak), codeOf(ann)]).toEqual([undefined, 'INVALID_POINTER']);
  expect(bob.alloc(64), 'the same block').toBe(ptr);
  expect([ann.upgrade(weak), bob.upgrade(weak), ann.holders(ptr)]).toEqual([
    undefined,
    undefined,
    0,
  ]);
  bob.retain(ptr);
  expect(bob.upgrade(weak), 'one that it holds').toBe(undefined);
  expect([bob.release(ptr), bob.release(ptr)]).toEqual([true, false]);
  for (const wrong of [0, -1, NaN, 0.5, 2 ** 52 - 1, ptr])
    expect(ann.upgrade(wrong)).toBe(undefined);
  expectEmpty();
});

test('a weak handle does not lead into what is being written', () => {
  const ptr = ann.alloc(64);
  ann.retain(ptr);
  const weak = bob.weak(ptr);
  expect([ann.beginWrite(ptr), bob.upgrade(weak), bob.deref(weak)]).toEqual([ptr, undefined, 0]);
  const written = ann.weak(ptr);
  expect([bob.upgrade(written), ann.upgrade(written), ann.holders(ptr)]).toEqual([ptr, ptr, 2]);
  const copy = bob.beginWrite(ptr);
  expect([copy === ptr, ann.upgrade(written), ann.holders(ptr)]).toEqual([false, ptr, 1]);
  expect(bob.release(copy)).toBe(true);
  for (let left = 3; left > 0; left--) expect(ann.release(ptr)).toBe(true);
  expectEmpty();
});

test('a thread that has two references to a block writes to a copy', () => {
  const ptr = ann.alloc(64);
  ann.retain(ptr);
  ann.retain(ptr);
  const copy = ann.beginWrite(ptr);
  expect([copy === ptr, ann.holders(ptr), ann.holders(copy)]).toEqual([false, 1, 1]);
  expect([ann.release(ptr), ann.release(ptr), ann.release(copy)]).toEqual([true, false, true]);
  expectEmpty();
});

test.each([0, 1, -16, NaN, 8, 2 ** 40])('%d is nothing to share', (ptr) => {
  expect([ann.retain(ptr), codeOf(ann)]).toEqual([false, 'INVALID_POINTER']);
  expect([ann.release(ptr), ann.beginWrite(ptr), codeOf(ann)]).toEqual([false, 0, 'NOT_RETAINED']);
  expect([ann.holders(ptr), ann.weak(ptr)]).toEqual([0, 0]);
});

test('a free block cannot be retained, nor one inside another', () => {
  const [ptr, next] = [ann.alloc(1000), ann.alloc(64)];
  ann.free(next);
  layersOf(ann).states.register(next / 16); // as who is about to take it
  expect(bob.retain(next), 'not live yet').toBe(false);
  expect([ann.retain(ptr + 16), ann.free(ptr), ann.retain(ptr)]).toEqual([false, true, false]);
  expectEmpty();
});

test('a heap that is not checked says what to do', () => {
  const plain = anotherSeat(tinyHeap().handle);
  const ptr = plain.alloc(64);
  for (const call of ['retain', 'release', 'beginWrite', 'upgrade'] as const) {
    expect(() => plain[call](ptr)).toThrow(HeapError);
    expect(() => plain[call](ptr)).toThrow(/checked: true/);
  }
  expect([plain.holders(ptr), plain.weak(ptr), plain.free(ptr)]).toEqual([0, 0, true]);
});

test('no memory for a copy, and nothing has changed', () => {
  const ptr = ann.alloc(6000);
  ann.retain(ptr);
  bob.retain(ptr);
  const rest: number[] = [];
  for (let it = ann.alloc(256); it !== 0; it = ann.alloc(256)) rest.push(it);
  const before = bob.stats();
  expect([bob.beginWrite(ptr), codeOf(bob)]).toEqual([0, 'OUT_OF_MEMORY']);
  expect(bob.stats().references).toEqual(before.references);
  expect([bob.stats().liveBlocks, bob.holders(ptr)]).toEqual([before.liveBlocks, 2]);
  expect(ann.freeMany(rest)).toBe(rest.length);
  expect([bob.release(ptr), ann.release(ptr)]).toEqual([true, true]);
  expectEmpty();
});

test('no room for a further reference is told, and nothing is lost', () => {
  prepare('two-tier', 4);
  const blocks = Array.from({ length: 150 }, () => ann.alloc(64));
  const held = blocks.filter((ptr) => ann.retain(ptr));
  expect([codeOf(ann), held.length % 31, held.length > 0]).toEqual(['REFERENCES_FULL', 0, true]);
  expect([ann.retain(held[0] as number), ann.release(held[0] as number)]).toEqual([true, true]);
  bob.retain(held[0] as number);
  const own = bob.holders(held[0] as number) === 2;
  expect([own, own ? 'held' : codeOf(bob)]).toEqual([false, 'REFERENCES_FULL']);
  expect(ann.validate()).toEqual([]);
  for (const ptr of held) expect(ann.release(ptr)).toBe(true);
  expect(ann.freeMany(blocks.filter((ptr) => !held.includes(ptr)))).toBe(150 - held.length);
  expectEmpty();
});

test('a transaction leaves shared blocks alone', () => {
  const [early, late] = [ann.alloc(64), ann.alloc(64)];
  bob.retain(early);
  const tx = ann.beginTransaction();
  expect([tx.free(early), tx.realloc(early, 500), tx.free(late)]).toEqual([false, 0, true]);
  bob.retain(late);
  const made = tx.alloc(64);
  bob.retain(made);
  tx.rollback();
  expect([early, late, made].map((ptr) => ann.holders(ptr))).toEqual([1, 1, 1]);
  const again = ann.beginTransaction();
  const other = ann.alloc(64);
  expect(again.free(other)).toBe(true);
  bob.retain(other);
  expect(again.commit().ok).toBe(true);
  for (const ptr of [early, late, made, other]) expect(bob.release(ptr)).toBe(true);
  expectEmpty();
});

test('in a heap that tracks owners a reference outlives the owner', () => {
  tiny = tinyHeap({ tracked: true });
  [ann, bob] = [anotherSeat(tiny.handle), anotherSeat(tiny.handle)];
  const [shared, own, let_] = [ann.alloc(64), ann.alloc(64), ann.alloc(64)];
  bob.retain(shared);
  ann.retain(let_);
  die(ann);
  expect(bob.recover()).toMatchObject([{ ownedBlocks: 2 }]);
  expect([bob.usableSize(shared) > 0, bob.usableSize(own), bob.usableSize(let_)]).toEqual([
    true,
    0,
    0,
  ]);
  expect([bob.release(shared), bob.stats().liveBlocks, bob.validate()]).toEqual([true, 0, []]);
});

test.runIf(hasProc)(
  'who comes back from an overflow has none, and frees what was its alone',
  () => {
    const [shared, own] = [ann.alloc(64), ann.alloc(64)];
    for (const ptr of [shared, own]) ann.retain(ptr);
    bob.retain(shared);
    const { table, seat } = layersOf(ann);
    table.giveUp(seat); // as a crash inside the heap does, whose thread goes on
    expect(bob.recover()).toMatchObject([{ ownedBlocks: 0 }]);
    expect([bob.holders(shared), bob.holders(own), bob.usableSize(own)]).toEqual([1, 0, 64]);
    expect([bob.validate(), bob.free(own), bob.release(shared)]).toEqual([[], true, true]);
    ann = anotherSeat(tiny.handle);
    expectEmpty();
  },
);
