// The forecast: what is measured of few threads, played by the simulator with many. First it is
// held against the machine, with as many threads as were measured; then it goes where this machine
// has no cores, and says which lock is busy then, and what a change would bring.
import { availableParallelism } from 'node:os';
import { figuresOf, NO_GOAL, spreadOf } from '../suite/figures.ts';
import type { Pace } from '../suite/measure.ts';
import { KIB } from '../suite/rows.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Study } from '../suite/study.ts';
import type { Job } from '../workloads/work.ts';
import { CHANGES } from './changes.ts';
import { leastWaitCosts, watchCosts } from './costs.ts';
import { movedNs } from './holds.ts';
import { TOTALS } from './names.ts';
import { record, type Recording } from './recording.ts';
import { scriptOf, type Script } from './script.ts';
import { simulate, type Costs, type Outcome, type Setting } from './simulator.ts';

const GROUP = 'simulation';
const PACE: Pace = { rounds: 5, roundMs: 150, warmUpMs: 1000 };
const QUICK_PACE: Pace = { rounds: 2, roundMs: 50, warmUpMs: 200 };
/** How long is simulated. */
const LENGTH = { timeNs: 20e6, turns: 4 };
const QUICK_LENGTH = { timeNs: 4e6, turns: 1 };
const CORES = [1, 2, 4, 8, 16, 32, 64, 128];
const CHANGED_CORES = [8, 16, 32, 64, 128];
const OVERSUBSCRIBED = 4;
const MOST_PLACES = 4;
const TRIES = 5;
const BUSY = 0.5; // of the time: then whoever comes waits about as long as it is held

/** As in src/word/lock.ts; how long a thread may keep a core is measured of Linux, roughly. */
const POLICY = { spins: 64, patienceNs: 5e6, sliceNs: 4e6 };

/** What is forecast from which threads, and with how many it is held against the machine. */
interface Subject {
  readonly title: string;
  readonly job: Omit<Job, 'threads'>;
  /** Threads of the rounds from which the script is. */
  readonly from: number;
  readonly checkedWith: readonly number[];
}

const SUBJECTS: readonly Subject[] = [
  {
    title: 'mixed 1,000',
    job: { workload: 'mixed', size: 64, live: 1000 },
    from: 1,
    checkedWith: [1, 2, 8],
  },
  {
    title: 'larson',
    job: { workload: 'larson', size: 64, live: 1000 },
    from: 2, // by itself a thread hands nothing over
    checkedWith: [2],
  },
  {
    title: '64 KiB batch',
    job: { workload: 'batch', size: 64 * KIB, live: 1000 },
    from: 1,
    checkedWith: [1, 2],
  },
];

/** The figures from which everything is simulated. */
interface Model {
  readonly title: string;
  readonly script: Script;
  readonly costs: Costs;
  readonly timeNs: number;
  /** Turns of each thread on its core, where there are too few cores. */
  readonly turns: number;
}

export const FORECAST_STUDIES: readonly Study[] = SUBJECTS.map((subject) => ({
  group: GROUP,
  name: `simulated threads, ${subject.title}`,
  async play({ quick }): Promise<RowResult[]> {
    const { eventNs } = watchCosts();
    const recordings = new Map<number, Recording>();
    for (const threads of new Set([subject.from, 2, ...subject.checkedWith])) {
      const recording = await record({ ...subject.job, threads }, quick ? QUICK_PACE : PACE);
      recordings.set(threads, recording);
    }
    const script = scriptFrom(recordings.get(subject.from)!, eventNs);
    const moved = movedNs(recordings.get(2)!, eventNs);
    const costs = { ...(await leastWaitCosts(quick ? 1 : TRIES)), ...POLICY, movedNs: moved };
    const model = { title: subject.title, script, costs, ...(quick ? QUICK_LENGTH : LENGTH) };
    const checks = subject.checkedWith.map((n) => checkRow(model, n, recordings.get(n)!));
    return [costRow(model), ...checks, ...growthRows(model), ...changeRows(model)];
  },
}));

/** One thread's, in the round that was disturbed least. */
function scriptFrom({ names, watched }: Recording, eventNs: number): Script {
  const { logs, ops } = watched.toSorted((a, b) => a.ns - b.ns)[0]!;
  return scriptOf(logs[0]!, (word) => names.of(word), eventNs, ops / logs.length);
}

function outcomeOf(model: Model, threads: number, cores: number): Outcome {
  return simulate(model.script, settingOf(model, threads, cores), model.costs);
}

// Where threads take turns on cores, a few turns of each must have been.
function settingOf({ timeNs, turns }: Model, threads: number, cores: number): Setting {
  const turnsNs = threads > cores ? POLICY.sliceNs * (threads / cores) : 0;
  return {
    threads,
    cores,
    forNs: timeNs + turns * turnsNs,
    warmUpNs: timeNs / 10 + turnsNs,
    seed: 1,
  };
}

/** What it is simulated with. */
function costRow({ title, costs }: Model): RowResult {
  const sides = [
    figuresOf('look at a lock', [costs.spinNs]),
    figuresOf('to sleep', [costs.sleepNs]),
    figuresOf('to wake another', [costs.wakeNs]),
    figuresOf('until it runs', [costs.wakenNs]),
    figuresOf('line from another core', [costs.transferNs]),
    figuresOf('class lock from there', [costs.movedNs('class')]),
    figuresOf('zone lock from there', [costs.movedNs('zone')]),
  ];
  return rowResult('what is simulated with', title, 'ns', sides, NO_GOAL);
}

function checkRow(model: Model, threads: number, { unwatched }: Recording): RowResult {
  const cores = Math.min(threads, availableParallelism());
  const outcome = outcomeOf(model, threads, cores);
  const measured = unwatched.map(({ ns }) => (threads * 1000) / ns);
  const undisturbed = unwatched.map(({ cpuNs }) => (cores * 1000) / cpuNs);
  const simulated = outcome.opsPerSecond / 1e6;
  const counted = (what: 'contended' | 'slept'): number[] =>
    unwatched.map(({ counts, ops }) => {
      return ([...counts.values()].reduce((sum, it) => sum + it[what], 0) * 1e6) / ops;
    });
  const name = `${model.title}, ${threads} thread${threads > 1 ? 's' : ''}`;
  const sides = [
    figuresOf('M pairs/s measured', measured),
    figuresOf('on cores of its own', undisturbed),
    figuresOf('simulated', [simulated]),
    figuresOf('simulated ÷ measured', [simulated / spreadOf(measured).median]),
    figuresOf('÷ on cores of its own', [simulated / spreadOf(undisturbed).median]),
    figuresOf('found taken per million', counted('contended')),
    figuresOf('found taken simulated', [perMillion(outcome, 'contended')]),
    figuresOf('slept for per million', counted('slept')),
    figuresOf('slept for simulated', [perMillion(outcome, 'slept')]),
  ];
  return rowResult('the simulation against this machine', name, 'count', sides, NO_GOAL);
}

function perMillion({ places, ops }: Outcome, what: 'contended' | 'slept'): number {
  const locks = places.filter(({ name }) => name !== TOTALS);
  return (locks.reduce((sum, it) => sum + it[what], 0) * 1e6) / ops;
}

function growthRows(model: Model): RowResult[] {
  const group = `simulated: ${model.title}`;
  const outcomes = CORES.map((cores) => outcomeOf(model, cores, cores));
  const most = busiestOf(outcomes);
  const alone = outcomes[0]!.opsPerSecond;
  const row = (threads: number, cores: number, outcome: Outcome): RowResult => {
    const sides = [
      figuresOf('M pairs/s', [outcome.opsPerSecond / 1e6]),
      figuresOf('% of linear', [(outcome.opsPerSecond / alone / cores) * 100]),
      figuresOf('found taken per million', [perMillion(outcome, 'contended')]),
      figuresOf('slept for per million', [perMillion(outcome, 'slept')]),
      ...most.map((name) => figuresOf(`${name} % busy`, [busyOf(outcome, name) * 100])),
    ];
    return rowResult(group, `${threads} on ${cores}`, 'count', sides, NO_GOAL);
  };
  return [
    ...CORES.map((cores, i) => row(cores, cores, outcomes[i]!)),
    ...CORES.map((cores) => {
      const threads = cores * OVERSUBSCRIBED;
      return row(threads, cores, outcomeOf(model, threads, cores));
    }),
    saturationRow(group, outcomes),
  ];
}

function busyOf({ places }: Outcome, name: string): number {
  return places.find((place) => place.name === name)!.busy;
}

/** Names of the places that are the busiest when there are the most threads, and of the line. */
function busiestOf(outcomes: readonly Outcome[]): string[] {
  const last = outcomes.at(-1)!.places.toSorted((a, b) => b.busy - a.busy);
  const names = last.map(({ name }) => name).filter((name) => name !== TOTALS);
  return last.length === names.length
    ? names.slice(0, MOST_PLACES)
    : [...names.slice(0, MOST_PLACES), TOTALS];
}

function saturationRow(group: string, outcomes: readonly Outcome[]): RowResult {
  const busy = outcomes.map(({ places }) => places.filter((place) => place.busy >= BUSY));
  const at = busy.findIndex((places) => places.length > 0);
  const first = busy[at]?.toSorted((a, b) => b.busy - a.busy)[0];
  const name =
    first === undefined
      ? 'none is busy half of the time'
      : `first busy half of the time: ${first.name}`;
  const sides = first === undefined ? [] : [figuresOf('threads', [CORES[at]!])];
  return rowResult(group, name, 'count', sides, NO_GOAL);
}

/** M pairs/s with each change, a column for each number of threads. */
function changeRows(model: Model): RowResult[] {
  const group = `simulated, changed: ${model.title}, M pairs/s`;
  return CHANGES.map(({ name, script = same, costs = same, shards }) => {
    const changed = { ...model, script: script(model.script), costs: costs(model.costs) };
    const sides = CHANGED_CORES.map((cores) => {
      const setting = settingOf(changed, cores, cores);
      const split = shards === undefined ? setting : { ...setting, shards: shards(cores) };
      const { opsPerSecond } = simulate(changed.script, split, changed.costs);
      return figuresOf(`${cores} threads`, [opsPerSecond / 1e6]);
    });
    return rowResult(group, name, 'count', sides, NO_GOAL);
  });
}

function same<T>(it: T): T {
  return it;
}
