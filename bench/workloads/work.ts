// A workload: what one thread does to a heap, turn after turn. It is written once, against the few
// words below, and every side of a contest runs this same code, each in threads of its own: no
// side's calls ever reach an inline cache of another's.
//
// Every block is used, in the same way on every side: its first word gets a token when it has been
// allocated and must still hold it when it is freed. A side that hands a block out twice, loses
// one, or refuses a free, fails loudly and has no figure.
//
// Workloads are closures over their allocator: to the compiler it is then a constant, as the heap
// of a program is that has it in a `const`. With the allocator in a field of an object, or with
// the two calls in functions of their own, a pair of ours takes up to twice as long.

/** What a side has to offer. */
export interface Allocator {
  /** 0: there is no memory left. */
  alloc(size: number): number;
  /** false: it was refused. Those that cannot tell return nothing. */
  free(ptr: number): boolean | void;
}

/** A side as one thread sees it: the allocator, and the memory that its pointers point into. */
export interface Ground {
  readonly heap: Allocator;
  readonly words: Int32Array;
}

export type WorkloadName =
  | 'pair'
  | 'batch'
  | 'shuffled'
  | 'mixed'
  | 'steady'
  | 'far'
  | 'delays'
  | 'ring'
  | 'larson';

/** What a workload does, and with what. */
export interface Job {
  readonly workload: WorkloadName;
  readonly threads: number;
  /** Bytes of a block, where all are of one size. */
  readonly size: number;
  /** Blocks of each thread that live at the same time. */
  readonly live: number;
}

/** One thread's part in it. */
export interface Part extends Job {
  readonly thread: number;
  /** Words that the job's threads share, all 0 at first. */
  readonly shared: Int32Array;
}

export interface Work {
  /** Operations in one turn: pairs of an alloc and a free. */
  readonly ops: number;
  turn(): void;
  /** Frees whatever is still live. */
  finish(): void;
}

/** A block of `size` bytes with a token in it, where time does not matter. */
export function take({ heap, words }: Ground, size: number, token: number): number {
  const ptr = heap.alloc(size);
  if (ptr === 0) throw exhausted(size);
  words[ptr >> 2] = token;
  return ptr;
}

/** Frees a block that must still hold its token, where time does not matter. */
export function give({ heap, words }: Ground, ptr: number, token: number): void {
  if (words[ptr >> 2] !== token || heap.free(ptr) === false) throw damaged(ptr);
}

export function exhausted(size: number): Error {
  return new Error(`there was no block of ${size} bytes`);
}

export function damaged(ptr: number): Error {
  return new Error(`the live block at ${ptr} lost its token, or its free was refused`);
}
