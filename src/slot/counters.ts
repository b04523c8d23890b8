// Counters: eight doubles for each slot on a cache line of their own, and eight more into which a
// slot's are folded when its thread detaches. Doubles do not wrap: 2^31 operations pass in nine
// seconds, 2^53 in a year. They are statistics; no decision of the heap rests on them.
//
//   word     writers   readers  access  if its writer dies midway
//   a count  the slot  stats    plain   valid: one operation more or less
//   retired  slot lock stats    plain   valid
//
// RACE: stats reads other slots' counters as they are; each past value was true once.

import { COUNTER } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';

const { WORDS } = COUNTER;

export class Counters {
  private readonly memory: Memory;
  private readonly base: number;

  /** The counters of one slot; of all that have detached, for slot number maxSlots. */
  constructor(memory: Memory, slot: number) {
    this.memory = memory;
    this.base = slot * WORDS;
  }

  get(which: number): number {
    return this.memory.getCount(this.base + which);
  }

  /** Adds one: a load, an add and a store, off every dependency chain of the fast path. */
  bump(which: number): void {
    const at = this.base + which;
    this.memory.setCount(at, this.memory.getCount(at) + 1);
  }

  /** Moves all counts to `retired` and leaves zeroes; under the slot lock. */
  foldInto(retired: Counters): void {
    for (let which = 0; which < WORDS; which++) {
      const total = retired.get(which) + this.get(which);
      this.memory.setCount(retired.base + which, total);
      this.memory.setCount(this.base + which, 0);
    }
  }
}
