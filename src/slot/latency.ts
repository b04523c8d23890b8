// Latency: how long slow allocs take. Most allocs are served by a magazine, in a few nanoseconds,
// which is less than asking a clock for the time: those are not timed. The others are the ones that
// somebody may notice: refills, waits for locks, blocks too large for magazines, the dead that are
// recovered on the way, and all that is tried before a request is refused. (Waits in line for
// memory are counted elsewhere, and each try in them is a call here.)
//
// Of those, one in EVERY is timed, which costs it two questions to the clock and less than a
// hundredth of all slow allocs' time. EVERY is a prime: what a program does in turns, a slow free
// after each slow alloc, or sixteen refills of a batch, and what the heap does each 64th time (it
// looks for the dead) are met in their true shares.
//
// A slot has a histogram: BUCKETS counts among its counters, each with an upper bound twice that of
// the one before it. So figures are those bounds, and the truth lies between a half of them and
// them; the last one has also what took longer. Clocks of browsers tell steps of 5 µs or more.
//
//   word           writers   readers  access  if its writer dies midway
//   SLOW_ALLOCS…   the slot  stats    plain   valid: one call more or less

import { COUNTER } from '../word/records.ts';
import type { Counters } from './counters.ts';

const { SLOW_ALLOCS, BUCKETS } = COUNTER;
const LAST = BUCKETS - 1;
/** Bounds are quarters of microseconds, 1, 2, 4 and so on. */
const QUARTERS = 4;
/** Of a thread's calls past the fast path, exchanges and frees too, one in so many is timed. */
export const EVERY = 251;
/** An AudioWorklet has no clock. */
const HAS_CLOCK = typeof performance !== 'undefined';

/** How long slow allocs took: upper bounds, powers of two from a quarter of a microsecond on. */
export interface Latency {
  /** Calls that were timed. The other figures are 0 when there are none. */
  readonly samples: number;
  /** Half of the calls took no longer. */
  readonly p50Microseconds: number;
  /** Of a hundred calls, 99 took no longer. */
  readonly p99Microseconds: number;
  /** None took longer; 262,144, the largest bound, also stands for what did. */
  readonly maxMicroseconds: number;
}

/** When a slow alloc began that is to be timed, this thread's so many-th call; else -1. */
export function startOf(calls: number): number {
  return calls % EVERY === EVERY - 1 && HAS_CLOCK ? performance.now() : -1;
}

/** The counter of calls that took so long. */
export function wordOf(milliseconds: number): number {
  return SLOW_ALLOCS + bucketOf(milliseconds * 1000);
}

/** The bucket of a time: the first whose bound is not less. */
export function bucketOf(microseconds: number): number {
  const quarters = Math.ceil(Math.min(microseconds * QUARTERS, 2 ** LAST));
  return quarters <= 1 ? 0 : 32 - Math.clz32(quarters - 1);
}

/** The upper bound of a bucket, in microseconds. */
export function boundOf(bucket: number): number {
  return 2 ** bucket / QUARTERS;
}

/** What a slot has counted in each bucket, since the heap was made. */
export function countsOf(counters: Counters): number[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => counters.get(SLOW_ALLOCS + bucket));
}

export function latencyOf(counts: readonly number[]): Latency {
  return {
    samples: counts.reduce((sum, count) => sum + count, 0),
    p50Microseconds: quantile(counts, 0.5),
    p99Microseconds: quantile(counts, 0.99),
    maxMicroseconds: quantile(counts, 1),
  };
}

/** The bound that a share of all counted do not exceed; 0 when nothing is counted. */
export function quantile(counts: readonly number[], share: number): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return 0;
  const wanted = Math.max(1, Math.ceil(all * share));
  let seen = 0;
  return boundOf(counts.findIndex((count) => (seen += count) >= wanted));
}
