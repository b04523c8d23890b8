// The shelf of a depot: magazines that lie in no slot. FULL ones hold blocks that whoever comes
// next may take; EMPTIES are there for whoever has to put a full one down.
//
// All methods want the class lock. Equations:
//   FULL_COUNT == length of the FULL list;  DEPOT_BLOCKS == sum of COUNT over it

import { CLASS, MAGAZINE, STATE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { MagazinePool } from './magazine.ts';
import type { StateMap } from './statemap.ts';

const { FULL, FULL_COUNT, DEPOT_BLOCKS, EMPTIES, CARVED } = CLASS;
const { NEXT, COUNT, NONE, MASK } = MAGAZINE;
const { SHELVED } = STATE;

/** What may always lie here: so many full magazines, and so many granules (64 KiB). */
const LEAST_FULL = 2;
const LEAST_GRANULES = 2 ** 12;
/**
 * Beyond that, one block in so many of the class. Half a mebibyte and one block in two took 1.7
 * pages for each live page of the SQLite trace, most of it in depots that were no longer used.
 */
const SHARE = 64;

export class Shelf {
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly pool: MagazinePool;
  private readonly record: number;
  private readonly capacity: number;
  private readonly leastBlocks: number;

  constructor(
    states: StateMap,
    pool: MagazinePool,
    record: number,
    capacity: number,
    granules: number,
  ) {
    this.memory = states.memory;
    this.states = states;
    this.pool = pool;
    this.record = record;
    this.capacity = capacity;
    this.leastBlocks = LEAST_GRANULES / granules;
  }

  /** Whether one more full magazine may lie here. */
  hasRoom(): boolean {
    const blocks = Math.max(this.memory.get(this.record + CARVED) / SHARE, this.leastBlocks);
    return this.memory.get(this.record + FULL_COUNT) < Math.max(LEAST_FULL, blocks / this.capacity);
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
    memory.set(record + FULL, magazine); // COMMIT
    this.count(1, count);
    return count;
  }

  /** Takes the last full magazine laid down; 0 if there is none. */
  popFull(): number {
    const { memory, record } = this;
    const magazine = memory.get(record + FULL);
    if (magazine === 0) return 0;
    memory.set(record + FULL, memory.get(magazine + NEXT)); // COMMIT
    this.count(-1, -memory.get(magazine + COUNT));
    return magazine;
  }

  pushEmpty(magazine: number): void {
    this.memory.set(magazine + NEXT, this.memory.get(this.record + EMPTIES));
    this.memory.set(this.record + EMPTIES, magazine);
  }

  /** An empty magazine, from here or from the pool; 0 when all are in use. */
  takeEmpty(): number {
    return this.popEmpty() || this.pool.take();
  }

  /** Gives all empty magazines back to the pool. */
  releaseEmpties(): void {
    for (let empty = this.popEmpty(); empty !== 0; empty = this.popEmpty()) this.pool.give(empty);
  }

  /** One entry for each block that is the slot's: on the shelf no tag vouches for a stray. */
  private shelve(magazine: number, top: number, tag: number): number {
    const { memory, states } = this;
    let kept = magazine + NONE;
    for (let at = kept + 1; at <= top; at++) {
      const granule = memory.get(at);
      // RACE: another thread may be freeing the block too; either value is safe (statemap.ts).
      if (states.get(granule) !== tag) continue;
      states.set(granule, SHELVED);
      memory.set(++kept, granule);
    }
    return kept - magazine - NONE;
  }

  private popEmpty(): number {
    const magazine = this.memory.get(this.record + EMPTIES);
    if (magazine !== 0) this.memory.set(this.record + EMPTIES, this.memory.get(magazine + NEXT));
    return magazine;
  }

  private count(magazines: number, blocks: number): void {
    const { memory, record } = this;
    memory.set(record + FULL_COUNT, memory.get(record + FULL_COUNT) + magazines);
    memory.set(record + DEPOT_BLOCKS, memory.get(record + DEPOT_BLOCKS) + blocks);
  }
}
