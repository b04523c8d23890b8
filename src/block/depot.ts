// A class's depot: what its threads' magazines are exchanged at, and beneath it the slabs (or runs)
// of the class, all under the class lock. A slot whose magazines are both empty takes a full one
// here, or fills its own from a slab; one whose magazines are both full leaves one here, or empties
// it into the slabs. One visit serves up to sixty allocs or frees.
//
// A full magazine is handed over by its index. On the shelf its blocks are SHELVED, in no slot's
// name, so each of them has one entry there and none elsewhere that counts; the taker writes its
// own tag over them.
//
// How many full magazines the depot holds is the shelf's decision (shelf.ts); what is more goes
// home to the slabs.

import { CACHE, CLASS, HEADER, LOCK, MAGAZINE, STATE } from '../word/layout.ts';
import { Lock } from '../word/lock.ts';
import { raiseTo, type Memory } from '../word/memory.ts';
import { filled, type MagazinePool, type Magazines } from './magazine.ts';
import type { Runs } from './run.ts';
import { Shelf } from './shelf.ts';
import type { Slabs } from './slab.ts';
import type { StateMap } from './statemap.ts';

const { CAPACITY } = CLASS;
const { LIMIT, PREVIOUS, BATCH } = CACHE;
const { COUNT, ENTRIES, NONE, MASK } = MAGAZINE;
const { OUT, OUT_PEAK } = HEADER;
const { LIVE, SHELVED } = STATE;

/** Blocks that a slot's first refill of a class takes; each further one takes twice as many. */
const FIRST_BATCH = 4;

export interface DepotParts {
  readonly memory: Memory;
  readonly states: StateMap;
  readonly magazines: Magazines;
  readonly pool: MagazinePool;
  readonly token: number;
  readonly checked: boolean;
}

export class Depot {
  readonly id: number;
  readonly source: Slabs | Runs;
  readonly lock: Lock;
  readonly record: number;
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly magazines: Magazines;
  private readonly shelf: Shelf;
  private readonly pool: MagazinePool;
  private readonly at: number;
  private readonly capacity: number;
  private readonly limit: number;

  constructor(parts: DepotParts, source: Slabs | Runs, record: number, id: number) {
    this.id = id;
    this.source = source;
    this.record = record;
    this.memory = parts.memory;
    this.states = parts.states;
    this.magazines = parts.magazines;
    this.pool = parts.pool;
    this.lock = new Lock(parts.memory, record + LOCK.WORD, parts.token);
    this.at = parts.magazines.at(id);
    this.capacity = this.memory.get(record + CAPACITY);
    this.shelf = new Shelf(parts.states, parts.pool, record, this.capacity, source.granules);
    // A checked heap's magazines look full to the fast path: every free takes the slow one.
    this.limit = parts.checked ? 0 : this.capacity + NONE;
  }

  /** Puts blocks into the loaded, empty magazine; false when the class has none and gets none. */
  refill(): boolean {
    if (filled(this.memory.get(this.at + PREVIOUS)) > 0) {
      this.magazines.exchange(this.id);
      return true;
    }
    this.lock.lock();
    const taken = this.takeFullLocked();
    const got = taken || this.fillLocked();
    this.lock.unlock();
    if (taken) this.retag();
    return got;
  }

  /** Makes room for one entry in the loaded magazine; false when there is no magazine to be had. */
  makeRoom(): boolean {
    if (this.hasRoom(this.memory.get(this.at))) return true;
    if (this.hasRoom(this.memory.get(this.at + PREVIOUS))) {
      this.magazines.exchange(this.id);
      return true;
    }
    this.lock.lock();
    const made = this.makeRoomLocked();
    this.lock.unlock();
    return made;
  }

  /** One block without a magazine, from the zones preferred; its state becomes LIVE. Or 0. */
  takeDirect(preference: readonly number[]): number {
    this.lock.lock();
    const granule = this.source.takeLocked(preference, LIVE + this.id);
    this.lock.unlock();
    if (granule !== 0) this.moved(1);
    return granule;
  }

  /** Frees one block without a magazine; false if it is not live. Exact: under the lock. */
  giveDirect(granule: number): boolean {
    this.lock.lock();
    const live = this.states.get(granule) === LIVE + this.id;
    if (live) this.source.returnLocked(granule);
    this.lock.unlock();
    if (live) this.moved(-1);
    return live;
  }

  /** Empties this slot's magazines of the class and gives them back. */
  flush(): void {
    if (this.memory.get(this.at) === 0) return;
    this.lock.lock();
    this.memory.set(this.at + LIMIT, 0);
    for (const word of [this.at, this.at + PREVIOUS]) {
      this.emptyLocked(word);
      this.dropLocked(word);
    }
    this.memory.set(this.at + BATCH, 0);
    this.lock.unlock();
  }

  /** Empties the depot into the slabs and gives empty slabs to their zones. */
  reclaim(): void {
    this.lock.lock();
    for (let full = this.shelf.topFull(); full !== 0; full = this.shelf.topFull()) {
      this.emptyFullLocked(full);
      this.shelf.pushEmpty(this.shelf.popFull());
    }
    this.shelf.releaseEmpties();
    this.source.releaseLocked(0);
    this.lock.unlock();
  }

  private hasRoom(top: number): boolean {
    return top !== 0 && filled(top) < this.capacity;
  }

  /** Blocks left the slabs for a slot (or came back): the total and its peak. */
  private moved(blocks: number): void {
    const { memory } = this;
    const granules = blocks * this.source.granules;
    const out = memory.add(OUT, granules) + granules;
    if (blocks > 0) raiseTo(memory, OUT_PEAK, out);
  }

  /** The old magazine into EMPTIES, then TOP, then the list: in two places, never in none. */
  private takeFullLocked(): boolean {
    const { memory, at } = this;
    const full = this.shelf.topFull();
    if (full === 0) return false;
    const old = memory.get(at);
    if (old !== 0) this.shelf.pushEmpty(old & ~MASK);
    const count = memory.get(full + COUNT);
    memory.set(at, full + NONE + count);
    memory.set(at + LIMIT, this.limit);
    this.shelf.popFull();
    this.moved(count);
    return true;
  }

  /** Makes the blocks of a magazine from the depot this slot's; drops what is not SHELVED. */
  private retag(): void {
    const { memory, states, at } = this;
    const top = memory.get(at);
    let kept = (top & ~MASK) + NONE;
    for (let i = kept + 1; i <= top; i++) {
      const granule = memory.get(i);
      // RACE: another thread may be freeing the block too; either value is safe (statemap.ts).
      if (states.get(granule) !== SHELVED) continue;
      states.set(granule, this.magazines.tag);
      memory.set(++kept, granule);
    }
    memory.set(at, kept);
    if (kept < top) this.moved(kept - top);
  }

  private fillLocked(): boolean {
    const { memory, at } = this;
    if (memory.get(at) === 0 && !this.loadLocked()) return false;
    const batch = Math.min(memory.get(at + BATCH) || FIRST_BATCH, this.capacity);
    const count = this.source.fillLocked(at, batch, this.magazines.tag);
    memory.set(at + BATCH, Math.min(2 * batch, this.capacity));
    if (count > 0) this.moved(count);
    return count > 0;
  }

  /** Loads an empty magazine where there is none. */
  private loadLocked(): boolean {
    const magazine = this.shelf.takeEmpty();
    if (magazine === 0) return false;
    this.memory.set(this.at, magazine + NONE);
    this.memory.set(this.at + LIMIT, this.limit);
    return true;
  }

  private makeRoomLocked(): boolean {
    const { memory, at } = this;
    if (memory.get(at) === 0) return this.loadLocked();
    const previous = memory.get(at + PREVIOUS);
    const empty = previous === 0 || this.shelf.hasRoom() ? this.shelf.takeEmpty() : 0;
    if (empty === 0) {
      this.emptyLocked(previous === 0 ? at : at + PREVIOUS);
      memory.set(at + BATCH, memory.get(at + BATCH) >> 1);
      if (previous !== 0) this.magazines.exchange(this.id);
      return true;
    }
    if (previous !== 0) this.moved(-this.shelf.pushFull(previous, this.magazines.tag));
    memory.set(at + PREVIOUS, memory.get(at));
    memory.set(at, empty + NONE);
    return true;
  }

  /** Sends the blocks of the magazine whose top is at `word` home: FREE first, then the count. */
  private emptyLocked(word: number): void {
    const { memory, states, source } = this;
    const { tag } = this.magazines;
    let returned = 0;
    for (let top = memory.get(word); (top & MASK) > NONE; memory.set(word, --top)) {
      const granule = memory.get(top);
      if (states.get(granule) !== tag) continue;
      source.returnLocked(granule);
      returned++;
    }
    if (returned > 0) this.moved(-returned);
  }

  /** Sends the blocks of a magazine on the shelf home, while it still lies there for all to see. */
  private emptyFullLocked(magazine: number): void {
    const { memory, states, source } = this;
    const top = magazine + NONE + memory.get(magazine + COUNT);
    for (let at = magazine + ENTRIES; at <= top; at++) {
      const granule = memory.get(at);
      if (states.get(granule) === SHELVED) source.returnLocked(granule);
    }
  }

  /** Gives the empty magazine at `word` back to the pool. */
  private dropLocked(word: number): void {
    const top = this.memory.get(word);
    if (top === 0) return;
    this.memory.set(word, 0);
    this.pool.give(top & ~MASK);
  }
}
