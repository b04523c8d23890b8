// A class's depot: what its threads' magazines are exchanged at, and beneath it the slabs of the
// class, all under the class lock. A slot whose magazines are all empty takes a full one here, or
// fills its own from slabs; one whose magazines are all full leaves one here, or empties it into
// the slabs. One visit serves up to 124 allocs or frees.
//
// A full magazine is handed over by its index. On the shelf its blocks are SHELVED, in no slot's
// name, so each of them has one entry there and none elsewhere that counts; the taker writes its
// own tag over them.
//
// Who takes the class lock over from the dead puts the slabs, the shelf and a journal's entry right
// (repairLocked); what the dead has in its own magazines is the recovery's to send home: `flush`,
// by a depot that is a view of the dead's magazines under the recoverer's locks (heap/recovery.ts).
//
// How many blocks lie in the depot, and how many a magazine may hold, is the shelf's decision
// (shelf.ts), made anew with each magazine that is loaded; what is more goes home to the slabs. A
// seat with a zone of its own goes past the shelf, on which blocks of all zones lie.

import { CLASS, LOCK, MAGAZINE, STATE } from '../word/layout.ts';
import type { Guarded, Lock, Locks } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import { CACHE } from '../word/records.ts';
import { Drain } from './drain.ts';
import { Limits } from './limits.ts';
import { filled, placesOf, type Magazines } from './magazine.ts';
import { countOut } from './out.ts';
import type { ArrayPool } from './pool.ts';
import { Rack } from './rack.ts';
import { Shelf } from './shelf.ts';
import type { Slabs } from './slab.ts';
import type { Entry, StateMap } from './statemap.ts';

const { CAPACITY } = CLASS;
const { PREVIOUS, BATCH, RACK } = CACHE;
const { COUNT, NONE, MASK } = MAGAZINE;
const { SHELVED } = STATE;

/** Blocks that a slot's first refill of a class takes; each further one takes twice as many. */
const FIRST_BATCH = 4;
/**
 * Of small ones it takes all that have their states in one cache line, of so many bytes: when two
 * threads each had a few of them, a pair took both of them twice as long.
 */
const STATES_IN_LINE = 64;

export interface DepotParts {
  readonly states: StateMap;
  readonly magazines: Magazines;
  readonly pool: ArrayPool;
  readonly locks: Locks;
  readonly checked: boolean;
}

export class Depot implements Guarded {
  readonly id: number;
  readonly source: Slabs;
  readonly lock: Lock;
  readonly limits: Limits;
  /** The slot's magazines of the class besides the loaded one. */
  readonly rack: Rack;
  readonly record: number;
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly magazines: Magazines;
  private readonly shelf: Shelf;
  private readonly drain: Drain;
  private readonly pool: ArrayPool;
  private readonly at: number;
  private readonly firstBatch: number;

  constructor(parts: DepotParts, source: Slabs, record: number, id: number) {
    this.id = id;
    this.source = source;
    this.record = record;
    this.memory = parts.locks.memory;
    this.states = parts.states;
    this.magazines = parts.magazines;
    this.pool = parts.pool;
    this.lock = parts.locks.at(record + LOCK.WORD, this);
    this.at = parts.magazines.at(id);
    this.firstBatch = Math.max(FIRST_BATCH, (STATES_IN_LINE / source.granules) | 0);
    const { states, pool } = parts;
    const capacity = this.memory.get(record + CAPACITY);
    this.shelf = new Shelf(states, pool, record, id, capacity, source.granules);
    this.drain = new Drain(parts.magazines, source, this.shelf, pool);
    this.limits = new Limits(parts.magazines, this.shelf, this.lock, id, parts.checked);
    this.rack = new Rack(parts.magazines, this.shelf, this.limits, id, source.granules);
  }

  /** Puts blocks into the loaded, empty magazine; false when the class has none and gets none. */
  refill(): boolean {
    if (this.rack.load()) return true;
    this.lock.lock();
    let got = this.source.zones.hasHome && this.fillLocked();
    const taken = !got && this.takeFullLocked();
    got ||= taken || this.fillLocked();
    this.lock.unlock();
    if (taken) this.retag();
    return got;
  }

  /** Makes room for one entry in the loaded magazine; false when there is no magazine to be had. */
  makeRoom(): boolean {
    if (this.limits.hasRoom(this.memory.get(this.at))) {
      this.limits.ease();
      return true;
    }
    if (this.rack.makeRoom()) return true;
    this.lock.lock();
    const made = this.makeRoomLocked();
    this.lock.unlock();
    return made;
  }

  /** One block without a magazine, from the zones preferred; its state becomes LIVE. Or 0. */
  takeDirect(preference: readonly number[], entry?: Entry): number {
    this.lock.lock();
    const granule = this.source.takeLocked(preference, this.id, entry);
    if (granule !== 0) this.moved(1);
    this.lock.unlock();
    return granule;
  }

  /** Frees one block without a magazine; false if it is not live. Exact: under the lock. */
  giveDirect(granule: number, entry?: Entry): boolean {
    this.lock.lock();
    const live = this.states.get(granule) === this.id;
    if (live) {
      this.source.returnLocked(granule, entry);
      this.source.trimLocked();
      this.moved(-1);
    }
    this.lock.unlock();
    return live;
  }

  /** Empties the slot's magazines of the class and gives them back; returns how many blocks. */
  flush(): number {
    const { memory, at, magazines } = this;
    const moving = magazines.moving() !== 0 && magazines.movingId() === this.id;
    const caches = memory.get(at) | memory.get(at + PREVIOUS) | memory.get(at + RACK);
    if (caches === 0 && !moving) return 0;
    this.lock.lock();
    this.limits.clearLocked();
    let blocks = 0;
    for (const place of placesOf(memory, at, magazines.holder)) {
      blocks += this.surrenderLocked(place);
    }
    this.rack.giveLocked(this.pool);
    if (moving) blocks += this.surrenderLocked(magazines.movingAt);
    memory.set(at + BATCH, 0);
    this.lock.unlock();
    return blocks;
  }

  /** Empties the depot into the slabs and gives empty slabs to their zones. */
  reclaim(): void {
    this.lock.lock();
    this.drain.emptyLocked();
    this.source.releaseLocked(0);
    this.lock.unlock();
  }

  /** Some seconds have passed: part of what the depot keeps beyond its share goes home. */
  cool(): void {
    if (!this.shelf.hasLearned()) return;
    this.lock.lock();
    this.drain.lowerLocked();
    this.source.trimLocked();
    this.lock.unlock();
  }

  /** After the holder of the class lock has died. */
  repairLocked(): void {
    this.states.settleEntry(this.record + CLASS.ENTRY);
    this.source.repairLocked();
    this.shelf.repairLocked();
  }

  /** Blocks left the slabs for a slot (or came back): the total and its peak. */
  private moved(blocks: number): void {
    countOut(this.memory, this.magazines.slot, blocks * this.source.granules);
  }

  /** The old magazine into EMPTIES, then TOP, then the list: in two places, never in none. */
  private takeFullLocked(): boolean {
    const { memory, at, shelf, magazines } = this;
    const full = shelf.topFull();
    if (full === 0) return false;
    const count = memory.get(full + COUNT);
    const old = memory.get(at);
    if (old !== 0 && !this.rack.keepLocked()) shelf.pushEmpty(old & ~MASK);
    magazines.move(full + NONE + count, this.id); // until its blocks carry this slot's tag
    memory.set(at, full + NONE + count);
    this.limits.setLocked();
    shelf.popFull(magazines.holder);
    this.moved(count);
    return true;
  }

  /** Makes the blocks of a magazine from the depot this slot's; drops what is not SHELVED. */
  private retag(): void {
    const { memory, at, magazines } = this;
    const { origin } = this.states;
    const { tag } = magazines;
    const top = memory.get(at);
    let kept = (top & ~MASK) + NONE;
    for (let i = kept + 1; i <= top; i++) {
      const granule = memory.get(i);
      // RACE: another thread may be freeing the block too; either value is safe (statemap.ts).
      if (memory.getByte(origin + granule) !== SHELVED) continue;
      memory.setByte(origin + granule, tag);
      memory.set(++kept, granule);
    }
    memory.set(at, kept);
    magazines.moved();
  }

  private fillLocked(): boolean {
    const { memory, at } = this;
    if (memory.get(at) === 0 && !this.loadLocked()) return false;
    const most = this.shelf.capacityLocked();
    const batch = Math.min(memory.get(at + BATCH) || this.firstBatch, most);
    const count = this.source.fillLocked(at, batch, this.magazines.tag);
    memory.set(at + BATCH, Math.min(2 * batch, most));
    this.shelf.missed(count);
    if (count > 0) this.moved(count);
    return count > 0;
  }

  /** Loads an empty magazine where there is none. */
  private loadLocked(): boolean {
    const magazine = this.shelf.takeEmpty(this.magazines.holder, this.at);
    if (magazine === 0) return false;
    this.memory.set(magazine + NONE, this.states.nothing); // for `pop`
    this.memory.set(this.at, magazine + NONE);
    this.limits.setLocked();
    return true;
  }

  private makeRoomLocked(): boolean {
    const { memory, at, magazines } = this;
    if (memory.get(at) === 0) return this.loadLocked();
    const previous = memory.get(at + PREVIOUS);
    const apart = this.source.zones.hasHome;
    if (previous !== 0 && (apart || !this.shelf.hasRoom(filled(previous)))) {
      const blocks = this.emptyLocked(at + PREVIOUS);
      if (!apart) {
        this.shelf.spilled(blocks);
        memory.set(at + BATCH, memory.get(at + BATCH) >> 1);
      }
      magazines.exchange(this.id, at + PREVIOUS);
      return true;
    }
    if (previous !== 0) this.shelveLocked(previous);
    memory.set(at + PREVIOUS, memory.get(at)); // in both places, until another is loaded
    if (this.loadLocked()) return true;
    memory.set(at + PREVIOUS, 0);
    this.emptyLocked(at);
    return true;
  }

  private shelveLocked(top: number): void {
    this.magazines.move(top, this.id); // until none of its blocks is this slot's
    this.moved(-this.shelf.pushFull(top, this.magazines.tag));
    this.magazines.moved();
  }

  /**
   * Sends the blocks of the magazine whose top is at `word` home: FREE first, then the count. Those
   * that are SHELVED are the slot's if it died between taking or laying down this magazine.
   */
  private emptyLocked(word: number): number {
    const { memory, source, magazines } = this;
    const top = memory.get(word);
    const none = (top & ~MASK) + NONE;
    const shelved = magazines.isMoving(top) ? SHELVED : magazines.tag;
    const returned = source.returnAllLocked(none + 1, top, magazines.tag, shelved);
    memory.set(word, none);
    if (returned > 0) this.moved(-returned);
    source.trimLocked();
    return returned;
  }

  /** Empties the magazine at `word` and gives it to the pool, if it is the slot's. */
  private surrenderLocked(word: number): number {
    const magazine = this.memory.get(word) & ~MASK;
    if (magazine === 0) return 0;
    const { holder } = this.magazines;
    const ours = this.pool.isOf(magazine, holder);
    const blocks = ours ? this.emptyLocked(word) : 0;
    if (ours) this.pool.give(magazine);
    this.memory.set(word, 0);
    return blocks;
  }
}
