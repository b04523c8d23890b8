// Checked heaps: a ref names one use of a block, and of all frees of that use exactly one succeeds.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

/** A small block, one of whole pages, and one beyond the classes. */
const SIZES = [64, 1000, 6000];

function seats(): [SharedHeap, SharedHeap] {
  const { handle } = tinyHeap({ checked: true });
  return [anotherSeat(handle), anotherSeat(handle)];
}

describe.each(MODES)('a ref, in mode %s', (mode) => {
  test.each(SIZES)('to a block of %d bytes leads to it while it is live, on every seat', (size) => {
    const [ann, bob] = seats();
    ann.setMode(mode);
    const ptr = ann.alloc(size);
    const ref = ann.ref(ptr);
    expect(ref).toBeGreaterThan(0);
    expect(Number.isSafeInteger(ref)).toBe(true);
    expect([ann.deref(ref), bob.deref(ref), bob.ref(ptr)]).toEqual([ptr, ptr, ref]);
  });

  test.each(SIZES)(
    'to a block of %d bytes is stale once it is freed, and frees nothing',
    (size) => {
      const [ann, bob] = seats();
      ann.setMode(mode);
      const ref = ann.ref(ann.alloc(size));
      expect(bob.freeRef(ref)).toBe(true);
      expect([ann.deref(ref), ann.freeRef(ref), bob.freeRef(ref)]).toEqual([0, false, false]);
      expect(ann.stats()).toMatchObject({ liveBlocks: 0, freeCount: 1 });
      expect(ann.validate()).toEqual([]);
    },
  );

  test.each(SIZES)('to a block of %d bytes stays stale when the block is in use again', (size) => {
    const [ann] = seats();
    ann.setMode(mode);
    const ptr = ann.alloc(size);
    const old = ann.ref(ptr);
    for (let use = 0; use < 5; use++) {
      ann.free(ptr);
      expect(ann.alloc(size), 'the same block').toBe(ptr);
      expect([ann.deref(old), ann.freeRef(old)]).toEqual([0, false]);
      expect(ann.deref(ann.ref(ptr))).toBe(ptr);
    }
    expect(ann.stats().liveBlocks).toBe(1);
  });

  test('survives a realloc that leaves the block where it is, and no other', () => {
    const [ann] = seats();
    ann.setMode(mode);
    const ptr = ann.alloc(6000);
    const ref = ann.ref(ptr);
    expect(ann.realloc(ptr, 5900)).toBe(ptr);
    expect(ann.deref(ref)).toBe(ptr);
    ann.alloc(64);
    const moved = ann.realloc(ptr, 12_000);
    expect(moved).not.toBe(0);
    expect(ann.deref(ref)).toBe(moved === ptr ? ptr : 0);
    expect(ann.deref(ann.ref(moved))).toBe(moved);
  });
});

describe('of two threads that free one block at once', () => {
  test('exactly one succeeds: the other finds its generation over', () => {
    const [ann, bob] = seats();
    const ptr = ann.alloc(64);
    const { generations } = layersOf(bob).states;
    const seen = generations.current(ptr / 16);
    expect(ann.free(ptr)).toBe(true);
    expect(generations.finish(ptr / 16, seen), 'what bob would do next').toBe(false);
    expect(ann.alloc(64), 'and also when it is in use again').toBe(ptr);
    expect(generations.finish(ptr / 16, seen)).toBe(false);
    expect([ann.usableSize(ptr), ann.free(ptr), bob.free(ptr)]).toEqual([64, true, false]);
  });
});

describe('what is no ref', () => {
  const strange = [0, -1, 1.5, NaN, Infinity, 2 ** 53, 7, 2 ** 30, 2 ** 52 + 3, '1', null];
  test.each(strange)('leads nowhere and frees nothing: %s', (value) => {
    const [ann] = seats();
    ann.alloc(64);
    expect(ann.deref(value as number)).toBe(0);
    expect(ann.freeRef(value as number)).toBe(false);
    expect(ann.stats().liveBlocks).toBe(1);
    expect(ann.validate()).toEqual([]);
  });

  test('is also every ref of a heap that is not checked', () => {
    const heap = anotherSeat(tinyHeap().handle);
    const ptr = heap.alloc(64);
    expect([heap.ref(ptr), heap.deref(ptr / 16), heap.freeRef(ptr / 16)]).toEqual([0, 0, false]);
    expect(heap.free(ptr)).toBe(true);
  });

  test('is the ref of a generation that is over, or has not begun', () => {
    const [ann] = seats();
    const ptr = ann.alloc(64);
    const ref = ann.ref(ptr);
    ann.free(ptr);
    const over = ref + 2 ** 30;
    const next = ref + 2 ** 31;
    expect([ann.deref(over), ann.freeRef(over), ann.deref(next)]).toEqual([0, false, 0]);
    expect([ann.alloc(64), ann.deref(over), ann.deref(next)]).toEqual([ptr, 0, ptr]);
  });

  test('is a ref to a block that was never live', () => {
    const [ann] = seats();
    const ptr = ann.alloc(64);
    const never = ptr / 16 + 1;
    expect([ann.deref(never), ann.deref(never + 2 ** 30), ann.freeRef(never)]).toEqual([
      0,
      0,
      false,
    ]);
    expect([ann.ref(0), ann.ref(ptr + 16), ann.ref(ptr + 64), ann.ref(NaN)]).toEqual([0, 0, 0, 0]);
  });
});

test('a generation repeats after 2^23 steps, no sooner', () => {
  const [ann] = seats();
  const on = layersOf(ann);
  const ptr = ann.alloc(64);
  const old = ann.ref(ptr);
  const word = on.layout.generations + ptr / 16 - on.layout.firstGranule;
  on.memory.set(word, on.memory.get(word) + 2 ** 23 - 2);
  expect(ann.deref(old)).toBe(0);
  ann.free(ptr);
  ann.alloc(64);
  expect(ann.deref(old), 'four million uses later').toBe(ptr);
  on.memory.set(word, 2 ** 23 - 1);
  expect(ann.free(ptr)).toBe(true);
  expect(ann.alloc(64)).toBe(ptr);
  expect(on.states.generations.current(ptr / 16) & 1, 'also where the word wraps').toBe(1);
  expect(ann.freeRef(ann.ref(ptr))).toBe(true);
});

test('a ref is good exactly while its block lives, in any sequence of operations', () => {
  const step = fc.record({
    free: fc.boolean(),
    size: fc.constantFrom(...SIZES, 16, 300),
    which: fc.nat(1000),
    who: fc.nat(1),
  });
  assertProperty(
    60,
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const both = seats();
      const refs = new Map<number, number>();
      const stale: number[] = [];
      for (const { free, size, which, who } of steps) {
        const heap = both[who] as SharedHeap;
        const [ref = 0] = [...refs.keys()].slice(which % Math.max(refs.size, 1));
        if (free && ref !== 0) {
          expect(heap.freeRef(ref)).toBe(true);
          refs.delete(ref);
          stale.push(ref);
        } else {
          const ptr = heap.alloc(size);
          if (ptr !== 0) refs.set(heap.ref(ptr), ptr);
        }
        for (const [it, ptr] of refs) expect(heap.deref(it)).toBe(ptr);
        expect(stale.filter((it) => heap.deref(it) !== 0)).toEqual([]);
      }
      expect(stale.filter((it) => both[0].freeRef(it))).toEqual([]);
      expect(both[0].stats().liveBlocks).toBe(refs.size);
      expect(both[0].validate()).toEqual([]);
    }),
  );
});
