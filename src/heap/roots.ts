// Named roots: how threads find shared structures without sending pointers about. Up to 64 names of
// up to 60 bytes (UTF-8), kept in the heap's own metadata under one lock (roottable.ts).

import { ROOT } from '../word/layout.ts';
import { HeapError } from '../word/errors.ts';
import type { Inside } from './door.ts';
import { RootTable } from './roottable.ts';

const { NAME_BYTES } = ROOT;

/** A name as the words of an entry hold it. */
function wordsOf(name: string): Int32Array {
  const bytes = new TextEncoder().encode(String(name));
  if (bytes.length === 0 || bytes.length > NAME_BYTES || bytes.includes(0)) {
    const limit = String(NAME_BYTES);
    throw new HeapError('BAD_NAME', `a root's name has 1 to ${limit} bytes of UTF-8 and no NUL`);
  }
  const padded = new Uint8Array(NAME_BYTES);
  padded.set(bytes);
  return new Int32Array(padded.buffer);
}

function nameOf(words: readonly number[]): string {
  const bytes = new Uint8Array(Int32Array.from(words).buffer);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Up to 64 named pointers of a heap. Each call costs a lock and a look at the names. */
export class Roots {
  private readonly inside: Inside;

  constructor(inside: Inside) {
    this.inside = inside;
  }

  /**
   * Names a pointer; 0 forgets the name. False when all 64 names are taken, or when no block of the
   * heap can start at `ptr`.
   */
  set(name: string, ptr: number): boolean {
    const words = wordsOf(name);
    return this.inside(({ on }) => new RootTable(on).set(words, ptr));
  }

  /**
   * Names a block if the name is not taken: how threads make something shared that is to be there
   * once. Returns the pointer that has the name then: this one, or another thread's; 0 when all 64
   * names are taken, or when no block can start at `ptr`. In a heap that tracks owners a block that
   * was named so is nobody's in particular, as `give(ptr, 'shared')` makes it: its thread dies with
   * the block still its own, or named and everybody's, and never in between.
   */
  add(name: string, ptr: number): number {
    const words = wordsOf(name);
    return this.inside(({ on }) => new RootTable(on).add(words, ptr));
  }

  /** The pointer of that name, or 0. */
  get(name: string): number {
    const words = wordsOf(name);
    return this.inside(({ on }) => new RootTable(on).get(words));
  }

  /** Forgets the name; false if there was none. The block stays as it is. */
  delete(name: string): boolean {
    const words = wordsOf(name);
    return this.inside(({ on }) => new RootTable(on).delete(words));
  }

  /** All names and their pointers, as of one moment. */
  entries(): [name: string, ptr: number][] {
    const found = this.inside(({ on }) => new RootTable(on).entries());
    return found.map(([words, ptr]) => [nameOf(words), ptr]);
  }
}
