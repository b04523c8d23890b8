// Threads that free each other's blocks through a table of shared words, in WebAssembly (lodger.c,
// lodger.as) and in JavaScript: each round puts a new stamped block into an entry by one atomic
// exchange, then checks and frees the block that was there, if any. So a thread has at most one
// block in hand, and who dies leaves no more than that besides what is in the table.

import type { SharedHeap } from '../../../src/index.ts';

export interface ExchangeOrders {
  /** Where the table is, and how many entries it has; all 0 at first. */
  readonly table: number;
  readonly entries: number;
  readonly owner: number;
  /** Not 0. */
  readonly seed: number;
  readonly rounds: number;
  /** Where this thread counts: its own words, all 0 at first. */
  readonly tally: number;
}

/** The words of a tally. */
export const TALLY = { ALLOCS: 0, FREES: 1, FOREIGN: 2, WRONG: 3, REFUSED: 4, WORDS: 5 } as const;

/** One thread's part, in JavaScript. */
export function exchange(heap: SharedHeap, orders: ExchangeOrders): void {
  const { table, entries, owner, rounds, tally } = orders;
  const { i32, u32 } = heap;
  const count = (word: number) => i32[tally / 4 + word]!++;
  let { seed } = orders;
  for (let round = 0; round < rounds; round++) {
    seed = next(seed);
    const size = 16 + ((seed >>> 4) % 3000);
    const ptr = heap.alloc(size);
    if (ptr === 0) {
      count(TALLY.REFUSED);
      continue;
    }
    count(TALLY.ALLOCS);
    stamp(u32, ptr, size, owner);
    const old = Atomics.exchange(i32, table / 4 + ((seed >>> 16) % entries), ptr) >>> 0;
    if (old === 0) continue;
    if (u32[old / 4 + 1] !== owner) count(TALLY.FOREIGN);
    if (!isIntact(u32, old)) count(TALLY.WRONG);
    if (heap.free(old)) count(TALLY.FREES);
  }
}

/** Takes what is left in the table, checks and frees it; how many blocks it was. */
export function clearTable(heap: SharedHeap, { table, entries, tally }: ExchangeOrders): number {
  let blocks = 0;
  for (let entry = table / 4; entry < table / 4 + entries; entry++) {
    const ptr = Atomics.exchange(heap.i32, entry, 0) >>> 0;
    if (ptr === 0) continue;
    if (!isIntact(heap.u32, ptr)) heap.i32[tally / 4 + TALLY.WRONG]!++;
    if (heap.free(ptr)) blocks++;
  }
  return blocks;
}

function next(seed: number): number {
  let bits = seed ^ (seed << 13);
  bits ^= bits >>> 17;
  return bits ^ (bits << 5);
}

function wordAt(ptr: number, i: number): number {
  return (ptr ^ Math.imul(i, 0x9e3779b1)) >>> 0;
}

function stamp(words: Uint32Array, ptr: number, size: number, owner: number): void {
  words[ptr / 4] = size;
  words[ptr / 4 + 1] = owner;
  for (let i = 2; i < size >>> 2; i++) words[ptr / 4 + i] = wordAt(ptr, i);
}

function isIntact(words: Uint32Array, ptr: number): boolean {
  const count = words[ptr / 4]! >>> 2;
  for (let i = 2; i < count; i++) if (words[ptr / 4 + i] !== wordAt(ptr, i)) return false;
  return true;
}
