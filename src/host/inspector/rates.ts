// Rates: what has come of late, of what the heap counts since it was made; by comparison with looks
// before. Counts become so many a second since the last look. Counts in several buckets become so
// many in the last ten seconds: a look comes four times a second, and in so short a time a worker
// that is not busy has timed nothing, and nobody enough for the slowest of a hundred.
//
// What was counted is kept by name: for buckets as it was at each look of the ten seconds, and at
// the last one before. A name that is not asked for in one round is forgotten.

/** Of counts in buckets. */
export const SECONDS = 10;

interface Seen {
  readonly ms: number;
  readonly counts: readonly number[];
}

export class Rates {
  private before = new Map<string, number>();
  private now = new Map<string, number>();
  private seenBefore = new Map<string, Seen[]>();
  private seenNow = new Map<string, Seen[]>();
  private ms: number | null = null;
  /** Since the round before; 0 in the first. */
  seconds = 0;

  /** A new round. */
  begin(): void {
    const ms = performance.now();
    this.seconds = this.ms === null ? 0 : (ms - this.ms) / 1000;
    this.ms = ms;
    this.before = this.now;
    this.now = new Map();
    this.seenBefore = this.seenNow;
    this.seenNow = new Map();
  }

  /** How many a second have come since the last round; 0 for a new name. */
  of(name: string, count: number): number {
    this.now.set(name, count);
    const before = this.before.get(name);
    if (before === undefined || this.seconds === 0) return 0;
    return Math.max(0, count - before) / this.seconds;
  }

  /** How many have come in each bucket lately; none for a new name. */
  lately(name: string, counts: readonly number[]): number[] {
    const ms = this.ms ?? 0;
    const seen = [...(this.seenBefore.get(name) ?? []), { ms, counts }];
    while ((seen[1]?.ms ?? Infinity) <= ms - SECONDS * 1000) seen.shift();
    this.seenNow.set(name, seen);
    return counts.map((count, bucket) => Math.max(0, count - (seen[0]?.counts[bucket] ?? 0)));
  }
}
