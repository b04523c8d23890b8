// Counts of times, in buckets that grow with the times: below 16 ns one for each, from there on
// sixteen for each doubling, so that a time is known to a sixteenth of itself. bench/native has the
// same. The counts of one thread are words that only this thread writes.

/** Buckets of one histogram: enough for two seconds. */
export const BUCKETS = 512;

const SUB_BITS = 4;
const SUBS = 1 << SUB_BITS;
const LAST = BUCKETS - 1;

/** The bucket of so many nanoseconds. */
export function bucketOf(ns: number): number {
  const whole = ns > 0x7fffffff ? 0x7fffffff : ns | 0;
  if (whole < SUBS) return whole < 0 ? 0 : whole;
  const doubling = 31 - Math.clz32(whole);
  return (doubling - SUB_BITS + 1) * SUBS + ((whole >>> (doubling - SUB_BITS)) & (SUBS - 1));
}

/** The least time beyond a bucket. */
export function endOf(bucket: number): number {
  if (bucket < SUBS) return bucket + 1;
  const scale = Math.floor(bucket / SUBS) - 1;
  return (SUBS + (bucket % SUBS) + 1) * 2 ** scale;
}

/** The time that a share of all counted do not exceed. */
export function quantile(counts: ArrayLike<number>, share: number): number {
  let all = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) all += counts[bucket]!;
  const wanted = Math.max(1, Math.ceil(all * share));
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    seen += counts[bucket]!;
    if (seen >= wanted) return endOf(bucket);
  }
  return endOf(LAST);
}

/** The histograms of several threads, one behind the other, as one. */
export function sumOf(counts: Int32Array, threads: number): Float64Array {
  const sum = new Float64Array(BUCKETS);
  for (let at = 0; at < threads * BUCKETS; at++) sum[at % BUCKETS]! += counts[at]!;
  return sum;
}
