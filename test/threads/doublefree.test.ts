// Two threads that free one block in the same instant, or one that frees it while the other resizes
// it. An ordinary heap, whose frees take no lock, may say yes to both, but no block is handed out
// twice because of it; a checked heap says yes to exactly one free.

import { describe, expect, test } from 'vitest';
import { SharedHeap, type Mode } from '../../src/index.ts';
import type { RivalOrders } from '../../workers/rival.ts';
import { Barrier, barrierWords } from '../support/threads/barrier.ts';
import { expectEmpty, start } from '../support/threads/start.ts';

const ROUNDS = 5;
const COUNT = 300;
const SIZES = [64, 640, 20_000, 100_000];

interface Task {
  readonly size: number;
  /** What the first and the second do. */
  readonly by: readonly [RivalOrders['by'], RivalOrders['by']];
}

type Bytes = Uint8Array<SharedArrayBuffer>;

interface Fight {
  /** How many of each block's two frees were told that they did it, block by block. */
  readonly yeses: number[];
  /** What each of the two got from the heap when it was empty, by round. */
  readonly taken: number[][][];
  readonly blocks: number;
}

/** Gives both workers the same blocks in each round, and collects what they say. */
async function fight(heap: SharedHeap, { size, by }: Task): Promise<Fight> {
  const blocks = Math.min(COUNT, Math.floor(2e6 / size));
  const victims = new Float64Array(new SharedArrayBuffer(blocks * 8));
  const verdicts: readonly [Bytes, Bytes] = [sharedBytes(blocks), sharedBytes(blocks)];
  const words = { barrier: barrierWords(), step: barrierWords() };
  const workers = ([0, 1] as const).map((me) => {
    const mine = { by: by[me]!, victims, verdicts: verdicts[me]!, ...words };
    const orders = { heap: heap.handle, rounds: ROUNDS, size, ...mine };
    return start<number[][]>('rival', orders satisfies RivalOrders);
  });
  const barrier = new Barrier(words.barrier, 3);
  const yeses: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    victims.forEach(
      (_, i) => (victims[i] = by[0] === 'freeRef' ? refTo(heap, size) : heap.alloc(size)),
    );
    heap.reclaim(); // what this thread holds, nobody else can get
    for (let meeting = 0; meeting < 2; meeting++) barrier.meet(); // they strike
    yeses.push(...Array.from(verdicts[0], (yes, i) => yes + verdicts[1][i]!));
    for (let meeting = 0; meeting < 3; meeting++) barrier.meet(); // they tidy up, drain, and leave
  }
  return { yeses, taken: await Promise.all(workers), blocks };
}

function sharedBytes(length: number): Bytes {
  return new Uint8Array(new SharedArrayBuffer(length));
}

function refTo(heap: SharedHeap, size: number): number {
  return heap.ref(heap.alloc(size));
}

function expectEachOnce({ taken, blocks }: Fight): void {
  for (let round = 0; round < ROUNDS; round++) {
    const all = taken.flatMap((one) => one[round]!);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(blocks);
  }
}

describe('two threads that free the same blocks in the same instant', () => {
  test.each(SIZES)('are not both given one of them afterwards: %d bytes', async (size) => {
    const heap = SharedHeap.create({ size: '4MiB' });
    const result = await fight(heap, { size, by: ['free', 'free'] });
    expect(result.yeses.filter((yes) => yes < 1)).toEqual([]);
    expectEachOnce(result);
    heap.reclaim();
    expect(heap.validate()).toEqual([]);
    expect(heap.stats().freePages).toBe(heap.stats().pages);
  });

  test.each(SIZES)('of a checked heap hear one yes and one no: %d bytes', async (size) => {
    const heap = SharedHeap.create({ size: '6MiB', checked: true });
    const result = await fight(heap, { size, by: ['free', 'free'] });
    expect(result.yeses.filter((yes) => yes !== 1)).toEqual([]);
    expectEachOnce(result);
    const { doubleFrees, invalidFrees } = heap.stats();
    expect(doubleFrees + invalidFrees).toBe(ROUNDS * result.blocks);
    expectEmpty(heap);
  });

  test.each(SIZES)('by its ref hear one yes and one no: %d bytes', async (size) => {
    const heap = SharedHeap.create({ size: '6MiB', checked: true });
    const result = await fight(heap, { size, by: ['freeRef', 'freeRef'] });
    expect(result.yeses.filter((yes) => yes !== 1)).toEqual([]);
    expectEachOnce(result);
    expectEmpty(heap);
  });
});

describe('a thread that frees blocks while another resizes them', () => {
  test.each<[Mode, boolean, number]>([
    ['two-tier', false, 640],
    ['two-tier', false, 20_000],
    ['two-tier', false, 100_000],
    ['two-tier', true, 100_000],
    ['simple-heap', false, 5000],
    ['simple-heap', true, 5000],
  ])('leaves the heap sound and whole: %s, checked %s, %d bytes', async (mode, checked, size) => {
    const heap = SharedHeap.create({ size: '6MiB', mode, checked });
    expectEachOnce(await fight(heap, { size, by: ['free', 'realloc'] }));
    heap.reclaim();
    expect(heap.validate()).toEqual([]);
    expect(heap.stats()).toMatchObject({ liveBlocks: 0, freePages: heap.stats().pages });
  });
});
