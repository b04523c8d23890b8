// How long it takes to recover a worker that was killed: against the size of the heap, and against
// what lay in its magazines. Each recovery is of another worker; sizes and fills take turns.
import { SharedHeap, type Recovered } from '../../src/index.ts';
import { formatBytes } from '../replay/style.ts';
import { figuresOf, judgeBy } from '../suite/figures.ts';
import { orderOf } from '../suite/measure.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Setting, Study } from '../suite/study.ts';
import { victim, type Fill } from './victims.ts';

const GROUP = 'recovery of a dead worker';
const MIB = 2 ** 20;
const SIZES = [4 * MIB, 64 * MIB, 1024 * MIB];
const FILLS: readonly Fill[] = ['empty', 'full'];
const LIMIT_MS = 1;
const UNCOUNTED = 1; // rounds in which the survivor's code gets warm

interface Death {
  /** As the recovery says, and as long as the call took that did it. */
  readonly insideMs: number;
  readonly callMs: number;
  readonly cachedBlocks: number;
}

interface Series {
  readonly size: number;
  readonly fill: Fill;
  readonly heap: SharedHeap;
  readonly deaths: Death[];
}

export const RECOVERY_STUDY: Study = {
  group: GROUP,
  name: 'recovery by heap size and magazines',
  async play({ quick }: Setting): Promise<RowResult[]> {
    const all = SIZES.flatMap((size) => {
      const heap = SharedHeap.create({ size });
      return FILLS.map((fill): Series => ({ size, fill, heap, deaths: [] }));
    });
    await kill(all, UNCOUNTED + (quick ? 3 : 9));
    for (const { heap, fill } of all) if (fill === 'full') heap.detach();
    return SIZES.map((size) => rowOf(size, all));
  },
};

async function kill(all: readonly Series[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const index of orderOf(round, all.length)) {
      const { heap, fill, deaths } = all[index]!;
      const death = await dieIn(heap, fill);
      if (round >= UNCOUNTED) deaths.push(death);
    }
  }
}

/** Kills a worker, and recovers it; once more, if somebody's timer was first. */
export async function dieIn(heap: SharedHeap, fill: Fill): Promise<Death> {
  for (;;) {
    const worker = await victim(heap.handle, fill);
    await worker.terminate();
    const start = performance.now();
    const [found] = heap.recover();
    const callMs = performance.now() - start;
    if (found !== undefined) return deathOf(found, callMs);
  }
}

function deathOf({ milliseconds, cachedBlocks }: Recovered, callMs: number): Death {
  return { insideMs: milliseconds, callMs, cachedBlocks };
}

function rowOf(size: number, all: readonly Series[]): RowResult {
  const [empty, full] = FILLS.map((fill) => {
    return all.find((it) => it.size === size && it.fill === fill)!.deaths;
  }) as [Death[], Death[]];
  const inside = ({ insideMs }: Death): number => insideMs;
  const call = ({ callMs }: Death): number => callMs;
  const sides = [
    figuresOf('empty magazines', empty.map(inside)),
    figuresOf('full magazines', full.map(inside)),
    figuresOf('empty, recover()', empty.map(call)),
    figuresOf('full, recover()', full.map(call)),
  ];
  const verdict = judgeBy('full ≤ 1 ms', sides[1], () => LIMIT_MS);
  return rowResult(GROUP, `heap of ${formatBytes(size)}`, 'ms', sides, verdict);
}
