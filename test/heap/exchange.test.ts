// Exchanges of magazines, played by two seats of one thread: a batch that a slot's own magazines
// hold is served without the slow path, save what that path has to look after.

import { expect, test, vi } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { slowFrees } from '../../src/heap/detour.ts';
import { FEW } from '../support/classes.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;
/** More than one magazine of three holds, and no more than two of them. */
const BATCH = 6;

interface Counted {
  readonly heap: SharedHeap;
  readonly other: SharedHeap;
  /** Slow allocs and frees since the last question. */
  slow(): number;
}

/** A seat that has taken its batch before, and another one. */
function seats(): Counted {
  const { handle } = tinyHeap({ classes: FEW, magazines: 512 });
  const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
  const { allocation, release } = heap['session'];
  const calls = [vi.spyOn(allocation, 'find'), vi.spyOn(release, 'free')];
  const slow = () => {
    const count = calls.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    for (const { mock } of calls) mock.calls.length = 0;
    return count;
  };
  for (let i = 0; i < 4; i++) turn(heap);
  slow();
  return { heap, other, slow };
}

function turn(heap: SharedHeap): void {
  const ptrs = new Array<number>(BATCH).fill(0);
  expect(heap.allocMany(ptrs, SIZE)).toBe(BATCH);
  expect(new Set(ptrs).size).toBe(BATCH);
  expect(heap.freeMany(ptrs)).toBe(BATCH);
}

function expectSound(heap: SharedHeap): void {
  expect(heap.validate()).toEqual([]);
  expect(heap.stats().liveBlocks).toBe(0);
}

test('a batch of two magazines takes no slow path but the one call in 64 that looks around', () => {
  const { heap, slow } = seats();
  const looks = vi.spyOn(heap['session'].recovery, 'look');
  const turns = 320; // four exchanges each, two for the allocs and two for the frees
  for (let i = 0; i < turns; i++) turn(heap);
  expect(looks.mock.calls.length).toBe((4 * turns) / 64);
  expect(slow()).toBe((4 * turns) / 64);
  expectSound(heap);
});

test('a death is attended to at the next exchange', () => {
  const { heap, other } = seats();
  other.alloc(SIZE);
  layersOf(heap).table.declare(other.slot);
  turn(heap);
  expect(layersOf(heap).table.isFree(other.slot)).toBe(true);
});

test('while somebody waits for memory all exchanges are slow, and what is freed goes home', () => {
  const { heap, other, slow } = seats();
  const ptrs = new Array<number>(BATCH).fill(0);
  heap.allocMany(ptrs, SIZE);
  const { waits, memory } = layersOf(other);
  expect(waits.join(4)).toBe(true);
  slowFrees(layersOf(other));
  slow();
  expect(heap.freeMany(ptrs)).toBe(BATCH);
  expect(slow()).toBe(BATCH);
  expect(layersOf(heap).magazines.countOf(1)).toBe(0);
  waits.leave();
  expect(memory.load(HEADER.WAITING)).toBe(0);
  for (let i = 0; i < 4; i++) turn(heap);
  slow();
  turn(heap);
  expect(slow()).toBe(0);
  expectSound(heap);
});

test('while somebody waits, an alloc that needs another magazine takes the slow path', () => {
  const { heap, other, slow } = seats();
  const { waits } = layersOf(other);
  expect(waits.join(4)).toBe(true);
  const ptrs = new Array<number>(BATCH).fill(0);
  expect(heap.allocMany(ptrs, SIZE)).toBe(BATCH);
  expect(slow()).toBeGreaterThan(0);
  expect(layersOf(heap).magazines.countOf(1), 'what it had cached has gone home').toBe(0);
  waits.leave();
  expect(heap.freeMany(ptrs)).toBe(BATCH);
  expectSound(heap);
});

test('a free that the slow path wants to see exchanges nothing before', () => {
  const { heap, slow } = seats();
  const ptrs = new Array<number>(BATCH).fill(0);
  heap.allocMany(ptrs, SIZE);
  slowFrees(layersOf(heap));
  slow();
  const exchange = vi.spyOn(layersOf(heap).magazines, 'exchange');
  expect(heap.free(ptrs.pop()!)).toBe(true);
  expect([slow(), exchange.mock.calls.length]).toEqual([1, 0]);
  expect(heap.freeMany(ptrs)).toBe(BATCH - 1);
  expectSound(heap);
});

test('while faults are injected every alloc is asked about', () => {
  const { heap, slow } = seats();
  heap.faults.inject({ nth: 1 });
  expect(heap.alloc(SIZE)).toBe(0);
  expect(heap.lastError?.injected).toBe(true);
  heap.faults.inject(null);
  expect(slow()).toBeGreaterThan(0);
  turn(heap);
  expectSound(heap);
});

test('what is no block, and a thread that has left, come out as ever', () => {
  const { heap, other } = seats();
  const ptrs = new Array<number>(BATCH).fill(0);
  heap.allocMany(ptrs, SIZE);
  for (const ptr of [0, 1, -16, 2 ** 40, NaN, ptrs[0]! + 16]) expect(heap.free(ptr)).toBe(false);
  expect(heap.freeMany(ptrs)).toBe(BATCH);
  expect(heap.freeMany(ptrs)).toBe(0);
  expectSound(heap);
  heap.detach();
  expect(heap.alloc(SIZE)).toBe(0);
  expect(heap.lastError?.code).toBe('DETACHED');
  expect(other.validate()).toEqual([]);
});
