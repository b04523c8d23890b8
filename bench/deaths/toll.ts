// What deaths cost those who live on: two threads work on a heap while, every ten milliseconds, one
// of the workers that sit in it with full magazines is killed and recovered; against the same two
// threads when nobody is killed, and when as many are killed that sit in another heap. The last
// shows what the runtime takes to end a thread, whatever it was doing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../../src/index.ts';
import { Crew } from '../suite/crew.ts';
import { judgeBy, type SideFigures, type Verdict } from '../suite/figures.ts';
import { playRounds, warmUp, type Pace } from '../suite/measure.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Side } from '../suite/side.ts';
import type { Setting, Study } from '../suite/study.ts';
import { victims } from './victims.ts';

const GROUP = 'cost of deaths';
const EVERY_MS = 10;
const MOST_COST = 1.05;
const NOBODY = 'nobody killed';
const STRANGERS = 'of another heap';
const OWN = 'of this heap';
const JOB = { workload: 'mixed', threads: 2, size: 64, live: 1000 } as const;
const PACE: Pace = { rounds: 7, roundMs: 100, warmUpMs: 300 };
const QUICK_PACE: Pace = { rounds: 2, roundMs: 40, warmUpMs: 40 };

/** The crew at work while workers of some heap are killed. */
class UnderFire implements Side {
  readonly name: string;
  readonly native = false;
  readonly ops: number;
  private readonly crew: Crew;
  private readonly heap: SharedHeap;
  private readonly kills: number;
  private doomed: Worker[] = [];

  constructor(name: string, crew: Crew, heap: SharedHeap, kills: number) {
    this.name = name;
    this.ops = crew.ops;
    this.crew = crew;
    this.heap = heap;
    this.kills = kills;
  }

  async round(turns: number): Promise<number> {
    const missing = this.kills - this.doomed.length;
    this.doomed.push(...(await victims(this.heap.handle, missing)));
    let over = false;
    const playing = this.crew.round(turns).finally(() => (over = true));
    const [took] = await Promise.all([playing, this.killUntil(() => over)]);
    return took;
  }

  private async killUntil(over: () => boolean): Promise<void> {
    for (;;) {
      await sleep(EVERY_MS);
      if (over() || this.doomed.length === 0) return;
      await this.doomed.pop()!.terminate();
      this.heap.recover();
    }
  }

  /** Kills those who are left, too. */
  async close(): Promise<readonly string[]> {
    await Promise.all(this.doomed.map((worker) => worker.terminate()));
    this.heap.recover();
    return [];
  }
}

export const TOLL_STUDY: Study = {
  group: GROUP,
  name: 'a worker killed every 10 ms',
  async play({ quick }: Setting): Promise<RowResult[]> {
    const pace = quick ? QUICK_PACE : PACE;
    const crew = await Crew.hire(NOBODY, 'atomalloc', JOB);
    const elsewhere = SharedHeap.create({ size: '64MiB' });
    const here = SharedHeap.attach(crew.data as HeapHandle);
    const kills = Math.ceil((1.5 * pace.roundMs) / EVERY_MS); // for a round that takes longer
    const strangers = new UnderFire(STRANGERS, crew, elsewhere, kills);
    const own = new UnderFire(OWN, crew, here, kills);
    const turns = await warmUp(crew, pace);
    const sides = await playRounds([crew, strangers, own], [turns, turns, turns], pace.rounds);
    await strangers.close();
    await own.close();
    elsewhere.detach();
    const failures = (await crew.close()).map((what) => ({ side: OWN, what }));
    return rowsOf(sides, failures);
  },
};

function rowsOf(sides: readonly SideFigures[], failures: RowResult['failures']): RowResult[] {
  return [
    rowResult(GROUP, 'killed every 10 ms', 'ns', sides, against(sides, NOBODY), failures),
    rowResult(GROUP, 'against other deaths', 'ns', sides, against(sides, STRANGERS)),
  ];
}

function against(sides: readonly SideFigures[], name: string): Verdict {
  const [own, other] = [OWN, name].map((side) => sides.find((it) => it.name === side));
  return judgeBy(`≤ ${name} × ${MOST_COST}`, own, (round) => other!.rounds[round]! * MOST_COST);
}
