// The race detector: vector clocks per location, on every schedule (Flanagan and Freund 2009, but
// with full clocks, as there are at most six threads). Words, doubles and bytes are regions of one
// width each, so a location is a number and no access is torn.
//
// What orders two threads: an atomic read that sees an atomic write of the same word, a wake-up and
// the sleeper it wakes, a message and its receiver, start and end. Two accesses of one location by
// two threads without such an order, of which one writes and one is plain, are a race.

export const MAX_THREADS = 6;

/** Marks a site whose races are argued for. */
export const ARGUED = 1 << 24;

const PLAIN_WRITE = 0;
const PLAIN_READ = 1;
const ATOMIC_WRITE = 2;
const ATOMIC_READ = 3;
/** Argued accesses are kept apart: a later one hides no earlier one that is not. */
const KINDS = 4;
const ROW = 2 * KINDS * MAX_THREADS;

const PLAIN = [PLAIN_WRITE, PLAIN_READ];
const WRITES = [PLAIN_WRITE, ATOMIC_WRITE];
const ALL = [PLAIN_WRITE, PLAIN_READ, ATOMIC_WRITE, ATOMIC_READ];

export class Races {
  /** Clocks of thread t begin at t * MAX_THREADS. */
  readonly clocks = new Int32Array(MAX_THREADS * MAX_THREADS);
  /** Site of the other access of the race found last; of several, one that is not argued for. */
  other = ARGUED;
  private readonly seen: Int32Array;
  private readonly accesses: Int32Array;
  private readonly sites: Int32Array;
  private readonly released: Int32Array;
  private readonly releasedIn: Int32Array;
  private run = 0;
  private threads = 0;

  constructor(locations: number) {
    this.seen = new Int32Array(locations);
    this.accesses = new Int32Array(locations * ROW);
    this.sites = new Int32Array(locations * ROW);
    this.released = new Int32Array(locations * MAX_THREADS);
    this.releasedIn = new Int32Array(locations);
  }

  /** A new schedule: all that was before it happened before every thread. */
  begin(threads: number): void {
    this.run++;
    this.threads = threads;
    this.clocks.fill(0);
    for (let t = 0; t < threads; t++) this.clocks[t * MAX_THREADS + t] = 1;
  }

  /** The four record an access and say whether it races with an earlier one. */
  plainRead(t: number, at: number, site: number): boolean {
    const racy = this.conflicts(t, at, WRITES);
    this.record(t, at, PLAIN_READ, site);
    return racy;
  }

  plainWrite(t: number, at: number, site: number): boolean {
    const racy = this.conflicts(t, at, ALL);
    this.record(t, at, PLAIN_WRITE, site);
    this.releasedIn[at] = 0;
    return racy;
  }

  atomicRead(t: number, at: number, site: number): boolean {
    const racy = this.conflicts(t, at, [PLAIN_WRITE]);
    this.record(t, at, ATOMIC_READ, site);
    if (this.releasedIn[at] === this.run) this.join(t, this.released, at * MAX_THREADS);
    return racy;
  }

  atomicWrite(t: number, at: number, site: number): boolean {
    const racy = this.conflicts(t, at, PLAIN);
    this.record(t, at, ATOMIC_WRITE, site);
    this.releasedIn[at] = this.run;
    this.publish(t, this.released, at * MAX_THREADS);
    return racy;
  }

  /** What thread t has done so far, into `into`; t's later steps are not part of it. */
  publish(t: number, into: Int32Array, at: number): void {
    const { clocks, threads } = this;
    const own = t * MAX_THREADS;
    for (let u = 0; u < threads; u++) into[at + u] = clocks[own + u] as number;
    (clocks[own + t] as number)++;
  }

  /** Thread t comes after all that was published. */
  join(t: number, from: Int32Array, at: number): void {
    const { clocks, threads } = this;
    const own = t * MAX_THREADS;
    for (let u = 0; u < threads; u++) {
      if ((from[at + u] as number) > (clocks[own + u] as number)) {
        clocks[own + u] = from[at + u] as number;
      }
    }
  }

  /** Whether an access by t comes without order after one of these kinds by another thread. */
  private conflicts(t: number, at: number, kinds: readonly number[]): boolean {
    if (this.seen[at] !== this.run) return false;
    this.other = ARGUED;
    let found = false;
    for (const kind of kinds) {
      if (this.against(t, at * ROW + kind * MAX_THREADS)) found = true;
      if (this.against(t, at * ROW + (kind + KINDS) * MAX_THREADS)) found = true;
    }
    return found;
  }

  private against(t: number, row: number): boolean {
    const own = t * MAX_THREADS;
    let found = false;
    for (let u = 0; u < this.threads; u++) {
      if (u === t || (this.accesses[row + u] as number) <= (this.clocks[own + u] as number)) {
        continue;
      }
      if (this.other >= ARGUED) this.other = this.sites[row + u] as number;
      found = true;
    }
    return found;
  }

  private record(t: number, at: number, kind: number, site: number): void {
    if (this.seen[at] !== this.run) {
      this.seen[at] = this.run;
      this.accesses.fill(0, at * ROW, at * ROW + ROW);
    }
    const cell = at * ROW + (site < ARGUED ? kind : kind + KINDS) * MAX_THREADS + t;
    this.accesses[cell] = this.clocks[t * MAX_THREADS + t] as number;
    this.sites[cell] = site;
  }
}
