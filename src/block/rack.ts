// The rack: what a slot keeps of one class beyond its loaded and its previous magazine, so that who
// takes a thousand small blocks and gives them back, again and again, does so without a lock.
//
// An array of the pool lists the rack's magazines: first those that are full, then those that are
// empty. Whoever has emptied a magazine and takes a full one from the depot keeps the empty one
// here, instead of leaving it there; so a rack grows only where a thread has fetched from the depot
// what it, or another one, had brought there. Later a full loaded magazine changes places with the
// first empty one here, and an empty one with the last full one: an exchange as with the previous.
//
// All that a slot caches of a class stays within the bytes of two magazines of the largest size:
// as many granules as the heap has arrays (sizeclass.ts, create.ts).
//
//   word     writers     readers       access  if its writer dies midway
//   RACK     class lock  same; stats   plain   valid: with another HOLDER it is a rack no more
//   COUNT    class lock  same; stats   plain   valid: entries from here on are none
//   NEXT     the slot    the slot      plain   a hint: how many of them are full
//   entries  the slot    validate,     plain   valid: in two places, or MOVING names the one that
//                        purge, stats          is in neither
//
// Only the slot, or who recovers it, writes any of them; the class lock keeps who walks a rack from
// one that is just given back.

import { HEADER, MAGAZINE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { CACHE } from '../word/records.ts';
import type { Limits } from './limits.ts';
import { filled, type Magazines } from './magazine.ts';
import type { ArrayPool } from './pool.ts';
import type { Shelf } from './shelf.ts';

const { MAGAZINES } = HEADER;
const { NEXT: FULL, COUNT, ENTRIES } = MAGAZINE;

/** A rack has at most so many magazines, and one in 2^this of all that the heap has. */
const MOST = 16;
const SHARE_SHIFT = 8;

export class Rack {
  private readonly memory: Memory;
  private readonly magazines: Magazines;
  private readonly shelf: Shelf;
  private readonly limits: Limits;
  private readonly id: number;
  private readonly at: number;
  private readonly most: number;

  constructor(magazines: Magazines, shelf: Shelf, limits: Limits, id: number, granules: number) {
    this.memory = magazines.memory;
    this.magazines = magazines;
    this.shelf = shelf;
    this.limits = limits;
    this.id = id;
    this.at = (magazines.at(id) + CACHE.RACK) | 0;
    const arrays = this.memory.get(MAGAZINES);
    const bound = Math.floor(arrays / granules / shelf.capacity) - 2;
    this.most = Math.min(MOST, arrays >>> SHARE_SHIFT, Math.max(bound, 0)) | 0;
  }

  /** Loads the previous magazine, or a full one, instead of the empty one; false without blocks. */
  load(): boolean {
    const { memory, magazines, id } = this;
    const previous = magazines.at(id) + CACHE.PREVIOUS;
    const rack = memory.get(this.at);
    const full = rack === 0 ? 0 : memory.get(rack + FULL);
    if (filled(memory.get(previous)) > 0) magazines.exchange(id, previous);
    else if (full === 0) return false;
    else {
      magazines.exchange(id, rack + ENTRIES + full - 1);
      memory.set(rack + FULL, full - 1);
    }
    return magazines.loaded(id) > 0;
  }

  /** As `load`, if the loaded magazine is empty. */
  loadForAlloc(): boolean {
    return this.magazines.loaded(this.id) === 0 && this.load();
  }

  /** As `makeRoom`, if the loaded magazine is full, and the fast path of free is not closed. */
  loadForFree(): boolean {
    return this.limits.isFull(this.memory.get(this.magazines.at(this.id))) && this.makeRoom();
  }

  /** Loads the previous magazine, or an empty one, instead of the full one; false without room. */
  makeRoom(): boolean {
    const previous = this.magazines.at(this.id) + CACHE.PREVIOUS;
    if (!this.limits.hasRoom(this.memory.get(previous))) return this.store();
    this.magazines.exchange(this.id, previous);
    return true;
  }

  private store(): boolean {
    const rack = this.memory.get(this.at);
    const full = rack === 0 ? 0 : this.memory.get(rack + FULL);
    if (rack === 0 || full === this.memory.get(rack + COUNT)) return false;
    this.magazines.exchange(this.id, rack + ENTRIES + full);
    this.memory.set(rack + FULL, full + 1);
    return true;
  }

  /** The loaded magazine, which is empty, is in the rack as well; false if it has no place. */
  keepLocked(): boolean {
    const rack = this.memory.get(this.at) || this.begin();
    const count = rack === 0 ? this.most : this.memory.get(rack + COUNT);
    if (count >= this.most) return false;
    this.memory.set(rack + ENTRIES + count, this.memory.get(this.magazines.at(this.id)));
    this.memory.set(rack + COUNT, count + 1);
    return true;
  }

  /** Its magazines are given back; then it is itself. */
  giveLocked(pool: ArrayPool): void {
    const rack = this.memory.get(this.at);
    if (rack === 0) return;
    if (pool.isOf(rack, this.magazines.holder)) pool.give(rack);
    this.memory.set(this.at, 0);
  }

  /** An array for the rack, which lists nothing before it is the rack; or 0. */
  private begin(): number {
    const { memory, magazines } = this;
    if (this.most === 0) return 0;
    magazines.move(0, this.id); // the array will be the one between two places, and empty
    const rack = this.shelf.takeEmpty(magazines.holder, magazines.movingAt);
    if (rack !== 0) {
      memory.set(rack + COUNT, 0);
      memory.set(rack + FULL, 0);
      memory.set(this.at, rack);
    }
    magazines.moved();
    return rack;
  }
}
