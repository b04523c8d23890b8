// The entries of named roots, under one lock. An entry is a name and the granule of the block that
// has it. A block that is named and given to all at once (`add`) is named below zero first: then
// whoever takes the lock over from a thread that died there gives it. Recovery waits for that
// before it frees what was the dead's.
//
//   word     writers    readers    access  if its writer dies midway
//   GRANULE  root lock  root lock  plain   valid: 0 is an unused entry, written last by set; below
//                                          0: the block is being given to all, finished by repair
//   NAME     root lock  root lock  plain   valid while GRANULE is not 0

import { GRANULE, HEADER, LOCK, ROOT } from '../word/layout.ts';
import type { Guarded, Lock } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import type { StateMap } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';

const { COUNT, NAME, NAME_BYTES, WORDS, GRANULE: TARGET } = ROOT;
const { BYTES } = GRANULE;

/** The entries as one seat sees them. */
export class RootTable implements Guarded {
  readonly lock: Lock;
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly first: number;

  constructor(on: Attachment) {
    this.memory = on.memory;
    this.states = on.states;
    this.first = on.layout.roots;
    this.lock = on.locks.at(HEADER.ROOT_LOCK + LOCK.WORD, this);
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

  add(words: Int32Array, ptr: number): number {
    const granule = this.states.granuleOf(ptr);
    if (granule < 0) return 0;
    this.lock.lock();
    const there = this.find(words);
    const entry = there || this.unused();
    if (there === 0 && entry !== 0) this.addLocked(entry, words, granule);
    const named = entry === 0 ? 0 : this.memory.get(entry + TARGET) * BYTES;
    this.lock.unlock();
    return named;
  }

  /**
   * Recovery, before it frees what was a dead thread's: its lock has been taken over, but who did
   * may still be repairing.
   */
  settle(): void {
    this.lock.lock();
    this.lock.unlock();
  }

  /** A block that was being named and given to all is both. */
  repairLocked(): void {
    for (const entry of this.indexes()) {
      const target = this.memory.get(entry + TARGET);
      if (target < 0) this.giveLocked(entry, -target);
    }
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

  /** Each name's words, and its pointer. */
  entries(): [words: number[], ptr: number][] {
    this.lock.lock();
    const found = this.indexes()
      .filter((entry) => this.memory.get(entry + TARGET) !== 0)
      .map((entry): [number[], number] => [
        this.wordsAt(entry),
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

  private write(entry: number, words: Int32Array, target: number): void {
    words.forEach((word, i) => this.memory.set(entry + NAME + i, word));
    this.memory.set(entry + TARGET, target); // COMMIT: the name stands before it counts
  }

  /** From the first write of TARGET on, whoever takes the lock over finishes it. */
  private addLocked(entry: number, words: Int32Array, granule: number): void {
    this.write(entry, words, -granule);
    this.giveLocked(entry, granule);
  }

  private giveLocked(entry: number, granule: number): void {
    this.states.setOwner(granule, 0);
    this.memory.set(entry + TARGET, granule);
  }

  private wordsAt(entry: number): number[] {
    return Array.from({ length: NAME_BYTES / 4 }, (_, i) => this.memory.get(entry + NAME + i));
  }
}
