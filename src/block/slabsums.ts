// How many slabs a class has, of how many pages, cut into how many blocks: three sums that change
// only when a slab comes or goes. While one does, REST_OF names it and REST_* hold the sums without
// it. Whether it belongs to the class is decided by one store, of its OWNER word: so a death at any
// moment leaves sums that can be told, in a time that does not depend on how many slabs there are.
//
// All methods want the class lock.

import { CLASS } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';

const { SLABS, PAGES, CARVED, REST_OF, REST_SLABS, REST_PAGES, REST_CARVED } = CLASS;

export class SlabSums {
  private readonly memory: Memory;
  private readonly record: number;

  constructor(memory: Memory, record: number) {
    this.memory = memory;
    this.record = record;
  }

  /** `slab` is about to come (then it counts for nothing yet) or to go. */
  without(slab: number, pages: number, blocks: number): void {
    const { memory, record } = this;
    memory.set(record + REST_SLABS, memory.get(record + SLABS) - (pages > 0 ? 1 : 0));
    memory.set(record + REST_PAGES, memory.get(record + PAGES) - pages);
    memory.set(record + REST_CARVED, memory.get(record + CARVED) - blocks);
    memory.set(record + REST_OF, slab);
  }

  /** It has come. */
  with(pages: number, blocks: number): void {
    const { memory, record } = this;
    memory.set(record + SLABS, memory.get(record + REST_SLABS) + (pages > 0 ? 1 : 0));
    memory.set(record + PAGES, memory.get(record + REST_PAGES) + pages);
    memory.set(record + CARVED, memory.get(record + REST_CARVED) + blocks);
    memory.set(record + REST_OF, 0);
  }

  /** It has gone. */
  settle(): void {
    this.with(0, 0);
  }

  /** After a death: `pages` and `blocks` of the slab in REST_OF if it is one, else 0. */
  repair(pages: number, blocks: number): void {
    if (this.memory.get(this.record + REST_OF) !== 0) this.with(pages, blocks);
  }
}
