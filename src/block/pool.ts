// The pool of arrays: 128 words each, for magazines, journals and references. Its truth is a word
// in each array, HOLDER: whose it is. A list or a top that names an array of somebody else's is a
// leftover of the dead and counts for nothing, so each array is in exactly one place at every
// moment.
//
// An array changes hands by one store of HOLDER. Before that, who takes it has written down where
// to find it (`note`); after that, the list it came from is put right. So the head of a list may
// for a moment, or for as long as its lock is a dead thread's, be an array that does not belong
// there.
//
//   word         writers    readers    access  if its writer dies midway
//   HOLDER       see above  recovery   plain   valid
//   POOL_FREE    pool lock  same       plain   derived: a head with a HOLDER is taken off
//   POOL_NEXT    pool lock  same       plain   derived: arrays from here on have no HOLDER

import type { Layout } from '../word/geometry.ts';
import { HEADER, LOCK, MAGAZINE } from '../word/layout.ts';
import type { Guarded, Lock, Locks } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';

const { POOL_LOCK, POOL_NEXT, POOL_FREE, MAGAZINES } = HEADER;
const { NEXT, HOLDER, WORDS } = MAGAZINE;

const NOBODY = 0;

export class ArrayPool implements Guarded {
  readonly lock: Lock;
  /** All arrays there are. */
  readonly count: number;
  private readonly memory: Memory;
  private readonly first: number;

  constructor(locks: Locks, layout: Layout) {
    this.memory = locks.memory;
    this.lock = locks.at(POOL_LOCK + LOCK.WORD, this);
    this.first = layout.magazines;
    this.count = this.memory.get(MAGAZINES);
  }

  /** Word index of an array that is now `holder`'s and stands in the word `note`; 0 for none. */
  take(holder: number, note: number): number {
    this.lock.lock();
    const array = this.memory.get(POOL_FREE) || this.unused();
    if (array !== 0) {
      this.memory.set(note, array);
      this.memory.set(array + HOLDER, holder); // COMMIT
      this.dropLocked();
    }
    this.lock.unlock();
    return array;
  }

  /** Takes an array back from its holder. */
  give(array: number): void {
    this.lock.lock();
    this.memory.set(array + NEXT, this.memory.get(POOL_FREE));
    this.memory.set(POOL_FREE, array);
    this.memory.set(array + HOLDER, NOBODY); // COMMIT
    this.lock.unlock();
  }

  /** Whether an array is that holder's. */
  isOf(array: number, holder: number): boolean {
    // RACE: of an array that is not `holder`'s somebody else may be writing it, another's number.
    return this.memory.get(array + HOLDER) === holder;
  }

  repairLocked(): void {
    this.dropLocked();
  }

  /** Takes off what has a holder: the list's head, or the first of those never used. */
  private dropLocked(): void {
    const { memory } = this;
    const head = memory.get(POOL_FREE);
    if (head !== 0) {
      if (memory.get(head + HOLDER) !== NOBODY) memory.set(POOL_FREE, memory.get(head + NEXT));
      return;
    }
    const next = this.unused();
    if (next !== 0 && memory.get(next + HOLDER) !== NOBODY) {
      memory.set(POOL_NEXT, memory.get(POOL_NEXT) + 1);
    }
  }

  private unused(): number {
    const next = this.memory.get(POOL_NEXT);
    return next < this.count ? this.first + next * WORDS : 0;
  }
}
