// A stack that really ends, at every depth inside the heap: its thread goes on at its next call,
// and nothing is lost. What is cut here has no block in its hands; who was just allocating may
// forget the one that it would have got (README).

import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import { Dice } from '../support/dice.ts';

const DIVES = 300;
/** So many dives follow one another: in the second one, who was cut sits down again. */
const IN_A_ROW = 3;
/** Frames of `dive` that are left to the heap at most: more than it needs. */
const SPARED = 500;

let heap: SharedHeap;
beforeEach(() => {
  const made = SharedHeap.create({ size: '4MiB', maxSlots: 2 });
  heap = made;
  onTestFinished(() => made.detach());
});

/** Calls itself `depth` deep and then does `work`. True if the stack was long enough. */
function dives(depth: number, work: () => unknown): boolean {
  const dive = (left: number): void => {
    if (left > 0) dive(left - 1);
    else work();
  };
  try {
    dive(depth);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
  return true;
}

/** How deep the stack is now. */
function deepest(): number {
  let depth = 0;
  const dive = (): void => {
    depth++;
    dive();
  };
  try {
    dive();
  } catch {
    // as deep as it goes
  }
  return depth;
}

/** Traffic, with the stack's end in between; how often it came in the midst of `work`. */
function overflows(work: () => unknown): number {
  const dice = new Dice(1);
  const ptrs: number[] = [];
  let cuts = 0;
  work(); // once at leisure: V8 compiles nothing at the end of the stack
  for (let i = 0; i < DIVES / IN_A_ROW; i++) {
    for (let n = 0; n < 10; n++) ptrs.push(heap.alloc(dice.logUniform(16, 20_000)));
    for (const ptr of ptrs.splice(20)) expect(heap.free(ptr)).toBe(true);
    const end = deepest();
    for (let n = 0; n < IN_A_ROW; n++) if (!dives(end - dice.below(SPARED), work)) cuts++;
  }
  expect(ptrs.includes(0)).toBe(false);
  for (const ptr of ptrs) expect(heap.free(ptr)).toBe(true);
  return cuts;
}

test.each([
  ['reclaim', () => heap.reclaim()],
  ['validate', () => heap.validate()],
  ['a change of the mode', () => heap.setMode(heap.mode === 'hybrid' ? 'two-tier' : 'hybrid')],
  [
    'a transaction',
    () => heap.transaction((tx) => [tx.alloc(64), tx.alloc(20_000), tx.rollback()]),
  ],
  ['a free and an alloc', () => heap.free(heap.alloc(60_000))],
])('a thread whose stack ends in %s goes on, and has lost nothing', (name, work) => {
  expect(overflows(work)).toBeGreaterThan(0);
  heap.recover();
  expect(heap.validate()).toEqual([]);
  expect(heap.stats().slots.map(({ self }) => self)).toEqual([true]);
  if (name !== 'a free and an alloc') expect(heap.stats().liveBlocks).toBe(0);
});

test('a thread whose stack ends while it attaches keeps no seat', () => {
  const dice = new Dice(2);
  const visit = () => SharedHeap['enter'](heap['formatted']).detach();
  visit();
  let cuts = 0;
  for (let i = 0; i < DIVES; i++) if (!dives(deepest() - dice.below(SPARED), visit)) cuts++;
  expect(cuts).toBeGreaterThan(0);
  heap.recover();
  expect(heap.stats().slots.map(({ self }) => self)).toEqual([true]);
});
