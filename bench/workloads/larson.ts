// Larson and Krishnan's server: each thread replaces blocks of 8 to 1000 bytes in a table, and
// hands the table on. As many tables as threads go round, so that most of what a thread frees was
// allocated by another.
//
//   word         writers      readers    access
//   DONE + t     thread t     its heir   atomic   turns that thread t has ended
//   a table      its thread   its heir   plain    published by DONE
import { pause } from './pause.ts';
import { below, nextRandom, seedOf, SIZES_MASK, uniformSizes } from './random.ts';
import { damaged, exhausted, give, take, type Ground, type Part, type Work } from './work.ts';

const OPS = 5000;
const MOST_BYTES = 1000;
const LINE = 32; // words between two counters
const TABLES = 16 * LINE;

export function larson(ground: Ground, { thread, threads, live, shared }: Part): Work {
  const sizes = uniformSizes(MOST_BYTES);
  const replace = replacer(ground, shared, live, sizes);
  const own = TABLES + thread * live;
  let random = seedOf(thread);
  let turns = 0;
  for (let at = own; at < own + live; at++) {
    random = nextRandom(random);
    shared[at] = take(ground, sizes[random & SIZES_MASK]!, at);
  }
  return {
    ops: OPS,
    turn() {
      // Who had the table before has ended as many turns as this thread.
      if (turns > 0) waitFor(shared, ((thread + 1) % threads) * LINE, turns);
      random = replace(TABLES + ((thread + turns) % threads) * live, random);
      turns++;
      Atomics.store(shared, thread * LINE, turns); // hands the table to its heir, in waitFor
    },
    finish() {
      for (let at = own; at < own + live; at++) give(ground, shared[at]!, at);
    },
  };
}

function waitFor(shared: Int32Array, word: number, turns: number): void {
  let spins = 0;
  while (Atomics.load(shared, word) < turns) spins = pause(spins);
}

type Replace = (table: number, random: number) => number;

function replacer(
  { heap, words }: Ground,
  all: Int32Array,
  live: number,
  sizes: Int32Array,
): Replace {
  const [next, slotBelow, mask] = [nextRandom, below, SIZES_MASK]; // as in mixed.ts
  return (table, random) => {
    let x = random;
    for (let i = 0; i < OPS; i++) {
      x = next(x);
      const at = table + slotBelow(x, live);
      const old = all[at]!;
      if (words[old >> 2] !== at || heap.free(old) === false) throw damaged(old);
      const size = sizes[x & mask]!;
      const ptr = heap.alloc(size);
      if (ptr === 0) throw exhausted(size);
      words[ptr >> 2] = at;
      all[at] = ptr;
    }
    return x;
  };
}
