// Shared memory as the allocator sees it: int32 words, doubles for counters, bytes for states.
//
// This is the only file that touches typed arrays of metadata or Atomics. Everything above speaks
// of plain `get/set` and atomic `load/store/swap/cas/add`, so that a model checker can take over
// every shared access by replacing this one class. V8 inlines the one-line methods, but not what
// they call of Atomics: whether it loads, stores or swaps, each takes 8 ns on Node 20, 14 on 26.
// Only the fast path (block/fastpath.ts), which has no bytecode to spare, reads and writes the
// arrays; a checker is to read `words[i]` and `bytes[i]` there as `get`, `set` and so on.
//
// The views have a fixed length, also on a growable buffer: length-tracking views cost 30 ns an
// access on Node 20.

import type { Layout } from './geometry.ts';

type AsyncWait = (
  words: Int32Array,
  index: number,
  expected: number,
  timeoutMs: number,
) => { readonly value: unknown };

/** The part of a layout that the views need. */
export type Extent = Pick<Layout, 'endWords' | 'countersByte' | 'bytesByte' | 'endByte'>;

export class Memory {
  readonly buffer: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly bytes: Uint8Array;

  constructor(buffer: SharedArrayBuffer, byteOffset: number, extent: Extent) {
    this.buffer = buffer;
    const { countersByte, bytesByte, endByte, endWords } = extent;
    this.words = new Int32Array(buffer, byteOffset, endWords);
    const counters = (bytesByte - countersByte) / 8;
    this.counters = new Float64Array(buffer, byteOffset + countersByte, counters);
    this.bytes = new Uint8Array(buffer, byteOffset + bytesByte, endByte - bytesByte);
  }

  /** The arrays themselves: for the fast path alone. */
  rawArrays(): { readonly words: Int32Array; readonly bytes: Uint8Array } {
    return { words: this.words, bytes: this.bytes };
  }

  /** Plain read of a word. */
  get(index: number): number {
    return this.words[index] as number;
  }

  /** Plain write of a word. */
  set(index: number, value: number): void {
    this.words[index] = value;
  }

  load(index: number): number {
    return Atomics.load(this.words, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.words, index, value);
  }

  /** Writes and returns the old value. */
  swap(index: number, value: number): number {
    return Atomics.exchange(this.words, index, value);
  }

  /** Writes `value` if the word is `expected`; returns the old value either way. */
  cas(index: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.words, index, expected, value);
  }

  /** Adds and returns the old value. */
  add(index: number, value: number): number {
    return Atomics.add(this.words, index, value);
  }

  getByte(index: number): number {
    return this.bytes[index] as number;
  }

  setByte(index: number, value: number): void {
    this.bytes[index] = value;
  }

  /** Plain zeroes over everything: once, by the creator of a heap in used memory. */
  clear(): void {
    this.words.fill(0);
    this.counters.fill(0);
    this.bytes.fill(0);
  }

  /**
   * Index of the first byte from `from` up to `end` that is `value`; -1 if there is none. Plain.
   */
  findByte(value: number, from: number, end: number): number {
    const at = this.bytes.indexOf(value, from);
    return at < end ? at : -1;
  }

  /** Plain zeroes over bytes [from, end). */
  clearBytes(from: number, end: number): void {
    this.bytes.fill(0, from, end);
  }

  getCount(index: number): number {
    return this.counters[index] as number;
  }

  setCount(index: number, value: number): void {
    this.counters[index] = value;
  }

  /**
   * Sleeps until woken while the word is `expected`, at most `timeoutMs`; true if it was that
   * long. A thread that may not block (a browser's page) returns at once: its caller loops and so
   * spins.
   */
  wait(index: number, expected: number, timeoutMs: number): boolean {
    if (canBlock) return Atomics.wait(this.words, index, expected, timeoutMs) === 'timed-out';
    pause();
    return true;
  }

  /** As `wait`, without blocking the thread; where the platform has no such wait, a short time. */
  async waitAsync(index: number, expected: number, timeoutMs: number): Promise<void> {
    const { waitAsync } = Atomics as { waitAsync?: AsyncWait };
    if (waitAsync === undefined) {
      await new Promise((done) => setTimeout(done, 1));
      return;
    }
    // The wait alone does not keep the thread alive, and may end later than it should.
    const alive = setInterval(() => undefined, timeoutMs + 1);
    await waitAsync(this.words, index, expected, timeoutMs).value;
    clearInterval(alive);
  }

  /**
   * Resolves when the word is woken, is not `expected`, or after `timeoutMs`. Keeps no thread
   * alive. Null where the platform has no such wait.
   */
  waitIdle(index: number, expected: number, timeoutMs: number): Promise<unknown> | null {
    const { waitAsync } = Atomics as { waitAsync?: AsyncWait };
    if (waitAsync === undefined) return null;
    return Promise.resolve(waitAsync(this.words, index, expected, timeoutMs).value);
  }

  /** Wakes up to `count` threads that sleep on the word; returns how many. */
  wake(index: number, count: number): number {
    return Atomics.notify(this.words, index, count);
  }

  /** A hint to the processor that this thread spins; nothing where the platform has none. */
  pause(): void {
    pause();
  }
}

/** Raises the atomic word at `index`, which never falls, to `value` if it is lower. */
export function raiseTo(memory: Memory, index: number, value: number): void {
  // RACE: an old value is lower, and then the cas tells a newer one. Mostly there is nothing to do,
  // and an atomic read is a call.
  let seen = memory.get(index);
  while (seen < value) {
    const old = memory.cas(index, seen, value);
    if (old === seen) return;
    seen = old;
  }
}

/** A view may be too short for the longest blocks: their bytes are copied and zeroed in parts. */
const PART_BYTES = 2 ** 30;

/** Users' bytes: not metadata, so no word of the map is ever reached through these four. */
export function copyBytes(memory: Memory, to: number, from: number, length: number): void {
  for (let done = 0; done < length; done += PART_BYTES) {
    const part = Math.min(PART_BYTES, length - done);
    const source = new Uint8Array(memory.buffer, from + done, part);
    new Uint8Array(memory.buffer, to + done, part).set(source);
  }
}

export function zeroBytes(memory: Memory, at: number, length: number): void {
  for (let done = 0; done < length; done += PART_BYTES) {
    new Uint8Array(memory.buffer, at + done, Math.min(PART_BYTES, length - done)).fill(0);
  }
}

/** As these two: users' bytes, one view. */
export function bytesAt(memory: Memory, at: number, length: number): Uint8Array {
  return new Uint8Array(memory.buffer, at, length);
}

/** A hash of bytes [at, at + length), both multiples of 4; `seed` is that of what came before. */
export function hashBytes(memory: Memory, at: number, length: number, seed: number): number {
  let hash = seed;
  for (let done = 0; done < length; done += PART_BYTES) {
    const words = Math.min(PART_BYTES, length - done) / 4;
    for (const word of new Int32Array(memory.buffer, at + done, words)) hash = mixed(hash ^ word);
  }
  return hash;
}

/** A number of 32 bits of which each depends on many of `bits` (MurmurHash3's finalizer). */
export function mixed(bits: number): number {
  const half = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  const more = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return more ^ (more >>> 16);
}

export function fillBytes(memory: Memory, at: number, length: number, value: number): void {
  for (let done = 0; done < length; done += PART_BYTES) {
    const bytes = Math.min(PART_BYTES, length - done);
    new Uint8Array(memory.buffer, at + done, bytes).fill(value);
  }
}

/** How many bytes from `at` on are `value`, up to `length`. */
export function countBytes(memory: Memory, at: number, length: number, value: number): number {
  for (let done = 0; done < length; done += PART_BYTES) {
    const bytes = new Uint8Array(memory.buffer, at + done, Math.min(PART_BYTES, length - done));
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== value) return done + i;
  }
  return length;
}

/** Whether this thread may sleep in Atomics.wait: everywhere but on a browser's page. */
export const canBlock: boolean = (() => {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
})();

const pause: () => void = (Atomics as { pause?: () => void }).pause ?? (() => undefined);
