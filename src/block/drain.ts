// The drain of a depot: what lies on its shelf goes home to the slabs. All of it when memory is
// short; now and then so much that half of the room is left that the shelf has learned to have. So
// what one phase of a program needed is the next one's within half a minute, whoever allocates.
//
// Under the class lock, like all that changes a shelf; it has no words of its own. A magazine is
// emptied while it still lies there for all to see, then it is nowhere but in MOVING, then the pool
// has it.

import { MAGAZINE, STATE } from '../word/layout.ts';
import type { Magazines } from './magazine.ts';
import { countOut } from './out.ts';
import type { ArrayPool } from './pool.ts';
import type { Shelf } from './shelf.ts';
import type { Slabs } from './slab.ts';

const { COUNT, ENTRIES } = MAGAZINE;
const { SHELVED } = STATE;

export class Drain {
  private readonly magazines: Magazines;
  private readonly source: Slabs;
  private readonly shelf: Shelf;
  private readonly pool: ArrayPool;

  constructor(magazines: Magazines, source: Slabs, shelf: Shelf, pool: ArrayPool) {
    this.magazines = magazines;
    this.source = source;
    this.shelf = shelf;
    this.pool = pool;
  }

  /** Magazines without blocks as well, and what the shelf has learned is forgotten. */
  emptyLocked(): void {
    const { shelf, magazines } = this;
    const { holder, movingAt } = magazines;
    shelf.forget();
    while (shelf.topFull() !== 0) this.takeDownLocked();
    magazines.move(0, this.source.id); // the word in which they are noted is the class's
    shelf.releaseEmpties(holder, movingAt);
    magazines.moved();
  }

  /** Half of what the shelf has learned is forgotten; what it has no room for then goes home. */
  lowerLocked(): void {
    this.shelf.forgetHalf();
    while (this.shelf.isOverfull()) this.takeDownLocked();
  }

  private takeDownLocked(): void {
    const { shelf, magazines } = this;
    const full = shelf.topFull();
    this.sendHome(full);
    magazines.move(full, this.source.id);
    shelf.popFull(magazines.holder);
    this.pool.give(full);
    magazines.moved();
  }

  private sendHome(magazine: number): void {
    const { source } = this;
    const { memory, slot } = this.magazines;
    const count = memory.get(magazine + COUNT);
    const bottom = magazine + ENTRIES;
    const returned = source.returnAllLocked(bottom, bottom + count - 1, SHELVED, SHELVED);
    // What did not come home is its holder's who freed it too, and was counted as laid down.
    if (returned < count) countOut(memory, slot, (count - returned) * source.granules);
  }
}
