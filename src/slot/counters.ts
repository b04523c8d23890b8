// Counters: 48 doubles for each slot on cache lines of their own. They count what was done
// from this slot since the heap was made, whichever threads sat there: nothing has to be added up
// when one leaves or dies. Doubles do not wrap: 2^31 operations pass in nine seconds, 2^53 in a
// year. They are statistics; no decision of the heap rests on them.
//
// Allocs and frees are counted in two words of the slot, because that is what the fast path can do
// in a nanosecond, and carried here each 2^32. (Adding to a double there cost 1 ns more on Node 20
// and 3 on Node 26, which turns it into an integer and back to look for overflow.)
//
//   word     writers    readers  access  if its writer dies midway
//   a count  the slot   stats    plain   valid: one operation more or less
//   BEGAN    who ends   its next plain   written anew: the slot is not free before
//   HELD     out.ts     victims  plain   as BEGAN
//
// RACE: stats reads other slots' counters as they are; each past value was true once.

import type { Layout } from '../word/geometry.ts';
import { HEADER, SLOT } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';

const { WORDS, ALLOCS, FREES, BEGAN, HELD } = COUNTER;
const { SLOTS_USED } = HEADER;

export class Counters {
  private readonly memory: Memory;
  private readonly base: number;
  private readonly words: number;

  constructor(memory: Memory, layout: Layout, slot: number) {
    this.memory = memory;
    this.base = slot * WORDS;
    this.words = layout.slots + slot * SLOT.WORDS;
  }

  get(which: number): number {
    return this.memory.getCount(this.base + which) + this.low(which);
  }

  bump(which: number): void {
    this.add(which, 1);
  }

  add(which: number, count: number): void {
    const at = this.base + which;
    this.memory.setCount(at, this.memory.getCount(at) + count);
  }

  /** Allocs less frees by who sits here now. Others free its blocks and it theirs: may be < 0. */
  balance(): number {
    return this.ahead() - this.memory.getCount(this.base + BEGAN);
  }

  /** Nobody sits here any more: the next one's balance begins at nothing, and it holds nothing. */
  close(): void {
    this.memory.setCount(this.base + BEGAN, this.ahead());
    this.memory.setCount(this.base + HELD, 0);
  }

  private ahead(): number {
    return this.get(ALLOCS) - this.get(FREES);
  }

  private low(which: number): number {
    if (which === ALLOCS) return this.memory.get(this.words + SLOT.ALLOCS) >>> 0;
    return which === FREES ? this.memory.get(this.words + SLOT.FREES) >>> 0 : 0;
  }
}

/** What all slots have counted of one thing, whoever sat there: a plain read or two for each. */
export function totalOf(memory: Memory, layout: Layout, which: number): number {
  const word = which === ALLOCS ? SLOT.ALLOCS : which === FREES ? SLOT.FREES : -1;
  let total = 0;
  for (let slot = memory.load(SLOTS_USED) - 1; slot >= 0; slot--) {
    // RACE: the slot may be counting; any past value was true once.
    total += memory.getCount(slot * WORDS + which);
    // RACE: as above. Between this word and its carry a reader may be 2^32 short.
    if (word >= 0) total += memory.get(layout.slots + slot * SLOT.WORDS + word) >>> 0;
  }
  return total;
}
