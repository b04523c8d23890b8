// Magazines: what makes an ordinary alloc or free a handful of plain reads and writes (Bonwick and
// Adams 2001). Each slot has, for each class, a loaded magazine and a previous one; alloc pops from
// the loaded one, free pushes onto it, whichever thread the block came from. Only when it is empty
// or full does the slot turn to its previous magazine, to its rack (rack.ts), and to the depot.
//
// One has room for 124 blocks. With sixty, a batch of a thousand took a tenth longer, and producer
// and consumer a fifth; with 252 they take a twentieth and a fifth less, but who grows and shrinks
// holds a tenth more pages.
//
// One thread writes a slot's magazines, so none of it is atomic. A free writes the entry, then the
// top, then CACHED; an alloc writes LIVE, then the top: dying in between leaves the block in two
// places, never in none, and the state byte says which one counts.
//
//   word           writers   readers              access  if its writer dies midway
//   TOP            the slot  the slot             plain   valid: the state byte decides each entry
//   LIMIT          class lock the slot            plain   valid: any past limit will do
//   PREVIOUS       the slot  the slot             plain   valid
//   entries        the slot  the slot; whoever    plain   valid: one without its tag in the state
//                            takes it from a depot        map, or SHELVED, is dropped
//   word NONE      class lock the slot            plain   valid: it is always `nothing`
//   ALLOCS, FREES  the slot  stats                plain   valid: one operation more or less
//   MOVING, …_ID   the slot  validate             plain   names the magazine between two places
//
// The state's CACHED value carries the slot's number. When two threads free one block at once both
// have an entry, but the byte names only one of them, and `pop` refuses the other's.
//
// An alloc does not ask whether there is an entry. Beneath the lowest one of a magazine, and in the
// heap's first word, to which the top of no magazine at all points, stands the granule behind the
// last (`nothing`): its state is always FREE, and so it is refused like any that is not ours. Nor
// does a free ask whether a state is a class: for each that is none LIMIT is 0.

import type { Layout } from '../word/geometry.ts';
import { MAGAZINE, SLOT } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { CACHE } from '../word/records.ts';
import { FastPath } from './fastpath.ts';
import type { StateMap } from './statemap.ts';

const { PREVIOUS, RACK } = CACHE;
const { MASK, NONE, COUNT, HOLDER, ENTRIES, CAPACITY } = MAGAZINE;
const { MOVING, MOVING_ID } = SLOT;

export class Magazines extends FastPath {
  /** What HOLDER says of this slot's magazines. */
  readonly holder: number;
  private readonly record: number;

  constructor(states: StateMap, layout: Layout, pageShift: number, slot: number) {
    super(states, layout, pageShift, slot);
    this.holder = slot + 1;
    this.record = (layout.slots + slot * SLOT.WORDS) | 0;
  }

  /** As `free`, when the depot has made room: it knows the capacity that LIMIT may deny. */
  put(granule: number, id: number): void {
    this.count(this.frees);
    const at = this.at(id);
    const top = this.memory.get(at);
    this.memory.set(top + 1, granule);
    this.memory.set(at, top + 1);
    // RACE: as in `free`; of two writers the last one has the block.
    this.memory.setByte(this.origin + granule, this.tag);
  }

  /** Word index of another slot's caches. */
  cachesOf(slot: number): number {
    return this.caches + (slot - this.slot) * SLOT.WORDS;
  }

  /** The top of the magazine that is between two places; 0 most of the time. */
  moving(): number {
    // RACE: validate reads other slots'; an old value is one that a second look corrects.
    return this.memory.get(this.record + MOVING);
  }

  /** The class of that magazine. */
  movingId(): number {
    return this.memory.get(this.record + MOVING_ID);
  }

  /** Word index of MOVING. */
  get movingAt(): number {
    return this.record + MOVING;
  }

  /** The magazine whose top is `top` is between two places, or its blocks between two states. */
  move(top: number, id: number): void {
    this.memory.set(this.record + MOVING_ID, id);
    this.memory.set(this.record + MOVING, top);
  }

  /** It has arrived. */
  moved(): void {
    this.memory.set(this.record + MOVING, 0);
  }

  /** Whether the magazine that `top` names is the one in `move`. */
  isMoving(top: number): boolean {
    return (this.memory.get(this.record + MOVING) & ~MASK) === (top & ~MASK);
  }

  /** Blocks in the loaded magazine. */
  loaded(id: number): number {
    return filled(this.memory.get(this.at(id)));
  }

  /** The granule that `pop` would take; there is one. */
  top(id: number): number {
    return this.memory.get(this.memory.get(this.at(id)));
  }

  /** Word index of the slot's TOP for a class. */
  at(id: number): number {
    return this.caches + id;
  }

  /** Drops the loaded magazine's top entry, which `pop` refused; returns its granule. */
  drop(id: number): number {
    const at = this.at(id);
    const top = this.memory.get(at);
    this.memory.set(at, top - 1);
    return this.memory.get(top);
  }

  /**
   * The loaded magazine and that at the word `place`, the previous one or one in the rack, change
   * places. MOVING names the one that is in neither.
   */
  exchange(id: number, place: number): void {
    const { memory } = this;
    const at = this.at(id);
    const loaded = memory.get(at);
    this.move(loaded, id);
    memory.set(at, memory.get(place));
    memory.set(place, loaded);
    this.moved();
  }

  /** The top words of the slot's magazines of a class: loaded, previous, those in the rack. */
  tops(id: number): number[] {
    return placesOf(this.memory, this.at(id), this.holder).map((place) => this.memory.get(place));
  }

  /** Blocks in the slot's magazines of a class. */
  countOf(id: number): number {
    // RACE: stats and validate read other slots' tops; any past value is a count that was true.
    return this.tops(id).reduce((sum, top) => sum + filled(top), 0);
  }
}

/** Where the tops of a slot's magazines of a class stand: its TOP is the word `at`. */
export function placesOf(memory: Memory, at: number, holder: number): number[] {
  const places = [at, at + PREVIOUS];
  const rack = memory.get(at + RACK);
  if (rack === 0 || memory.get(rack + HOLDER) !== holder) return places;
  const count = Math.min(memory.get(rack + COUNT), CAPACITY);
  for (let i = 0; i < count; i++) places.push(rack + ENTRIES + i);
  return places;
}

/** Entries below and at a top word. */
export function filled(top: number): number {
  const low = top & MASK;
  return low > NONE ? low - NONE : 0;
}
