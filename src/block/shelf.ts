// The shelf of a depot: magazines that lie in no slot. FULL ones hold blocks that whoever comes
// next may take; EMPTIES are there for whoever has to put a full one down. How many blocks may lie
// here, and in a magazine, grows with the class.
//
// It grows further where that was too little: blocks that went home to the slabs for want of room
// here (SPILLED) and were then taken out of them again would better have stayed, so from then on
// there is ROOM for as many more. Who takes a thousand blocks of 8 KiB and gives them back, again
// and again, pays for slabs that go and come only the first time. It is forgotten by halves, every
// few seconds, and at once when memory is short (drain.ts).
//
// All methods want the class lock. A magazine is the shelf's as long as its HOLDER says so
// (pool.ts); one store of it decides each move, and the list's head is put right around it.
// Equations:
//   FULL_COUNT == length of the FULL list;  DEPOT_BLOCKS == sum of COUNT over it

import { CLASS, HEADER, MAGAZINE, STATE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { ArrayPool } from './pool.ts';
import type { StateMap } from './statemap.ts';

const { FULL, FULL_COUNT, DEPOT_BLOCKS, EMPTIES, CARVED, SPILLED, ROOM } = CLASS;
const { NEXT, COUNT, HOLDER, ENTRIES, NONE, MASK, CAPACITY } = MAGAZINE;
const { SHELVED } = STATE;

/** What may always lie here: two full magazines; 64 KiB, or one in 2^this of a small heap. */
const LEAST_FULL = 2;
const LEAST_GRANULES = 2 ** 12;
const LEAST_SHIFT = 8;
/**
 * Beyond that, one block in 2^this of the class; and so many may one magazine hold, if that is more
 * than its class says. Half a mebibyte and one block in two took 1.7 pages for each live page of
 * the SQLite trace, most of it in depots that were no longer used.
 */
const SHARE_SHIFT = 6;
/** A magazine may hold half of ROOM, if that is at most one in 2^this of the heap. */
const MAGAZINE_SHIFT = 8;

export class Shelf {
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly pool: ArrayPool;
  private readonly record: number;
  /** Blocks that a magazine holds at least. */
  readonly capacity: number;
  private readonly leastBlocks: number;
  /** What a magazine may hold at most of ROOM. */
  private readonly most: number;
  private readonly holder: number;

  constructor(
    states: StateMap,
    pool: ArrayPool,
    record: number,
    id: number,
    capacity: number,
    granules: number,
  ) {
    this.memory = states.memory;
    this.states = states;
    this.pool = pool;
    this.record = record;
    this.capacity = capacity;
    const least = Math.min(LEAST_GRANULES, states.granules >>> LEAST_SHIFT);
    this.leastBlocks = Math.max(LEAST_FULL * capacity, (least / granules) | 0);
    this.most = (states.granules / granules) >>> MAGAZINE_SHIFT;
    this.holder = MAGAZINE.DEPOT + id;
  }

  /** Whether a full magazine with so many more blocks may lie here. */
  hasRoom(blocks: number): boolean {
    const { memory, record } = this;
    return memory.get(record + DEPOT_BLOCKS) + blocks <= this.mostLocked();
  }

  /** So many blocks have gone home, for there was no room. */
  spilled(blocks: number): void {
    const { memory, record } = this;
    memory.set(record + SPILLED, memory.get(record + SPILLED) + blocks);
  }

  /** So many blocks have come out of the slabs: of them, those that were SPILLED. */
  missed(blocks: number): void {
    const { memory, record } = this;
    const spilled = memory.get(record + SPILLED);
    if (spilled === 0) return;
    const missed = blocks < spilled ? blocks : spilled;
    memory.set(record + SPILLED, spilled - missed);
    memory.set(record + ROOM, memory.get(record + ROOM) + missed);
  }

  forget(): void {
    this.memory.set(this.record + SPILLED, 0);
    this.memory.set(this.record + ROOM, 0);
  }

  forgetHalf(): void {
    const { memory, record } = this;
    memory.set(record + SPILLED, memory.get(record + SPILLED) >>> 1);
    memory.set(record + ROOM, memory.get(record + ROOM) >>> 1);
  }

  /** Without the lock: whether there is anything to forget. */
  hasLearned(): boolean {
    const { memory, record } = this;
    // RACE: who has the lock may be writing them; what it adds is forgotten the next time.
    return (memory.get(record + ROOM) | memory.get(record + SPILLED)) !== 0;
  }

  /** Whether more blocks lie here than may. */
  isOverfull(): boolean {
    return this.topFull() !== 0 && this.memory.get(this.record + DEPOT_BLOCKS) > this.mostLocked();
  }

  /** Blocks that a magazine may hold: more of a class that has many, or that comes and goes. */
  capacityLocked(): number {
    const part = this.memory.get(this.record + ROOM) >>> 1;
    const grown = Math.max(this.shareLocked(), Math.min(part, this.most));
    return Math.max(this.capacity, grown < CAPACITY ? grown : CAPACITY);
  }

  /** Blocks that may lie here. */
  private mostLocked(): number {
    const share = this.shareLocked();
    const least = this.leastBlocks;
    return (share > least ? share : least) + this.memory.get(this.record + ROOM);
  }

  private shareLocked(): number {
    return this.memory.get(this.record + CARVED) >>> SHARE_SHIFT;
  }

  /** The full magazine that `popFull` will take; 0 if there is none. */
  topFull(): number {
    return this.memory.get(this.record + FULL);
  }

  /**
   * Lays down the magazine of a slot whose top word is `top`: its blocks become SHELVED, strays are
   * left out, then the header, then the list: what is listed is whole. Returns how many blocks.
   */
  pushFull(top: number, tag: number): number {
    const { memory, record } = this;
    const magazine = top & ~MASK;
    const count = this.shelve(magazine, top, tag);
    memory.set(magazine + COUNT, count);
    memory.set(magazine + NEXT, memory.get(record + FULL));
    memory.set(record + FULL, magazine);
    memory.set(magazine + HOLDER, this.holder); // COMMIT
    this.count(1, count);
    return count;
  }

  /** The last full magazine laid down becomes `holder`'s, who has noted it already. */
  popFull(holder: number): void {
    const { memory, record } = this;
    const magazine = memory.get(record + FULL);
    memory.set(magazine + HOLDER, holder); // COMMIT
    memory.set(record + FULL, memory.get(magazine + NEXT));
    this.count(-1, -memory.get(magazine + COUNT));
  }

  /** Lays down a magazine without blocks. */
  pushEmpty(magazine: number): void {
    const { memory, record } = this;
    memory.set(magazine + NEXT, memory.get(record + EMPTIES));
    memory.set(record + EMPTIES, magazine);
    memory.set(magazine + HOLDER, this.holder); // COMMIT
  }

  /** An empty magazine, from here or from the pool, is `holder`'s and in the word `note`; or 0. */
  takeEmpty(holder: number, note: number): number {
    return this.popEmpty(holder, note) || this.pool.take(holder, note);
  }

  /** Gives all empty magazines back to the pool, through `holder`'s hands. */
  releaseEmpties(holder: number, note: number): void {
    for (;;) {
      const empty = this.popEmpty(holder, note);
      if (empty === 0) return;
      this.pool.give(empty);
    }
  }

  /** A list's head that is not the shelf's is taken off; the rest is counted anew. */
  repairLocked(): void {
    const { memory, record } = this;
    this.dropHead(record + EMPTIES);
    this.dropHead(record + FULL);
    const head = memory.get(record + FULL);
    if (head !== 0) memory.set(head + COUNT, this.compact(head));
    let magazines = 0;
    let blocks = 0;
    for (let at = head; at !== 0 && magazines < memory.get(HEADER.MAGAZINES); magazines++) {
      blocks += memory.get(at + COUNT);
      at = memory.get(at + NEXT);
    }
    memory.set(record + FULL_COUNT, magazines);
    memory.set(record + DEPOT_BLOCKS, blocks);
  }

  private dropHead(list: number): void {
    const head = this.memory.get(list);
    if (head === 0 || this.memory.get(head + HOLDER) === this.holder) return;
    this.memory.set(list, this.memory.get(head + NEXT));
  }

  /**
   * The dead may have been sending the head's blocks home: leaves out those that are, and those
   * that a repair before this one, cut as well, has moved up already.
   */
  private compact(magazine: number): number {
    const { memory, states } = this;
    const count = Math.min(memory.get(magazine + COUNT), CAPACITY);
    let kept = magazine + NONE;
    for (let at = kept + 1; at <= magazine + NONE + count; at++) {
      const granule = memory.get(at);
      // RACE: as in `shelve`.
      if (states.get(granule) !== SHELVED || this.lists(magazine, kept, granule)) continue;
      memory.set(++kept, granule);
    }
    return kept - magazine - NONE;
  }

  private lists(magazine: number, top: number, granule: number): boolean {
    for (let at = magazine + ENTRIES; at <= top; at++) {
      if (this.memory.get(at) === granule) return true;
    }
    return false;
  }

  /** One entry for each block that is the slot's: on the shelf no tag vouches for a stray. */
  private shelve(magazine: number, top: number, tag: number): number {
    const { memory } = this;
    const { origin } = this.states;
    let kept = magazine + NONE;
    for (let at = kept + 1; at <= top; at++) {
      const granule = memory.get(at);
      // RACE: another thread may be freeing the block too; either value is safe (statemap.ts).
      if (memory.getByte(origin + granule) !== tag) continue;
      memory.setByte(origin + granule, SHELVED);
      memory.set(++kept, granule);
    }
    return kept - magazine - NONE;
  }

  private popEmpty(holder: number, note: number): number {
    const { memory, record } = this;
    const magazine = memory.get(record + EMPTIES);
    if (magazine === 0) return 0;
    memory.set(note, magazine);
    memory.set(magazine + HOLDER, holder); // COMMIT
    memory.set(record + EMPTIES, memory.get(magazine + NEXT));
    return magazine;
  }

  private count(magazines: number, blocks: number): void {
    const { memory, record } = this;
    memory.set(record + FULL_COUNT, memory.get(record + FULL_COUNT) + magazines);
    memory.set(record + DEPOT_BLOCKS, memory.get(record + DEPOT_BLOCKS) + blocks);
  }
}
