// Producer and consumer: one thread allocates, the other frees, and a ring of pointers lies between
// them. Every free is of a block that another thread allocated. Either end tells the other of 32
// entries at a time: told of each, the two would mostly wait for each other's cache lines. The ring
// is long enough to keep one end busy while the other sleeps.
//
//   word    writers       readers    access
//   HEAD    the consumer  both       atomic   entries that have been taken out
//   TAIL    the producer  both       atomic   entries that have been put in
//   entry   the producer  consumer   plain    published by TAIL, given back by HEAD
import { pause } from './pause.ts';
import { damaged, exhausted, type Ground, type Part, type Work } from './work.ts';

const STRIDE = 32;
const OPS = 64 * STRIDE;
const HEAD = 0;
const TAIL = 32; // lines of their own
const ENTRIES = 64;
const CAPACITY = 8192;
const MOST_BYTES = 64 * 2 ** 20; // on their way at the same time

/** Entries of a ring for blocks of `size`: a power of two, and at least two strides. */
export function capacityFor(size: number): number {
  const fitting = 2 ** Math.floor(Math.log2(MOST_BYTES / size));
  return Math.max(2 * STRIDE, Math.min(CAPACITY, fitting));
}

export function producer({ heap, words }: Ground, { shared, size }: Part): Work {
  const capacity = capacityFor(size);
  const mask = capacity - 1;
  let tail = 0;
  let head = 0; // as last seen
  return {
    ops: OPS,
    turn() {
      for (let i = 0; i < OPS; i++) {
        const ptr = heap.alloc(size);
        if (ptr === 0) throw exhausted(size);
        words[ptr >> 2] = tail;
        if (((tail - head) | 0) === capacity) head = waitWhile(shared, HEAD, head);
        shared[ENTRIES + (tail & mask)] = ptr;
        tail = (tail + 1) | 0;
        // Publishes the entries to the consumer's waitWhile.
        if (tail % STRIDE === 0) Atomics.store(shared, TAIL, tail);
      }
    },
    finish() {},
  };
}

export function consumer({ heap, words }: Ground, { shared, size }: Part): Work {
  const mask = capacityFor(size) - 1;
  let head = 0;
  let tail = 0; // as last seen
  return {
    ops: OPS,
    turn() {
      for (let i = 0; i < OPS; i++) {
        if (head === tail) tail = waitWhile(shared, TAIL, tail);
        const token = head;
        const ptr = shared[ENTRIES + (head & mask)]!;
        head = (head + 1) | 0;
        // Gives the entries back to the producer's waitWhile.
        if (head % STRIDE === 0) Atomics.store(shared, HEAD, head);
        if (words[ptr >> 2] !== token || heap.free(ptr) === false) throw damaged(ptr);
      }
    },
    finish() {},
  };
}

function waitWhile(shared: Int32Array, word: number, value: number): number {
  let spins = 0;
  let now = value;
  while ((now = Atomics.load(shared, word)) === value) spins = pause(spins);
  return now;
}
