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
// with a compare-and-swap. An entry that names a block of an empty slab is a stray, for all its
// blocks are FREE and the class lock keeps them so; one that its slot replaces meanwhile is not
// changed. A stray that is pushed later belongs to a free that was called before the block's last
// one and is still going on: only a checked heap can tell that.

import { CLASS, HEADER, MAGAZINE, SLOT, STATE } from '../word/layout.ts';
import type { Layout } from '../word/geometry.ts';
import type { Memory } from '../word/memory.ts';
import { placesOf } from './magazine.ts';
import type { StateMap } from './statemap.ts';

const { FULL } = CLASS;
const { COUNT, ENTRIES, MASK, NEXT, NONE } = MAGAZINE;
const { FREE } = STATE;

/** A class's slabs, of which empty ones are about to leave. */
interface Leaving {
  readonly id: number;
  /** Word index of the class's record. */
  readonly record: number;
  /** Whether a free block's slab has no block in use. */
  isOfEmpty(granule: number): boolean;
}

export class Strays {
  private readonly memory: Memory;
  private readonly origin: number;
  private readonly caches: number;
  /** What a stray is replaced by: the granule behind the last, whose state is always FREE. */
  private readonly nothing: number;

  constructor(states: StateMap, layout: Layout) {
    this.memory = states.memory;
    this.origin = states.origin;
    this.caches = layout.slots + SLOT.CACHES;
    this.nothing = states.nothing;
  }

  /** Makes entries into the class's empty slabs harmless; wants the class lock. */
  purgeLocked(slabs: Leaving): void {
    const { memory } = this;
    const used = memory.load(HEADER.SLOTS_USED);
    for (let slot = 0; slot < used; slot++) {
      const at = this.caches + slot * SLOT.WORDS + slabs.id;
      // RACE: see above
      for (const place of placesOf(memory, at, slot + 1)) {
        this.purgeMagazine(memory.get(place), slabs); // RACE: see above
      }
    }
    let full = memory.get(slabs.record + FULL);
    for (; full !== 0; full = memory.get(full + NEXT)) {
      this.purgeMagazine(full + NONE + memory.get(full + COUNT), slabs);
    }
  }

  private purgeMagazine(top: number, slabs: Leaving): void {
    const { memory, origin, nothing } = this;
    for (let at = (top & ~MASK) + ENTRIES; at <= top; at++) {
      const granule = memory.get(at); // RACE: see above
      if (memory.getByte(origin + granule) !== FREE) continue; // RACE: see above
      if (granule === nothing || !slabs.isOfEmpty(granule)) continue;
      memory.cas(at, granule, nothing);
    }
  }
}
