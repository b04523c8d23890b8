// The model's memory: what the checked sources get in place of the class Memory. It has the same
// methods, which act at once; they serve constructors, set-up and checks. The steps of a schedule
// go through the machine instead, which works on the same arrays.
//
// `image` and `restore` take the heap back to where the set-up left it, for the next schedule.

import type { Layout } from '../../src/word/geometry.ts';

type Extent = Pick<Layout, 'endWords' | 'countersByte' | 'bytesByte' | 'endByte'>;

/** In place of the arrays: an element that elements.ts has not made a call of is an error. */
const UNSEEN = new Proxy(
  {},
  {
    get(of, key) {
      if (/^-?\d/.test(String(key))) throw new Error(`elements.ts has not seen [${String(key)}]`);
      return Reflect.get(of, key) as unknown;
    },
    set(_, key) {
      throw new Error(`elements.ts has not seen [${String(key)}]`);
    },
  },
);

export class ModelMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly counters: Float64Array;
  readonly bytes: Uint8Array;
  /** All metadata. */
  private readonly all: Int32Array;

  constructor(buffer: SharedArrayBuffer, byteOffset: number, extent: Extent) {
    this.buffer = buffer;
    const { countersByte, bytesByte, endByte, endWords } = extent;
    this.words = new Int32Array(buffer, byteOffset, endWords);
    const counters = (bytesByte - countersByte) / 8;
    this.counters = new Float64Array(buffer, byteOffset + countersByte, counters);
    this.bytes = new Uint8Array(buffer, byteOffset + bytesByte, endByte - bytesByte);
    this.all = new Int32Array(buffer, byteOffset, Math.ceil(endByte / 4)); // a page ends later
  }

  image(): Int32Array {
    return this.all.slice();
  }

  restore(image: Int32Array): void {
    this.all.set(image);
  }

  /** A hash of all metadata. */
  hash(): number {
    const { all } = this;
    let hash = 0;
    for (let i = 0; i < all.length; i++) {
      hash = Math.imul(hash ^ (all[i] as number), 0x01000193) ^ (hash >>> 15);
    }
    return hash >>> 0;
  }

  rawArrays(): { readonly words: object; readonly bytes: object } {
    return { words: UNSEEN, bytes: UNSEEN };
  }

  get(index: number): number {
    return this.words[index] as number;
  }

  set(index: number, value: number): void {
    this.words[index] = value;
  }

  load(index: number): number {
    return this.words[index] as number;
  }

  store(index: number, value: number): void {
    this.words[index] = value;
  }

  swap(index: number, value: number): number {
    const old = this.words[index] as number;
    this.words[index] = value;
    return old;
  }

  cas(index: number, expected: number, value: number): number {
    const old = this.words[index] as number;
    if (old === expected) this.words[index] = value;
    return old;
  }

  add(index: number, value: number): number {
    const old = this.words[index] as number;
    this.words[index] = old + value;
    return old;
  }

  getByte(index: number): number {
    return this.bytes[index] as number;
  }

  setByte(index: number, value: number): void {
    this.bytes[index] = value;
  }

  clear(): void {
    this.all.fill(0);
  }

  clearBytes(from: number, end: number): void {
    this.bytes.fill(0, from, end);
  }

  findByte(value: number, from: number, end: number): number {
    const at = this.bytes.indexOf(value, from);
    return at < end ? at : -1;
  }

  getCount(index: number): number {
    return this.counters[index] as number;
  }

  setCount(index: number, value: number): void {
    this.counters[index] = value;
  }

  wait(): void {
    throw new Error('set-up and checks must not sleep');
  }

  wake(): number {
    return 0;
  }

  pause(): void {}
}
