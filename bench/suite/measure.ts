// Measuring a contest: every side is warmed up until a round of it takes long enough, then all play
// alternately, each round in another order. What disturbs the machine for a while disturbs all.
import { spreadOf, type SideFigures } from './figures.ts';
import type { Side } from './side.ts';

export interface Pace {
  readonly rounds: number;
  /** How long a round should take, and how long a side plays before the first one that counts. */
  readonly roundMs: number;
  readonly warmUpMs: number;
}

/** After 0.3 s V8 had not done with ours: a mixed pair took a tenth longer than after 1.5 s. */
export const FULL: Pace = { rounds: 9, roundMs: 50, warmUpMs: 1000 };
/** For the many points of a curve. */
export const BRIEF: Pace = { rounds: 5, roundMs: 40, warmUpMs: 500 };
export const QUICK: Pace = { rounds: 3, roundMs: 8, warmUpMs: 100 };

/** Of that time, for each thread of a side that has more than three. */
const THREAD_SHARE = 0.3;

/**
 * The pace for a side of so many threads: each of them compiles for itself, all of them on the same
 * cores. After 0.3 s a mixed pair took eight threads 110 ns of processor time, after 1.5 s half.
 */
export function paceFor(threads: number, pace: Pace): Pace {
  return { ...pace, warmUpMs: pace.warmUpMs * Math.max(1, threads * THREAD_SHARE) };
}

const MOST_GROWTH = 8;
const NS_PER_MS = 1e6;

/** How many turns make a round. A side that is slow from its first turn on gets one. */
export async function warmUp(side: Side, pace: Pace): Promise<number> {
  const roundNs = pace.roundMs * NS_PER_MS;
  let left = pace.warmUpMs * NS_PER_MS;
  let turns = 1;
  for (;;) {
    const took = await side.round(turns);
    left -= took;
    const growth = Math.min(MOST_GROWTH, roundNs / took);
    turns = Math.max(1, Math.round(turns * growth));
    if (left <= 0 && growth < MOST_GROWTH) return turns;
  }
}

/** The rounds that count; the sides' figures in the order in which the sides were given. */
export async function measure(sides: readonly Side[], pace: Pace): Promise<SideFigures[]> {
  const turns: number[] = [];
  for (const side of sides) turns.push(await warmUp(side, pace));
  return playRounds(sides, turns, pace.rounds);
}

/** So many rounds of sides that are warm. */
export async function playRounds(
  sides: readonly Side[],
  turns: readonly number[],
  count: number,
): Promise<SideFigures[]> {
  const rounds: number[][] = sides.map(() => []);
  for (let round = 0; round < count; round++) {
    for (const index of orderOf(round, sides.length)) {
      const took = await sides[index]!.round(turns[index]!);
      rounds[index]!.push(took / (turns[index]! * sides[index]!.ops));
    }
  }
  return sides.map(({ name, native, ops }, index) => {
    const values = rounds[index]!;
    return { name, native, ops, turns: turns[index]!, rounds: values, ...spreadOf(values) };
  });
}

/** Another side is first in each round, and every other round goes backwards. */
export function orderOf(round: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => (index + round) % count);
  return round % 2 === 0 ? order : order.toReversed();
}
