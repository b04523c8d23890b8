// How far a slot's magazines of one class may be filled, as LIMIT says it to the fast path of free.
// Mostly that is the capacity which the shelf allows. It is nothing at all in a checked heap, where
// every free takes the slow path, and while something wants to see every free (heap/mode.ts) or
// somebody waits for memory: then a free that takes the slow path sends what its slot caches home.
//
//   LIMIT          class lock             the slot  plain   valid: any past limit will do

import { DETOUR, HEADER, MAGAZINE } from '../word/layout.ts';
import type { Lock } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import { CACHE } from '../word/records.ts';
import type { Magazines } from './magazine.ts';
import type { Shelf } from './shelf.ts';

const { LIMIT } = CACHE;
const { NONE, MASK } = MAGAZINE;
const { WAITING, DETOURS } = HEADER;

export class Limits {
  private readonly memory: Memory;
  private readonly magazines: Magazines;
  private readonly shelf: Shelf;
  private readonly lock: Lock;
  private readonly id: number;
  /** The least that the shelf allows. */
  private readonly capacity: number;
  private readonly checked: boolean;

  constructor(magazines: Magazines, shelf: Shelf, lock: Lock, id: number, checked: boolean) {
    this.memory = magazines.memory;
    this.magazines = magazines;
    this.shelf = shelf;
    this.lock = lock;
    this.id = id;
    this.capacity = shelf.capacity;
    this.checked = checked;
  }

  /** Whether one more block fits into the magazine with this top. */
  hasRoom(top: number): boolean {
    // RACE: as in `ease`; with 0, the magazine holds what the class's first capacity says.
    const limit = this.memory.get(this.at);
    return top !== 0 && (top & MASK) < (limit === 0 ? this.capacity + NONE : limit);
  }

  /** Whether a magazine with this top is as full as it may be, and others may be filled. */
  isFull(top: number): boolean {
    // RACE: as in `ease`; who begins to wait finds one more of this slot's magazines filled.
    const limit = this.memory.get(this.at);
    return limit !== 0 && (top & MASK) >= limit;
  }

  /** A magazine has been loaded. */
  setLocked(): void {
    const { memory } = this;
    // RACE: who begins to wait, or a detour, sets its word, then comes for the class lock
    // (`squeeze`): if that is still to come, it puts this right.
    const seen = memory.get(WAITING) | (memory.get(DETOURS) & DETOUR.FREES);
    const slow = this.checked || seen !== 0;
    this.memory.set(this.at, slow ? 0 : this.shelf.capacityLocked() + NONE);
  }

  clearLocked(): void {
    this.memory.set(this.at, 0);
  }

  /**
   * Somebody waits: from here on the fast path of every slot's free says no. Those that load a
   * magazine later see that it is so.
   */
  squeeze(slots: number): void {
    this.lock.lock();
    for (let slot = 0; slot < slots; slot++) {
      this.memory.set(this.magazines.cachesOf(slot) + LIMIT + this.id, 0);
    }
    this.lock.unlock();
  }

  /** Frees into the loaded magazine may take the fast path again, if nobody waits any more. */
  ease(): void {
    // RACE: a squeeze may be writing it; then this slot finds the 0 at its next slow free.
    if (this.checked || this.memory.get(this.at) !== 0) return;
    this.lock.lock();
    this.setLocked();
    this.lock.unlock();
  }

  private get at(): number {
    return this.magazines.at(this.id) + LIMIT;
  }
}
