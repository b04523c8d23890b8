// Larson and Krishnan's server: each thread replaces blocks of 8 to 1000 bytes in a table, and hands
// the table on. As many tables as threads go round, so that most of what a thread frees was
// allocated by another.
//
//   word         writers      readers    access
//   DONE + t     thread t     its heir   atomic   turns that thread t has ended
//   a table      its thread   its heir   plain    published by DONE
import { pause } from './pause.ts';
import { below, nextRandom, seedOf, SIZES_MASK, uniformSizes } from './random.ts';
import { give, take, type Allocator, type Ground, type Part, type Work } from './work.ts';

const MOST_BYTES = 1000;
const LINE = 32; // words between two counters
const TABLES = 16 * LINE;

export class Larson implements Work {
  readonly ops = 5000;
  private readonly heap: Allocator;
  private readonly words: Int32Array;
  private readonly part: Part;
  private readonly sizes = uniformSizes(MOST_BYTES);
  private random: number;
  private turns = 0;

  constructor({ heap, words }: Ground, part: Part) {
    this.heap = heap;
    this.words = words;
    this.part = part;
    this.random = seedOf(part.thread);
    const first = this.table(part.thread);
    for (let at = first; at < first + part.live; at++) {
      this.random = nextRandom(this.random);
      part.shared[at] = take(heap, words, this.sizes[this.random & SIZES_MASK]!, at);
    }
  }

  turn(): void {
    const { thread, threads } = this.part;
    if (this.turns > 0) this.waitFor((thread + 1) % threads);
    this.replace(this.table((thread + this.turns) % threads));
    this.turns++;
    Atomics.store(this.part.shared, thread * LINE, this.turns); // hands the table to its heir
  }

  private table(index: number): number {
    return TABLES + index * this.part.live;
  }

  // The thread that had the table before has ended as many turns as this one.
  private waitFor(thread: number): void {
    const { shared } = this.part;
    let spins = 0;
    while (Atomics.load(shared, thread * LINE) < this.turns) spins = pause(spins);
  }

  private replace(table: number): void {
    const { heap, words, sizes, ops } = this;
    const { shared, live } = this.part;
    let x = this.random;
    for (let i = 0; i < ops; i++) {
      x = nextRandom(x);
      const at = table + below(x, live);
      give(heap, words, shared[at]!, at);
      shared[at] = take(heap, words, sizes[x & SIZES_MASK]!, at);
    }
    this.random = x;
  }

  finish(): void {
    const { shared, live, thread } = this.part;
    const first = this.table(thread);
    for (let at = first; at < first + live; at++) give(this.heap, this.words, shared[at]!, at);
  }
}
