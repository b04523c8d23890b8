// Recording what a job does to the locks: rounds of threads with a watch, whose logs are kept, and
// in turn with them the same rounds of threads without one. Those say how fast it goes, and how
// often each lock was found taken, by the heap's own counts.
import { availableParallelism } from 'node:os';
import type { HeapHandle } from '../../src/index.ts';
import { Crew } from '../suite/crew.ts';
import { OURS } from '../suite/contest.ts';
import { paceFor, warmUp, type Pace } from '../suite/measure.ts';
import type { Job } from '../workloads/work.ts';
import { Log, ROOM, type LogEvent } from './log.ts';
import { LockNames, type Counts } from './names.ts';
import type { WatchedData } from './watched.ts';

/** A round of the watched threads. */
export interface Watched {
  readonly logs: readonly (readonly LogEvent[])[];
  readonly ops: number;
  /** For each operation and thread. */
  readonly ns: number;
}

/** A round of those without a watch. */
export interface Unwatched {
  readonly ops: number;
  readonly ns: number;
  /** Processor time of all threads for each operation: what others on the machine leave alone. */
  readonly cpuNs: number;
  /** Of each lock's name, how often it was found taken and slept for. */
  readonly counts: ReadonlyMap<string, Counts>;
}

export interface Recording {
  readonly names: LockNames;
  readonly watched: readonly Watched[];
  readonly unwatched: readonly Unwatched[];
}

const TRIAL_TURNS = 8;
const FILLED = 0.6; // of a log, as no two rounds are the same

export async function record(job: Job, pace: Pace): Promise<Recording> {
  const crews: Crew[] = [];
  try {
    for (const name of ['atomalloc watched', OURS] as const) {
      crews.push(await Crew.hire(name, name, job));
    }
    return await recordWith(job, pace, crews[0]!, crews[1]!);
  } finally {
    for (const crew of crews) sound(await crew.close());
  }
}

function sound(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}

async function recordWith(job: Job, pace: Pace, watch: Crew, plain: Crew): Promise<Recording> {
  const { handle, logs: buffer } = watch.data as WatchedData;
  const logs = Array.from({ length: job.threads }, (_, thread) => new Log(buffer, thread));
  const names = new LockNames(handle);
  const ourNames = new LockNames(plain.data as HeapHandle);
  const longer = longerFor(job.threads, pace);
  const turns = await warmUp(plain, longer);
  const watchedTurns = await fitting(watch, logs, await warmUp(watch, longer));
  const [watched, unwatched]: [Watched[], Unwatched[]] = [[], []];
  for (let round = 0; round < pace.rounds; round++) {
    watched.push(await watchedRound(watch, logs, watchedTurns));
    unwatched.push(await unwatchedRound(plain, ourNames, turns));
  }
  return { names, watched, unwatched };
}

/** Where threads share cores, each has as long as one alone would. */
function longerFor(threads: number, pace: Pace): Pace {
  const shared = Math.max(1, threads / availableParallelism());
  return { ...paceFor(threads, pace), roundMs: pace.roundMs * shared };
}

/** At most so many turns, and no more than the logs have room for. */
async function fitting(crew: Crew, logs: readonly Log[], most: number): Promise<number> {
  const { logs: trial } = await watchedRound(crew, logs, TRIAL_TURNS);
  const events = Math.max(1, ...trial.map(({ length }) => length));
  return Math.max(1, Math.min(most, Math.floor((ROOM * FILLED * TRIAL_TURNS) / events)));
}

async function watchedRound(crew: Crew, logs: readonly Log[], turns: number): Promise<Watched> {
  for (const log of logs) log.begin(true);
  const took = await crew.round(turns);
  const overflowed = logs.some((log) => log.overflowed);
  const events = logs.map((log) => log.read());
  for (const log of logs) log.begin(false);
  if (overflowed) throw new Error('a log was too short for its round');
  const each = turns * crew.ops;
  return { logs: events, ops: each * logs.length, ns: took / each };
}

async function unwatchedRound(crew: Crew, names: LockNames, turns: number): Promise<Unwatched> {
  const before = names.counts();
  const cpuBefore = process.cpuUsage();
  const took = await crew.round(turns);
  const { user, system } = process.cpuUsage(cpuBefore);
  const counts = new Map<string, Counts>();
  for (const [name, { contended, slept }] of names.counts()) {
    const { contended: contendedSoFar, slept: sleptSoFar } = before.get(name)!;
    counts.set(name, { contended: contended - contendedSoFar, slept: slept - sleptSoFar });
  }
  const each = turns * crew.ops;
  const ops = each * crew.size;
  return { ops, ns: took / each, cpuNs: ((user + system) * 1000) / ops, counts };
}
