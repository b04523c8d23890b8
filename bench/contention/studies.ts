// Contention as a result of its own: what each lock costs in a few workloads, and what watching and
// waiting cost here.
import { figuresOf, NO_GOAL } from '../suite/figures.ts';
import type { Pace } from '../suite/measure.ts';
import { KIB } from '../suite/rows.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Study } from '../suite/study.ts';
import type { Job } from '../workloads/work.ts';
import { waitCosts, watchCosts, type WaitCosts } from './costs.ts';
import { FORECAST_STUDIES } from './forecast.ts';
import { holdRows } from './holds.ts';
import { record } from './recording.ts';

const HOLDS = 'lock hold times';
const COSTS = 'what watching and waiting cost';
const PACE: Pace = { rounds: 5, roundMs: 150, warmUpMs: 1000 };
const QUICK_PACE: Pace = { rounds: 2, roundMs: 50, warmUpMs: 200 };

const JOBS: readonly (readonly [title: string, job: Job])[] = [
  ['mixed 1,000, 1 thread', { workload: 'mixed', threads: 1, size: 64, live: 1000 }],
  ['mixed 1,000, 2 threads', { workload: 'mixed', threads: 2, size: 64, live: 1000 }],
  ['mixed 1,000, 8 threads', { workload: 'mixed', threads: 8, size: 64, live: 1000 }],
  ['larson, 2 threads', { workload: 'larson', threads: 2, size: 64, live: 1000 }],
  ['64 KiB batch, 1 thread', { workload: 'batch', threads: 1, size: 64 * KIB, live: 1000 }],
];

function holdStudy(title: string, job: Job): Study {
  return {
    group: HOLDS,
    name: `hold times, ${title}`,
    async play({ quick }): Promise<RowResult[]> {
      const { eventNs } = watchCosts();
      const recording = await record(job, quick ? QUICK_PACE : PACE);
      const sides = (['unwatched', 'watched'] as const).map((who) => {
        return figuresOf(
          who,
          recording[who].map(({ ns }) => ns),
        );
      });
      return [
        ...holdRows(`locks: ${title}`, recording, eventNs),
        rowResult('a pair without and with a watch', title, 'ns', sides, NO_GOAL),
      ];
    },
  };
}

const COST_STUDY: Study = {
  group: HOLDS,
  name: COSTS,
  async play({ quick }): Promise<RowResult[]> {
    const tries = Array.from({ length: quick ? 1 : 5 });
    const watching = tries.map(() => watchCosts());
    const waiting: WaitCosts[] = [];
    for (const _ of tries) waiting.push(await waitCosts());
    return [
      costRow('a note in the log, which is taken off', watching, 'eventNs'),
      costRow('a free lock taken and given back', watching, 'plainNs'),
      costRow('the same, with a watch', watching, 'watchedNs'),
      costRow('a look at a lock that is taken', waiting, 'spinNs'),
      costRow('into a sleep and out at once', waiting, 'sleepNs'),
      costRow('to wake a sleeper', waiting, 'wakeNs'),
      costRow('until it runs', waiting, 'wakenNs'),
      costRow('a line from core to core', waiting, 'transferNs'),
    ];
  },
};

function costRow<K extends string>(
  name: string,
  tries: readonly Readonly<Record<K, number>>[],
  which: K,
): RowResult {
  const figures = figuresOf(
    'here',
    tries.map((it) => it[which]),
  );
  return rowResult(COSTS, name, 'ns', [figures], NO_GOAL);
}

export const CONTENTION_STUDIES: readonly Study[] = [
  COST_STUDY,
  ...JOBS.map(([title, job]) => holdStudy(title, job)),
  ...FORECAST_STUDIES,
];
