// Latency and contention: how long single allocs take when eight threads share two cores, and how
// often each lock of ours was found taken meanwhile. A mean would hide both.
import type { HeapStats } from '../../src/index.ts';
import { runErrand } from '../native/errand.ts';
import { Crew } from '../suite/crew.ts';
import { bestNative, figuresOf, NO_GOAL, oursOf, ratioOf } from '../suite/figures.ts';
import { orderOf, paceFor, warmUp, type Pace } from '../suite/measure.ts';
import { attempt, rowResult, type Failure, type Natives, type RowResult } from '../suite/run.ts';
import type { Setting, Study } from '../suite/study.ts';
import type { PeerName } from '../versus/peers.ts';
import { quantile, sumOf } from './histogram.ts';
import { lockRows } from './locks.ts';

export const LATENCY = 'alloc latency, 8 threads';
const JOB = { workload: 'delays', threads: 8, size: 64, live: 1000 } as const;
const OURS: PeerName = 'atomalloc';
const OTHER: PeerName = 'dlmalloc wasm';
const PEERS: readonly PeerName[] = [OURS, 'atomalloc checked', OTHER, 'loop alone'];
const PACE: Pace = { rounds: 5, roundMs: 200, warmUpMs: 1000 };
const QUICK_PACE: Pace = { rounds: 2, roundMs: 30, warmUpMs: 100 };

/** What is said of the times: so many of a thousand are within it. */
export const SHARES: readonly (readonly [name: string, share: number])[] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['p99.99', 0.9999],
  ['the longest', 1],
];

interface Player {
  readonly name: string;
  readonly native: boolean;
  /** Plays one round; the counts of all buckets. */
  readonly play: () => Promise<ArrayLike<number>>;
  /** Round by round, the times of SHARES. */
  readonly rounds: number[][];
}

export const LATENCY_STUDY: Study = {
  group: LATENCY,
  name: 'latency and locks',
  async play({ quick, versus, natives }: Setting): Promise<RowResult[]> {
    const pace = quick ? QUICK_PACE : PACE;
    const failures: Failure[] = [];
    const crews: Crew[] = [];
    for (const peer of PEERS.filter((name) => versus || name !== OTHER)) {
      await attempt(peer, failures, async () => crews.push(await Crew.hire(peer, peer, JOB)));
    }
    const players = [...(await playersOf(crews, pace)), ...nativePlayers(natives, pace)];
    await playAll(players, pace.rounds, failures);
    const stats = crews.find(({ name }) => name === OURS)?.stats();
    for (const crew of crews) await attempt(crew.name, failures, () => closed(crew));
    return [...latencyRows(players, failures), ...locksOf(stats)];
  },
};

function locksOf(stats: HeapStats | undefined): RowResult[] {
  return stats === undefined ? [] : lockRows(stats);
}

async function closed(crew: Crew): Promise<void> {
  const wrong = await crew.close();
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}

async function playersOf(crews: readonly Crew[], pace: Pace): Promise<Player[]> {
  const players: Player[] = [];
  for (const crew of crews) {
    const turns = await warmUp(crew, paceFor(JOB.threads, pace));
    const play = async (): Promise<Float64Array> => {
      crew.shared.fill(0); // nobody is at work
      await crew.round(turns);
      return sumOf(crew.shared, JOB.threads);
    };
    players.push({ name: crew.name, native: false, play, rounds: [] });
  }
  return players;
}

function nativePlayers(natives: Natives | null, { roundMs }: Pace): Player[] {
  if (natives === null) return [];
  const args = [JOB.threads, JOB.live, roundMs].map(String);
  return natives.libraries.map((library) => {
    const play = async (): Promise<number[]> => {
      const [line = ''] = await runErrand(natives.programs.paths.latency, library, args);
      return line.trim().split(' ').map(Number);
    };
    return { name: library.name, native: true, play, rounds: [] };
  });
}

async function playAll(
  players: readonly Player[],
  rounds: number,
  failures: Failure[],
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const index of orderOf(round, players.length)) {
      const { name, play, rounds: all } = players[index]!;
      if (hasFailed(name, failures)) continue;
      await attempt(name, failures, async () => {
        const counts = await play();
        all.push(SHARES.map(([, share]) => quantile(counts, share)));
      });
    }
  }
}

function hasFailed(name: string, failures: readonly Failure[]): boolean {
  return failures.some(({ side }) => side === name);
}

function latencyRows(players: readonly Player[], failures: readonly Failure[]): RowResult[] {
  const whole = players.filter(({ name }) => !hasFailed(name, failures));
  return SHARES.map(([name], index) => {
    const values = (it: Player): number[] => it.rounds.map((round) => round[index]!);
    const sides = whole.map((it) => figuresOf(it.name, values(it), it.native));
    const row = rowResult(LATENCY, name, 'ns', sides, NO_GOAL, index === 0 ? failures : []);
    const [ours, best] = [oursOf(sides), bestNative(sides)];
    if (ours === undefined || best === undefined) return row;
    return { ...row, toBestC: { best: best.name, ...ratioOf(ours, best) } };
  });
}
