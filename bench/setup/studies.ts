// Set-up: how long it takes to make a heap of a gibibyte and to attach to one, and how much of it
// is resident then; against a buffer of that size, and against the start of a worker. Every figure
// is of a thread that had never called the heap before, and the kinds take turns.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SharedHeap } from '../../src/index.ts';
import { figuresOf, judgeBy, type Unit } from '../suite/figures.ts';
import { orderOf } from '../suite/measure.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Setting, Study } from '../suite/study.ts';
import type { Act, Settled, SettlerOrders } from './settling.ts';

const GROUP = 'set-up of a 1 GiB heap';
const BYTES = 2 ** 30;
const ACTS: readonly Act[] = ['create', 'attach', 'buffer'];
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/settler${ENDING}`, import.meta.url);

interface Arrival extends Settled {
  readonly startMs: number;
}

type Arrivals = Record<Act, Arrival[]>;

export const SETUP_STUDY: Study = {
  group: GROUP,
  name: 'create and attach',
  async play({ quick }: Setting): Promise<RowResult[]> {
    const heaps = [SharedHeap.create({ size: BYTES }), SharedHeap.create({ size: BYTES })] as const;
    const handles = [heaps[0].handle, heaps[1].handle] as const;
    const arrivals: Arrivals = { create: [], attach: [], buffer: [] };
    for (let round = 0; round < (quick ? 3 : 9); round++) {
      for (const index of orderOf(round, ACTS.length)) {
        const act = ACTS[index]!;
        arrivals[act].push(await arrive({ act, bytes: BYTES, handles }));
      }
    }
    for (const heap of heaps) heap.detach();
    return rowsOf(arrivals);
  },
};

export async function arrive(orders: SettlerOrders): Promise<Arrival> {
  const start = performance.now();
  const worker = new Worker(PROGRAM, { workerData: orders });
  const online = once(worker, 'online').then(() => performance.now() - start);
  const all = [online, once(worker, 'message'), once(worker, 'exit')] as const;
  const [startMs, [settled]] = await Promise.all(all);
  return { ...(settled as Settled), startMs };
}

function rowsOf({ create, attach, buffer }: Arrivals): RowResult[] {
  const alone = 'a buffer alone';
  return [
    row(
      'create',
      'ms',
      create,
      'firstMs',
      ['≤ 10 ms', 10],
      [
        ['once more', create.map((it) => it.secondMs)],
        [alone, buffer.map((it) => it.firstMs)],
      ],
    ),
    row(
      'resident after it',
      'bytes',
      create,
      'residentBytes',
      ['≤ 2 MiB', 2 * 2 ** 20],
      [[alone, buffer.map((it) => it.residentBytes)]],
    ),
    row(
      'attach in a worker',
      'ms',
      attach,
      'firstMs',
      ['≤ 1 ms', 1],
      [
        ['once more', attach.map((it) => it.secondMs)],
        ['a worker’s start', attach.map((it) => it.startMs)],
      ],
    ),
  ];
}

function row(
  name: string,
  unit: Unit,
  arrivals: readonly Arrival[],
  figure: keyof Arrival,
  [goal, limit]: readonly [string, number],
  others: readonly (readonly [string, readonly number[]])[],
): RowResult {
  const ours = figuresOf(
    'atomalloc',
    arrivals.map((it) => it[figure]),
  );
  const sides = [ours, ...others.map(([side, rounds]) => figuresOf(side, rounds))];
  return rowResult(
    GROUP,
    name,
    unit,
    sides,
    judgeBy(goal, ours, () => limit),
  );
}
