// Affinity in a simulated machine of two nodes: the lower half of the heap's memory is the one's,
// the upper half the other's, and on each node runs one thread. What share of its blocks does a
// thread get from its own node, if it asks for that, and if it does not? Once each thread frees its
// own blocks, once both replace blocks of one table, so that half of all are freed by the other.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SharedHeap, type HeapHandle, type ZoneName } from '../../src/index.ts';
import { figuresOf, NO_GOAL } from '../suite/figures.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Setting, Study } from '../suite/study.ts';

/** What one of the two threads is to do. */
export interface DwellerOrders {
  readonly heap: HeapHandle;
  readonly home: ZoneName;
  /** Whether it says so to the heap. */
  readonly says: boolean;
  /** Granules of live blocks. */
  readonly table: Int32Array;
  /** The part of the table in which it replaces blocks. */
  readonly first: number;
  readonly end: number;
  readonly turns: number;
}

const GROUP = 'affinity, two nodes simulated';
const SIZE = 64 * 2 ** 20;
const LIVE = 4000;
const HOMES: readonly ZoneName[] = ['normal', 'high'];
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/dweller${ENDING}`, import.meta.url);

export const HALF = SIZE / 2;

export const AFFINITY_STUDY: Study = {
  group: GROUP,
  name: 'local share',
  async play({ quick }: Setting): Promise<RowResult[]> {
    const turns = quick ? 50_000 : 1_000_000;
    return [
      await rowOf('local share, each its own blocks', false, turns),
      await rowOf('local share, blocks of both in one table', true, turns),
    ];
  },
};

async function rowOf(name: string, together: boolean, turns: number): Promise<RowResult> {
  const sides = [
    figuresOf('at home', await shares(true, together, turns)),
    figuresOf('anywhere', await shares(false, together, turns)),
  ];
  return rowResult(GROUP, name, 'percent', sides, NO_GOAL, []);
}

/** Of each thread's blocks, which share was on its node. */
async function shares(says: boolean, together: boolean, turns: number): Promise<number[]> {
  const heap = SharedHeap.create({ size: SIZE, zones: { dmaEnd: 0, highStart: HALF } });
  const table = new Int32Array(new SharedArrayBuffer(2 * LIVE * 4));
  const workers = HOMES.map((home, node) => {
    const place = together ? { first: 0, end: 2 * LIVE } : partOf(node);
    const workerData: DwellerOrders = { heap: heap.handle, home, says, table, turns, ...place };
    return new Worker(PROGRAM, { workerData });
  });
  const gone = Promise.all(workers.map((it) => once(it, 'exit')));
  const told = await Promise.all(
    workers.map(async (it) => (await once(it, 'message'))[0] as number),
  );
  await gone;
  heap.detach();
  return told;
}

function partOf(node: number): { readonly first: number; readonly end: number } {
  return { first: node * LIVE, end: (node + 1) * LIVE };
}
