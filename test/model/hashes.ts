// Hashes of partial orders, two of 32 bits each (see machine.ts): per thread, of all it has done
// and seen; per location, of its last write and of the reads since.

import { MAX_THREADS } from './races.ts';

const A = 0x9e3779b1;
const B = 0x85ebca6b;

export class Hashes {
  readonly locations: number;
  private readonly threads1 = new Int32Array(MAX_THREADS);
  private readonly threads2 = new Int32Array(MAX_THREADS);
  private readonly writes1: Int32Array;
  private readonly writes2: Int32Array;
  private readonly reads1: Int32Array;
  private readonly reads2: Int32Array;
  private readonly seen: Int32Array;
  private run = 0;
  private count = 0;

  constructor(locations: number) {
    this.locations = locations;
    this.writes1 = new Int32Array(locations);
    this.writes2 = new Int32Array(locations);
    this.reads1 = new Int32Array(locations);
    this.reads2 = new Int32Array(locations);
    this.seen = new Int32Array(locations);
  }

  begin(threads: number): void {
    this.run++;
    this.count = threads;
    for (let t = 0; t < MAX_THREADS; t++) {
      this.threads1[t] = Math.imul(t + 1, A);
      this.threads2[t] = Math.imul(t + 1, B);
    }
  }

  /** Thread t reads or writes a location. */
  step(t: number, at: number, writes: boolean): void {
    if (this.seen[at] !== this.run) {
      this.seen[at] = this.run;
      this.writes1[at] = this.writes2[at] = this.reads1[at] = this.reads2[at] = 0;
    }
    let a = mix(this.threads1[t] as number, this.writes1[at] as number, A);
    let b = mix(this.threads2[t] as number, this.writes2[at] as number, B);
    if (writes) {
      a = mix(a, this.reads1[at] as number, A);
      b = mix(b, this.reads2[at] as number, B);
      this.writes1[at] = a;
      this.writes2[at] = b;
      this.reads1[at] = this.reads2[at] = 0;
    } else {
      (this.reads1[at] as number) += a;
      (this.reads2[at] as number) += b;
    }
    this.threads1[t] = a;
    this.threads2[t] = b;
  }

  /** Something that befalls a thread; on a location, or (-1) on itself alone. */
  event(t: number, at: number, what: number): void {
    if (at >= 0) this.step(t, at, true);
    this.threads1[t] = mix(this.threads1[t] as number, what, A);
    this.threads2[t] = mix(this.threads2[t] as number, what, B);
  }

  /** Thread `to` was woken by `from`. */
  join(to: number, from: number): void {
    this.threads1[to] = mix(this.threads1[to] as number, this.threads1[from] as number, A);
    this.threads2[to] = mix(this.threads2[to] as number, this.threads2[from] as number, B);
  }

  /** The partial order so far, and which thread ran last: a number of 53 bits. */
  state(last: number): number {
    let a = last;
    let b = last;
    for (let t = 0; t < this.count; t++) {
      a = mix(a, this.threads1[t] as number, A);
      b = mix(b, this.threads2[t] as number, B);
    }
    return (a >>> 0) * 2 ** 21 + (b >>> 11);
  }
}

function mix(hash: number, value: number, by: number): number {
  const mixed = Math.imul(hash ^ (value + 0x7f4a7c15), by);
  return mixed ^ (mixed >>> 15);
}
