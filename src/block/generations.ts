// Generations, in checked heaps: one word per granule counts how often the block that starts there
// was handed out and taken back. An odd generation is a live block, or one that is about to be.
//
// A free is decided by one compare-and-swap of the word from its odd value to the next: of two
// threads that free one block at once, exactly one succeeds, and its slot's number stands in the
// word's upper bits: should it die before the block is home, recovery knows that it was the one.
// A Ref carries the generation beside the granule in one safe integer, so a stale one is told apart
// even after the block was handed out again: 2^30 granules and 23 bits of generation, which repeat
// after 4 million reuses of one block.
//
// The upper bits of a live block's word count its holders: the slots that have references to it
// (references.ts). A free ends only a generation without any, by the same compare-and-swap that a
// first reference needs: of a free and a retain at once, exactly one succeeds.
//
//   word         writers                  readers  access   if its writer dies midway
//   generation   who makes it live; a     any      atomic   valid: with the state it says whether
//                freer, by CAS                              the block has still to be sent home
//   holders      references lock, by CAS  any      atomic   see references.ts

import type { Layout } from '../word/geometry.ts';
import type { Memory } from '../word/memory.ts';

const GRANULES = 2 ** 30;
const BITS = 23;
const GENERATIONS = 2 ** BITS;
const MASK = GENERATIONS - 1;
/** One holder, in the word of a live block. */
const HOLDER = GENERATIONS;

/** A pointer with its generation: a safe integer, 0 is null. Made by `heap.ref`. */
export type Ref = number;

export class Generations {
  private readonly memory: Memory;
  private readonly first: number;
  private readonly end: number;
  private readonly origin: number;
  private readonly freer: number;

  /** `slot` is the seat from which blocks are freed here. */
  constructor(memory: Memory, layout: Layout, slot: number) {
    this.memory = memory;
    this.first = layout.firstGranule;
    this.end = layout.endGranule;
    this.origin = layout.generations - layout.firstGranule;
    this.freer = (slot + 1) << BITS;
  }

  /**
   * The block is about to be handed out: its generation becomes odd. Only its holder calls this.
   */
  begin(granule: number): void {
    const word = this.origin + granule;
    this.memory.store(word, ((this.memory.load(word) + 1) | 1) & MASK);
  }

  current(granule: number): number {
    return this.memory.load(this.origin + granule);
  }

  /** Ends the generation seen; false if it was not live, has holders, or another was first. */
  finish(granule: number, seen: number): boolean {
    return seen <= MASK && this.endAs(granule, seen);
  }

  /** As `finish`, for the one holder there is. Wants the references lock. */
  finishLast(granule: number, seen: number): boolean {
    return holdersIn(seen) === 1 && this.endAs(granule, seen);
  }

  /** One holder more; false if the block was freed meanwhile. Wants the references lock. */
  join(granule: number, seen: number): boolean {
    if ((seen & 1) === 0) return false;
    return this.memory.cas(this.origin + granule, seen, seen + HOLDER) === seen; // COMMIT
  }

  /** Whether `join`, of which nobody knows how far it came, has happened. */
  hasJoined(granule: number, seen: number): boolean {
    return this.current(granule) === seen + HOLDER;
  }

  /** One holder less. Wants the references lock. */
  part(granule: number, seen: number): boolean {
    if (holdersIn(seen) === 0) return false;
    return this.memory.cas(this.origin + granule, seen, seen - HOLDER) === seen; // COMMIT
  }

  /** The one holder has a new generation of the block: refs to the old one are stale. */
  renew(granule: number, seen: number): boolean {
    if (holdersIn(seen) !== 1) return false;
    const next = ((seen + 2) & MASK) | HOLDER;
    return this.memory.cas(this.origin + granule, seen, next) === seen; // COMMIT
  }

  /** How many slots have references to the live block; 0 if it is none. */
  holders(granule: number): number {
    return holdersIn(this.current(granule));
  }

  private endAs(granule: number, seen: number): boolean {
    if ((seen & 1) === 0) return false;
    const over = ((seen + 1) & MASK) | this.freer;
    return this.memory.cas(this.origin + granule, seen, over) === seen; // COMMIT
  }

  /** Whether it was the thread on `slot` that ended the last generation. */
  wasFinishedBy(granule: number, slot: number): boolean {
    const current = this.current(granule);
    return (current & 1) === 0 && current >>> BITS === slot + 1;
  }

  /** The slot from which the last generation was ended; -1 if none was, or the block is live. */
  freerOf(granule: number): number {
    const current = this.current(granule);
    return (current & 1) === 0 ? (current >>> BITS) - 1 : -1;
  }

  refTo(granule: number): Ref {
    return (this.current(granule) & MASK) * GRANULES + granule;
  }

  /** The generation now, if the ref still names a live block of this heap; else 0. */
  match(ref: Ref): number {
    const granule = granuleOfRef(ref);
    const inside = Number.isSafeInteger(ref) && granule >= this.first && granule < this.end;
    if (!inside) return 0;
    const current = this.current(granule);
    const same = (current & MASK) === Math.floor(ref / GRANULES);
    return same && (current & 1) === 1 ? current : 0;
  }
}

/** Of a generation as `match` gives it, without holders. */
export function generationIn(word: number): number {
  return word & MASK;
}

export function holdersIn(word: number): number {
  return (word & 1) === 1 ? word >>> BITS : 0;
}

export function granuleOfRef(ref: Ref): number {
  return ref % GRANULES;
}
