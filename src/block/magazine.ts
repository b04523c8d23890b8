// Magazines: what makes an ordinary alloc or free a handful of plain reads and writes (Bonwick and
// Adams 2001). Each slot has, for each class, a loaded magazine and a previous one; alloc pops from
// the loaded one, free pushes onto it, whichever thread the block came from. Only when it is empty
// or full does the slot turn to its previous magazine, and then to the depot.
//
// One thread writes a slot's magazines, so none of it is atomic. A free writes the entry, then the
// top, then CACHED; an alloc writes LIVE, then the top: dying in between leaves the block in two
// places, never in none, and the state byte says which one counts.
//
//   word         writers   readers              access  if its writer dies midway
//   TOP          the slot  the slot             plain   valid: the state byte decides each entry
//   LIMIT        the slot  the slot             plain   derived: the class's capacity
//   PREVIOUS     the slot  the slot             plain   valid
//   entries      the slot  the slot; whoever    plain   valid: one without its tag in the state
//                          takes it from a depot        map is dropped
//   POOL_*       pool lock same                 plain   derived: free iff in no slot and no depot
//
// The state's CACHED value carries the slot's number. When two threads free one block at once both
// have an entry, but the byte names only one of them, and `pop` refuses the other's.

import { CACHE, HEADER, LOCK, MAGAZINE, SLOT, STATE, type Layout } from '../word/layout.ts';
import { Lock } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import type { StateMap } from './statemap.ts';

const { SHIFT, LIMIT, PREVIOUS } = CACHE;
const { MASK, NONE, WORDS, NEXT } = MAGAZINE;
const { LIVE, CACHED } = STATE;
const { CACHES, MOVING } = SLOT;
const { POOL_LOCK, POOL_NEXT, POOL_FREE, MAGAZINES } = HEADER;

export class Magazines {
  readonly memory: Memory;
  readonly slot: number;
  /** The state of every block in this slot's magazines. */
  readonly tag: number;
  private readonly states: StateMap;
  private readonly caches: number;
  private readonly moving: number;

  constructor(states: StateMap, layout: Layout, slot: number) {
    this.memory = states.memory;
    this.states = states;
    this.slot = slot;
    this.tag = CACHED + slot;
    const record = layout.slots + slot * SLOT.WORDS;
    this.caches = record + CACHES;
    this.moving = record + MOVING;
  }

  /** Takes a block of the class; 0 if the magazine is empty, or its top entry not ours to give. */
  pop(id: number): number {
    const { memory, states } = this;
    const at = this.caches + (id << SHIFT);
    const top = memory.get(at);
    if ((top & MASK) <= NONE) return 0;
    const granule = memory.get(top);
    if (states.get(granule) !== this.tag) return 0;
    states.set(granule, LIVE + id); // LIVE, then the top: never in no place
    memory.set(at, top - 1);
    return granule;
  }

  /** Adds a block whose state is LIVE(id); false if the magazine is full. */
  push(granule: number, id: number): boolean {
    const { memory } = this;
    const at = this.caches + (id << SHIFT);
    const top = memory.get(at);
    if ((top & MASK) >= memory.get(at + LIMIT)) return false;
    memory.set(top + 1, granule); // entry, top, then CACHED: never in no place
    memory.set(at, top + 1);
    this.states.set(granule, this.tag);
    return true;
  }

  /** As `push`, when the depot has made room: it knows the capacity that LIMIT may deny. */
  put(granule: number, id: number): void {
    const at = this.at(id);
    const top = this.memory.get(at);
    this.memory.set(top + 1, granule);
    this.memory.set(at, top + 1);
    this.states.set(granule, this.tag);
  }

  /** Blocks in the loaded magazine. */
  loaded(id: number): number {
    return filled(this.memory.get(this.at(id)));
  }

  /** Word index of the slot's TOP for a class. */
  at(id: number): number {
    return this.caches + (id << SHIFT);
  }

  /** Drops the loaded magazine's top entry, which `pop` refused; returns its granule. */
  drop(id: number): number {
    const at = this.at(id);
    const top = this.memory.get(at);
    this.memory.set(at, top - 1);
    return this.memory.get(top);
  }

  /** Swaps the loaded and the previous magazine. MOVING names the one that is in neither place. */
  exchange(id: number): void {
    const { memory } = this;
    const at = this.at(id);
    const loaded = memory.get(at);
    memory.set(this.moving, loaded);
    memory.set(at, memory.get(at + PREVIOUS));
    memory.set(at + PREVIOUS, loaded);
    memory.set(this.moving, 0);
  }

  /** The slot's two top words of a class. */
  tops(id: number): [loaded: number, previous: number] {
    const at = this.at(id);
    return [this.memory.get(at), this.memory.get(at + PREVIOUS)];
  }

  /** Blocks in the slot's two magazines of a class. */
  countOf(id: number): number {
    // RACE: stats and validate read other slots' tops; any past value is a count that was true.
    const [loaded, previous] = this.tops(id);
    return filled(loaded) + filled(previous);
  }
}

/** Entries below and at a top word. */
export function filled(top: number): number {
  const low = top & MASK;
  return low > NONE ? low - NONE : 0;
}

/** The pool of magazines that lie in no slot and no depot. */
export class MagazinePool {
  private readonly memory: Memory;
  private readonly lock: Lock;
  private readonly first: number;
  private readonly count: number;

  constructor(memory: Memory, layout: Layout, token: number) {
    this.memory = memory;
    this.lock = new Lock(memory, POOL_LOCK + LOCK.WORD, token);
    this.first = layout.magazines;
    this.count = memory.get(MAGAZINES);
  }

  /** Word index of an unused magazine, or 0 when all are in use. */
  take(): number {
    const { memory } = this;
    this.lock.lock();
    let magazine = memory.get(POOL_FREE);
    const next = memory.get(POOL_NEXT);
    if (magazine !== 0) memory.set(POOL_FREE, memory.get(magazine + NEXT));
    else if (next < this.count) {
      magazine = this.first + next * WORDS;
      memory.set(POOL_NEXT, next + 1);
    }
    this.lock.unlock();
    return magazine;
  }

  give(magazine: number): void {
    const { memory } = this;
    this.lock.lock();
    memory.set(magazine + NEXT, memory.get(POOL_FREE));
    memory.set(POOL_FREE, magazine);
    this.lock.unlock();
  }
}
