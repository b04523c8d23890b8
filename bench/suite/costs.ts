// What each step down costs: one pair of an alloc and a free on one thread, by how far it has to
// go. The README's cost model is this table. All steps run in one thread and take turns; each has a
// heap of its own and is warm before it counts.
import { Bench } from 'tinybench';
import { SharedHeap } from '../../src/index.ts';
import { figuresOf, NO_GOAL } from './figures.ts';
import { orderOf } from './measure.ts';
import { rowResult, type RowResult } from './run.ts';
import type { Setting, Study } from './study.ts';

const GROUP = 'what a step costs, a pair';
const KIB = 1024;
const ROUND_MS = 40;
const QUICK_MS = 8;

interface Step {
  readonly name: string;
  /** Pairs in one call of `turn`. */
  readonly pairs: number;
  readonly begin: (heap: SharedHeap) => () => void;
}

const STEPS: readonly Step[] = [
  batchOf('64 B in a magazine', 64, 1),
  batchOf('64 B through the depot', 64, 180),
  batchOf('64 B through slabs', 64, 20_000),
  batchOf('8 KiB, slabs come and go', 8 * KIB, 1000),
  batchOf('16 KiB, each run cut and merged', 16 * KIB, 1000),
  batchOf('1 MiB straight from a zone', 1024 * KIB, 1),
  {
    name: 'a transaction of nothing',
    pairs: 1,
    begin: (heap) => () => void heap.beginTransaction().commit(),
  },
  {
    name: '64 B in a transaction of eight',
    pairs: 8,
    begin: (heap) => () => {
      const tx = heap.beginTransaction();
      const ptrs = Array.from({ length: 8 }, () => tx.alloc(64));
      tx.commit();
      for (const ptr of ptrs) heap.free(ptr);
    },
  },
];

/** So many blocks are allocated, and then freed in the order in which they came. */
function batchOf(name: string, size: number, count: number): Step {
  const turns = Math.max(1, Math.floor(1000 / count));
  return {
    name,
    pairs: turns * count,
    begin(heap) {
      const ptrs = new Float64Array(count);
      return () => {
        for (let turn = 0; turn < turns; turn++) {
          for (let i = 0; i < count; i++) ptrs[i] = heap.alloc(size);
          for (let i = 0; i < count; i++) {
            if (!heap.free(ptrs[i] as number)) throw new Error(`${name}: a free was refused`);
          }
        }
      };
    },
  };
}

export const COST_STUDY: Study = {
  group: GROUP,
  name: 'costs',
  async play({ quick }: Setting): Promise<RowResult[]> {
    const ms = quick ? QUICK_MS : ROUND_MS;
    const all = STEPS.map((step) => {
      const heap = SharedHeap.create({ size: '64MiB' });
      return { step, heap, turn: step.begin(heap), rounds: [] as number[] };
    });
    for (const { turn } of all) timed(turn, 4 * ms);
    for (let round = 0; round < (quick ? 3 : 9); round++) {
      for (const index of orderOf(round, all.length)) {
        const { turn, step, rounds } = all[index]!;
        rounds.push(timed(turn, ms) / step.pairs);
      }
    }
    return all.map(({ step, heap, rounds }) => {
      const wrong = heap.validate().map(({ message }) => ({ side: 'atomalloc', what: message }));
      heap.detach();
      return rowResult(GROUP, step.name, 'ns', [figuresOf('atomalloc', rounds)], NO_GOAL, wrong);
    });
  },
};

/** Nanoseconds of one call, on average over so many milliseconds. */
function timed(turn: () => void, ms: number): number {
  const bench = new Bench({ time: ms, iterations: 1, warmup: false, throws: true });
  bench.add('turn', turn);
  const { result } = bench.runSync()[0]!;
  if (result.state !== 'completed') throw new Error(`a step ended as ${result.state}`);
  return (result.totalTime * 1e6) / result.latency.samplesCount;
}
