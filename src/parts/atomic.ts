// A record's fields for several threads at once: i32, u32 and ptr through Atomics (record.ts). A
// call takes some 8 to 14 ns, so asking which window it is in costs nothing beside it.
//
//   word     writers  readers  access   if its writer dies midway
//   a field  any      any      atomic   the old value or the new
//
// A window is a view of 4 GiB of the buffer, beyond which Node 20 has no typed array.

import { GRANULE } from '../word/layout.ts';
import { granuleOf, type Kind } from './field.ts';

const WINDOW = 2 ** 32;
const { BYTES } = GRANULE;
type Words = Int32Array | Uint32Array;

/** Of a field: what several threads can do to it at once. Sequentially consistent. */
export interface Atomic {
  /** What is there. */
  load(ptr: number): number;
  /** Writes it. */
  store(ptr: number, value: number): void;
  /** Adds, and wraps around; returns what was there. To a pointer: a multiple of 16, upwards. */
  add(ptr: number, value: number): number;
  /** Puts another value there; returns what was there. */
  swap(ptr: number, value: number): number;
  /** `next` in place of `expected`; returns what was there: `expected`, if it has happened. */
  cas(ptr: number, expected: number, next: number): number;
}

/** Null for a kind that Atomics has no word for. */
export function atomicsOf(buffer: SharedArrayBuffer, kind: Kind, offset: number): Atomic | null {
  if (kind === 'ptr') return new AtomicPtr(new Cell(windowsOf(Uint32Array, buffer), offset));
  if (kind === 'u32') return new Cell(windowsOf(Uint32Array, buffer), offset);
  return kind === 'i32' ? new Cell(windowsOf(Int32Array, buffer), offset) : null;
}

class Cell implements Atomic {
  private readonly windows: readonly Words[];
  private readonly offset: number;

  constructor(windows: readonly Words[], offset: number) {
    this.windows = windows;
    this.offset = offset;
  }

  load(ptr: number): number {
    return Atomics.load(this.windowOf(ptr), (ptr + this.offset) >>> 2);
  }

  store(ptr: number, value: number): void {
    Atomics.store(this.windowOf(ptr), (ptr + this.offset) >>> 2, value);
  }

  add(ptr: number, value: number): number {
    return Atomics.add(this.windowOf(ptr), (ptr + this.offset) >>> 2, value);
  }

  swap(ptr: number, value: number): number {
    return Atomics.exchange(this.windowOf(ptr), (ptr + this.offset) >>> 2, value);
  }

  cas(ptr: number, expected: number, next: number): number {
    const words = this.windowOf(ptr);
    return Atomics.compareExchange(words, (ptr + this.offset) >>> 2, expected, next);
  }

  /** `>>> 2` of an offset is its word in its window. */
  private windowOf(ptr: number): Words {
    const words = this.windows[Math.floor((ptr + this.offset) / WINDOW)];
    if (words === undefined) throw new RangeError(`${String(ptr)} lies outside the heap`);
    return words;
  }
}

/** A pointer, as its granule. */
class AtomicPtr implements Atomic {
  private readonly cell: Cell;

  constructor(cell: Cell) {
    this.cell = cell;
  }

  load(ptr: number): number {
    return this.cell.load(ptr) * BYTES;
  }

  store(ptr: number, value: number): void {
    this.cell.store(ptr, granuleOf(value));
  }

  add(ptr: number, value: number): number {
    return this.cell.add(ptr, granuleOf(value)) * BYTES;
  }

  swap(ptr: number, value: number): number {
    return this.cell.swap(ptr, granuleOf(value)) * BYTES;
  }

  cas(ptr: number, expected: number, next: number): number {
    return this.cell.cas(ptr, granuleOf(expected), granuleOf(next)) * BYTES;
  }
}

interface WordsType<T> {
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): T;
}

function windowsOf<T>(type: WordsType<T>, buffer: SharedArrayBuffer): T[] {
  return Array.from({ length: Math.ceil(buffer.byteLength / WINDOW) }, (_, index) => {
    const from = index * WINDOW;
    return new type(buffer, from, Math.floor(Math.min(WINDOW, buffer.byteLength - from) / 4));
  });
}
