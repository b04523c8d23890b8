// What is out: granules that have left the slabs and zones for somebody, in live blocks of all
// tiers or in magazines. Counted when blocks move between a slot and what all threads share, so
// never on the fast path: for the heap, and for each slot. A slot that frees and sends home what
// others took has the credit for it, so one slot's count may be below 0; their sum is the heap's,
// less what those left behind who are gone.
//
//   word           writers              readers  access  if its writer dies midway
//   OUT, OUT_PEAK  whoever moves blocks stats    atomic  off by what the dead was moving
//   HELD           the slot; recovery   victims  plain   the same; 0 before the slot is another's

import { HEADER } from '../word/layout.ts';
import { raiseTo, type Memory } from '../word/memory.ts';
import { COUNTER } from '../word/records.ts';

const { OUT, OUT_PEAK } = HEADER;
const { HELD, WORDS } = COUNTER;

/** So many granules go out to a slot, or come back from it. */
export function countOut(memory: Memory, slot: number, granules: number): void {
  const held = slot * WORDS + HELD;
  memory.setCount(held, memory.getCount(held) + granules);
  const out = memory.add(OUT, granules) + granules;
  if (granules > 0) raiseTo(memory, OUT_PEAK, out);
}
