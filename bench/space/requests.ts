// Requests: what a program asks of its allocator, one after another, in one thread. They are made
// once and played to every allocator, in JavaScript and in C: who holds how much for them is then a
// matter of the allocator alone.
//
//   word    meaning
//   OP      as in a trace: 1 alloc, 2 free, 3 realloc
//   BLOCK   the block's number
//   SIZE    bytes requested, at least 1; of a free 0
//   ALIGN   log2 of the alignment, 0 for any
import { EVENT, OP, type Trace } from '../replay/trace.ts';
import { nextRandom, seedOf } from '../workloads/random.ts';

export const REQUEST = Object.freeze({ WORDS: 4, OP: 0, BLOCK: 1, SIZE: 2, ALIGN: 3 });

export interface Requests {
  readonly name: string;
  readonly blocks: number;
  readonly words: Int32Array;
  /** Most bytes asked for and not yet freed, and those that are live at the end. */
  readonly peakBytes: number;
  readonly endBytes: number;
}

/** A trace's events in the order in which they were recorded, whichever thread they were of. */
export function requestsOf(trace: Trace): Requests {
  const list = new Writer(trace.name, trace.events);
  for (const event of trace.order) {
    const at = event * EVENT.WORDS;
    const what = trace.words[at + EVENT.WHAT]!;
    const [block, size] = [trace.words[at + EVENT.BLOCK]!, trace.words[at + EVENT.SIZE]!];
    list.add(what & 255, block, size >>> 0, (what >> 8) & 255);
  }
  return list.done();
}

const LEAST_BYTES = 8;
const MOST_BYTES = 4096;

/** A live set of 8 to 4096 bytes a block, of which one at random is replaced, over and over. */
export function mixedRequests(name: string, live: number, replacements: number): Requests {
  const list = new Writer(name, live + 2 * replacements);
  const random = new Draw();
  for (let block = 0; block < live; block++)
    list.alloc(block, random.size(LEAST_BYTES, MOST_BYTES));
  for (let i = 0; i < replacements; i++) {
    const block = random.below(live);
    list.free(block);
    list.alloc(block, random.size(LEAST_BYTES, MOST_BYTES));
  }
  return list.done();
}

/**
 * Pairs of one block of 64 B and one of 1 KiB, as a parser leaves a result beside each buffer; then
 * all the buffers are freed, and the results stay.
 */
export function pairRequests(name: string, pairs: number): Requests {
  const list = new Writer(name, 3 * pairs);
  for (let block = 0; block < pairs; block++) {
    list.alloc(block, 64);
    list.alloc(pairs + block, 1024);
  }
  for (let block = pairs; block < 2 * pairs; block++) list.free(block);
  return list.done();
}

const PHASES: readonly (readonly [least: number, most: number])[] = [
  [16, 64],
  [512, 4096],
  [64, 512],
  [4096, 65_536],
  [16, 64],
  [8, 4096],
];
const SURVIVORS = 10; // one in so many lives on

/**
 * The live set grows to `bytes` with blocks of some sizes, then nine blocks in ten are freed, and
 * it grows again with blocks of other sizes: what was freed has to serve them.
 */
export function phaseRequests(name: string, bytes: number): Requests {
  const list = new Writer(name, (2 * PHASES.length * bytes) / 32);
  const random = new Draw();
  let next = 0;
  for (const [least, most] of PHASES) {
    while (list.liveBytes < bytes) list.alloc(next++, random.size(least, most));
    for (let block = 0; block < next; block++) {
      if (list.isLive(block) && random.below(SURVIVORS) > 0) list.free(block);
    }
  }
  return list.done();
}

/** Numbers at random, the same in every run. */
class Draw {
  #x = seedOf(0);

  #unit(): number {
    this.#x = nextRandom(this.#x);
    return (this.#x >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.#unit() * limit);
  }

  /** As many in each doubling. */
  size(least: number, most: number): number {
    return Math.floor(least * (most / least) ** this.#unit());
  }
}

/** Puts requests side by side and keeps the account of what is live. */
class Writer {
  readonly #name: string;
  readonly #words: Int32Array;
  readonly #sizes: number[] = [];
  #at = 0;
  #peak = 0;
  liveBytes = 0;

  constructor(name: string, most: number) {
    this.#name = name;
    this.#words = new Int32Array(new SharedArrayBuffer(most * REQUEST.WORDS * 4));
  }

  alloc(block: number, size: number): void {
    this.add(OP.ALLOC, block, size, 0);
  }

  free(block: number): void {
    this.add(OP.FREE, block, 0, 0);
  }

  isLive(block: number): boolean {
    return this.#sizes[block]! > 0;
  }

  add(op: number, block: number, size: number, align: number): void {
    this.#words.set([op, block, size, align], this.#at);
    this.#at += REQUEST.WORDS;
    this.liveBytes += size - (op === OP.ALLOC ? 0 : this.#sizes[block]!);
    this.#sizes[block] = size;
    this.#peak = Math.max(this.#peak, this.liveBytes);
  }

  done(): Requests {
    const words = this.#words.subarray(0, this.#at);
    const totals = { peakBytes: this.#peak, endBytes: this.liveBytes };
    return { name: this.#name, blocks: this.#sizes.length, words, ...totals };
  }
}
