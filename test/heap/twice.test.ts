// Frees of one block by two threads at the same time, in a heap that is not checked: whatever else
// happens before and after, no block is ever out twice, and all pages come home. One thread plays
// all of them, so what each has seen and done is exact.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { FEW } from '../support/classes.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, layersOf, shapeOf, tinyHeap } from '../support/tiny.ts';

type Step =
  | { readonly do: 'alloc'; readonly size: number; readonly who: number }
  | { readonly do: 'free'; readonly which: number; readonly who: number }
  | { readonly do: 'freeAtOnce'; readonly which: number; readonly who: number };

const who = fc.nat(2);
const which = fc.nat(1000);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('alloc' as const), size: fc.constantFrom(64, 160, 700), who }),
  fc.record({ do: fc.constant('free' as const), which, who }),
  fc.record({ do: fc.constant('freeAtOnce' as const), which, who }),
);

/**
 * Both threads have read the state as live before either of them writes it. One that has no room in
 * a magazine asks again, under the class's lock, and sees that it is late.
 */
function freeAtOnce(ptr: number, first: SharedHeap, second: SharedHeap): void {
  const { states } = layersOf(first);
  const live = states.get(ptr / 16);
  const room = [first, second].every((seat) => layersOf(seat).depots[live]?.makeRoom() === true);
  expect(first.free(ptr)).toBe(true);
  if (room) states.mark(ptr / 16, live);
  expect(second.free(ptr)).toBe(room);
}

function freeOnce(ptr: number, seat: SharedHeap): void {
  expect(seat.free(ptr)).toBe(true);
}

function expectHolds(seat: SharedHeap, ptr: number, size: number): void {
  expect(seat.usableSize(ptr)).toBeGreaterThanOrEqual(size);
  expect(seat.usableSize(ptr)).toBeLessThan(2 * size);
}

function expectNew(ptr: number, live: readonly number[]): void {
  expect(live).not.toContain(ptr);
}

class Threads {
  readonly seats: readonly SharedHeap[];
  readonly live: number[] = [];

  constructor(magazines: number) {
    const { handle } = tinyHeap({ zones: [0, 512, 0], classes: FEW, magazines });
    this.seats = [0, 1, 2].map(() => anotherSeat(handle));
  }

  seat(number: number): SharedHeap {
    return this.seats[number % 3] as SharedHeap;
  }

  play(it: Step): void {
    if (it.do === 'alloc') return this.alloc(this.seat(it.who), it.size);
    const [ptr] = this.live.splice(it.which % Math.max(this.live.length, 1), 1);
    if (ptr === undefined) return;
    if (it.do === 'free') freeOnce(ptr, this.seat(it.who));
    else freeAtOnce(ptr, this.seat(it.who), this.seat(it.who + 1));
  }

  private alloc(seat: SharedHeap, size: number): void {
    const ptr = seat.alloc(size);
    if (ptr === 0) return;
    expectNew(ptr, this.live);
    expectHolds(seat, ptr, size);
    this.live.push(ptr);
  }
}

test('no block is handed out twice, however often two threads free one at once', () => {
  const sequences = fc.array(step, { maxLength: 150, size: 'max' });
  assertProperty(
    100,
    fc.property(sequences, fc.integer({ min: 6, max: 40 }), (steps, magazines) => {
      const threads = new Threads(magazines);
      const on = layersOf(threads.seat(0));
      const before = shapeOf(on);
      steps.forEach((it, i) => {
        threads.play(it);
        if (i % 10 === 9) expect(threads.seat(i).validate()).toEqual([]);
      });
      for (const ptr of threads.live) expect(threads.seat(1).free(ptr)).toBe(true);
      for (const seat of [...threads.seats, ...threads.seats]) seat.reclaim();
      expect(shapeOf(on)).toEqual(before);
      expect(threads.seat(2).validate()).toEqual([]);
      expect(threads.seat(2).stats()).toMatchObject({ liveBlocks: 0, allocatedBytes: 0 });
    }),
  );
});

/** Takes small blocks until one lies at `ptr`. */
function reuse(heap: SharedHeap, ptr: number): void {
  for (let got = heap.alloc(64); got !== ptr; got = heap.alloc(64)) expect(got).not.toBe(0);
}

describe('the entry of the thread that was late', () => {
  /**
   * Ann, on any of the seats, has freed `before` blocks of other slabs, then the block together
   * with Bob, then `after` others. Bob frees what shares its slab, and leaves: the slab goes home.
   */
  function late(size: number, seat: number, before: number, after: number) {
    const { handle } = tinyHeap({ zones: [0, 64, 0], classes: FEW, align: 64 });
    for (let i = 0; i < seat; i++) anotherSeat(handle);
    const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
    const [block = 0, ...kin] = [1, 2, 3].map(() => ann.alloc(size));
    const others = Array.from({ length: before + after }, () => ann.alloc(size));
    const last = [1, 2, 3].map(() => bob.alloc(size));
    ann.freeMany(others.slice(0, before));
    freeAtOnce(block, ann, bob);
    ann.freeMany(others.slice(before));
    bob.freeMany([...kin, ...last]);
    bob.detach();
    expect(layersOf(ann).map.isFree(block / 256)).toBe(true);
    return { ann, block };
  }

  const places: [where: string, size: number, seat: number, before: number, after: number][] = [
    ['its magazine', 160, 0, 0, 0],
    ['its magazine, on another seat', 160, 2, 1, 1],
    ['its other magazine', 160, 0, 2, 1],
    ['its other magazine, on another seat', 160, 1, 0, 3],
    ['the depot', 160, 0, 2, 5],
    ['its magazine of runs', 700, 0, 0, 0],
    ['its other magazine of runs', 700, 1, 2, 1],
    ['the depot of runs', 700, 0, 2, 5],
  ];

  test.each(places)('in %s is not damage to validate', (_, size, seat, before, after) => {
    expect(late(size, seat, before, after).ann.validate()).toEqual([]);
  });

  test.each(places)('in %s is void when the page serves another class', (_, ...how) => {
    const { ann, block } = late(...how);
    reuse(ann, block);
    expect(ann.free(block)).toBe(true);
    const got = Array.from({ length: 12 }, () => ann.alloc(how[0]));
    expect(got).not.toContain(block);
    expect(new Set(got).size).toBe(12);
    expect(ann.alloc(64), 'it is a small block').toBe(block);
    expect(ann.validate()).toEqual([]);
  });
});
