// Strays: entries that a simultaneous double free leaves behind. Both threads have an entry for the
// block, and its state names one of them; the other's entry is a stray, and `pop` drops it when it
// comes up. It must not lie there for longer than the block's slab: when the pages serve another
// class, the same slot might free another block at the same granule, and its state would then vouch
// for the stray. So who gives pages back to a zone first makes strays into them harmless.
//
//   word      writers               readers   access        if its writer dies midway
//   an entry  its slot, plain;      its slot  see RACE      valid: either value is dropped or good
//             the purger, by CAS
//
// RACE: the purger reads other slots' tops and entries while they push and pop, and clears an entry
// with a compare-and-swap. An entry that names the range is a stray, for all its blocks are FREE
// and the class lock keeps them so; one that its slot replaces meanwhile is not changed. A stray
// that is pushed later belongs to a free that was called before the block's last one and is still
// going on: only a checked heap can tell that.

import { CACHE, CLASS, HEADER, MAGAZINE, SLOT } from '../word/layout.ts';
import type { Layout } from '../word/geometry.ts';
import type { Memory } from '../word/memory.ts';

const { TOP, PREVIOUS } = CACHE;
const { FULL } = CLASS;
const { COUNT, ENTRIES, MASK, NEXT, NONE } = MAGAZINE;

export class Strays {
  private readonly memory: Memory;
  private readonly caches: number;
  /** What a stray is replaced by: the granule behind the last, whose state is always FREE. */
  private readonly nothing: number;

  constructor(memory: Memory, layout: Layout) {
    this.memory = memory;
    this.caches = layout.slots + SLOT.CACHES;
    this.nothing = layout.endGranule;
  }

  /** Makes entries of class `id` into [first, end) harmless; wants the class lock. */
  purgeLocked(record: number, id: number, first: number, end: number): void {
    const { memory } = this;
    const slots = memory.load(HEADER.SLOTS_USED);
    for (let slot = 0; slot < slots; slot++) {
      const at = this.caches + slot * SLOT.WORDS + id;
      this.purgeMagazine(memory.get(at + TOP), first, end); // RACE: see above
      this.purgeMagazine(memory.get(at + PREVIOUS), first, end); // RACE: see above
    }
    for (let full = memory.get(record + FULL); full !== 0; full = memory.get(full + NEXT)) {
      this.purgeMagazine(full + NONE + memory.get(full + COUNT), first, end);
    }
  }

  private purgeMagazine(top: number, first: number, end: number): void {
    for (let at = (top & ~MASK) + ENTRIES; at <= top; at++) {
      const granule = this.memory.get(at); // RACE: see above
      if (granule >= first && granule < end) this.memory.cas(at, granule, this.nothing);
    }
  }
}
