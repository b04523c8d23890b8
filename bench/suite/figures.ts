// Figures of a contest: medians, spreads, and ratios of two sides round by round.
//
// A ratio is taken within each round, where both sides met the machine in much the same state, and
// its spread is that of those ratios: it can be narrower than either side's own.
import { OURS, type Goal } from './contest.ts';

/** What a figure counts; 'times' is a ratio, 'percent' a share of 1, 'count' what the row says. */
export type Unit = 'ns' | 'ms' | 'bytes' | 'times' | 'percent' | 'count';

export interface Spread {
  readonly median: number;
  readonly p25: number;
  readonly p75: number;
}

export interface SideFigures extends Spread {
  readonly name: string;
  readonly native: boolean;
  readonly ops: number;
  readonly turns: number;
  /** Round by round; of a time, nanoseconds for each operation and thread. */
  readonly rounds: readonly number[];
}

export interface Verdict {
  /** What is aimed at, in words. */
  readonly goal: string;
  /** Ours ÷ the goal, in each round; null if a side of the goal is not there. */
  readonly ratio: Spread | null;
  readonly met: boolean | null;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => quantile(sorted, share);
  return { median: at(0.5), p25: at(0.25), p75: at(0.75) };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}

/** One side ÷ another, round by round. */
export function ratioOf(over: SideFigures, under: SideFigures): Spread {
  return spreadOf(over.rounds.map((value, round) => value / under.rounds[round]!));
}

/** The side in C with the least median. */
export function bestNative(sides: readonly SideFigures[]): SideFigures | undefined {
  const native = sides.filter((side) => side.native);
  return native.toSorted((a, b) => a.median - b.median)[0];
}

export function oursOf(sides: readonly SideFigures[]): SideFigures | undefined {
  return sides.find((side) => side.name === OURS);
}

/** The figures of one side from its rounds, where nothing else is known of it. */
export function figuresOf(name: string, rounds: readonly number[], native = false): SideFigures {
  return { name, native, ops: 1, turns: 1, rounds, ...spreadOf(rounds) };
}

export const NO_GOAL: Verdict = { goal: '', ratio: null, met: null };

/** Holds the side named `subject` against the goal. */
export function judge(
  goal: Goal | null,
  sides: readonly SideFigures[],
  subject: string = OURS,
): Verdict {
  if (goal === null) return NO_GOAL;
  const side = sides.find(({ name }) => name === subject);
  return judgeBy(inWords(goal), side, limitsOf(goal, sides));
}

/** Holds a side against a limit that may differ from round to round. */
export function judgeBy(
  goal: string,
  side: SideFigures | undefined,
  limitIn: ((round: number) => number) | null,
): Verdict {
  if (side === undefined || limitIn === null) return { goal, ratio: null, met: null };
  const ratio = spreadOf(side.rounds.map((value, round) => shareOf(value, limitIn(round))));
  return { goal, ratio, met: ratio.median <= 1 };
}

// Nothing is within a limit of nothing.
function shareOf(value: number, limit: number): number {
  return value === 0 && limit === 0 ? 0 : value / limit;
}

// What ours may take in each round.
function limitsOf(goal: Goal, sides: readonly SideFigures[]): ((round: number) => number) | null {
  if (goal.than === 'ns') return () => goal.limit;
  const best = goal.than === 'the best C';
  const other = best ? bestNative(sides) : sides.find(({ name }) => name === goal.than);
  if (other === undefined) return null;
  const plusNs = best ? 0 : goal.plusNs;
  return (round) => other.rounds[round]! * goal.times + plusNs;
}

function inWords(goal: Goal): string {
  if (goal.than === 'ns') return `≤ ${goal.limit} ns`;
  const times = goal.times === 1 ? '' : timesInWords(goal.times);
  const plus = goal.than === 'the best C' || goal.plusNs === 0 ? '' : ` + ${goal.plusNs}`;
  return `≤ ${goal.than}${times}${plus}`;
}

function timesInWords(times: number): string {
  if (times < 1) return ` ÷ ${Math.round(1 / times)}`;
  return ` × ${times.toFixed(2).replace(/\.?0+$/, '')}`;
}
