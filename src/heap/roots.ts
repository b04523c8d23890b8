// Named roots: how threads find shared structures without sending pointers about. Up to 64 names of
// up to 60 bytes (UTF-8), kept in the heap's own metadata under one lock.
//
//   word     writers    readers    access  if its writer dies midway
//   GRANULE  root lock  root lock  plain   valid: 0 is an unused entry, written last by set
//   NAME     root lock  root lock  plain   valid while GRANULE is not 0

import { GRANULE, HEADER, LOCK, ROOT } from '../word/layout.ts';
import { HeapError } from '../word/errors.ts';
import type { Lock } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import type { StateMap } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';
import type { Session } from './session.ts';

const { COUNT, NAME, NAME_BYTES, WORDS, GRANULE: TARGET } = ROOT;
const { BYTES } = GRANULE;

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

/** Runs what takes a lock from a thread's seat; throws DETACHED when it has left the heap. */
export type Inside = <T>(work: (session: Session) => T) => T;

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

  entries(): [name: string, ptr: number][] {
    return this.inside(({ on }) => new RootTable(on).entries());
  }
}

/** The entries as one seat sees them. */
class RootTable {
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly first: number;
  private readonly lock: Lock;

  constructor(on: Attachment) {
    this.memory = on.memory;
    this.states = on.states;
    this.first = on.layout.roots;
    this.lock = on.locks.at(HEADER.ROOT_LOCK + LOCK.WORD);
  }

  set(words: Int32Array, ptr: number): boolean {
    if (ptr === 0) return this.delete(words) || true;
    const granule = this.states.granuleOf(ptr);
    if (granule < 0) return false;
    this.lock.lock();
    const entry = this.find(words) || this.unused();
    if (entry !== 0) this.write(entry, words, granule);
    this.lock.unlock();
    return entry !== 0;
  }

  get(words: Int32Array): number {
    this.lock.lock();
    const entry = this.find(words);
    const ptr = entry === 0 ? 0 : this.memory.get(entry + TARGET) * BYTES;
    this.lock.unlock();
    return ptr;
  }

  delete(words: Int32Array): boolean {
    this.lock.lock();
    const entry = this.find(words);
    if (entry !== 0) this.memory.set(entry + TARGET, 0);
    this.lock.unlock();
    return entry !== 0;
  }

  entries(): [name: string, ptr: number][] {
    this.lock.lock();
    const found = this.indexes()
      .filter((entry) => this.memory.get(entry + TARGET) !== 0)
      .map((entry): [string, number] => [
        this.nameAt(entry),
        this.memory.get(entry + TARGET) * BYTES,
      ]);
    this.lock.unlock();
    return found;
  }

  private indexes(): number[] {
    return Array.from({ length: COUNT }, (_, i) => this.first + i * WORDS);
  }

  private find(words: Int32Array): number {
    const same = (entry: number) => words.every((w, i) => this.memory.get(entry + NAME + i) === w);
    return this.indexes().find((e) => this.memory.get(e + TARGET) !== 0 && same(e)) ?? 0;
  }

  private unused(): number {
    return this.indexes().find((entry) => this.memory.get(entry + TARGET) === 0) ?? 0;
  }

  private write(entry: number, words: Int32Array, granule: number): void {
    words.forEach((word, i) => this.memory.set(entry + NAME + i, word));
    this.memory.set(entry + TARGET, granule); // COMMIT: the name stands before it counts
  }

  private nameAt(entry: number): string {
    const words = Int32Array.from({ length: NAME_BYTES / 4 }, (_, i) =>
      this.memory.get(entry + NAME + i),
    );
    const bytes = new Uint8Array(words.buffer);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }
}
