// The slot table: who is here. A slot is a thread's seat in the heap: its magazines, its counters,
// and the name (token) under which it holds locks. One word says who sits there:
//
//   SEAT = incarnation << 2 | state          0 free · 1 taken
//
//   from      to                  who
//   i, free   i + 1, taken        attach, by CAS: one of several threads wins
//   i, taken  i, free             detach, after everything of the slot has been given back
//
//   word      writers            readers  access  if its writer dies midway
//   SEAT      by CAS, the owner  all      atomic  names the dead
//
// An incarnation makes each use of a seat distinct: a lock word or a magazine left by the dead can
// not be mistaken for its successor's.

import type { Layout } from '../word/geometry.ts';
import { HEADER, SLOT } from '../word/layout.ts';
import { tokenOf } from '../word/lock.ts';
import { raiseTo, type Memory } from '../word/memory.ts';

const { SEAT, WORDS } = SLOT;
const TAKEN = 1;
const STATE_BITS = 2;
const STATE_MASK = 3;

export interface Seat {
  readonly slot: number;
  readonly incarnation: number;
  readonly token: number;
}

export class SlotTable {
  readonly maxSlots: number;
  private readonly memory: Memory;
  private readonly first: number;

  constructor(memory: Memory, layout: Layout, maxSlots: number) {
    this.memory = memory;
    this.maxSlots = maxSlots;
    this.first = layout.slots;
  }

  /** Takes the lowest free slot for the calling thread; null when all are taken. */
  take(): Seat | null {
    for (let slot = 0; slot < this.maxSlots; slot++) {
      const word = this.first + slot * WORDS + SEAT;
      const seen = this.memory.load(word);
      if ((seen & STATE_MASK) !== 0) continue;
      const incarnation = ((seen >>> STATE_BITS) + 1) & 0x3fffff;
      const taken = (incarnation << STATE_BITS) | TAKEN;
      // COMMIT: the seat is ours or another's.
      if (this.memory.cas(word, seen, taken) !== seen) continue;
      raiseTo(this.memory, HEADER.SLOTS_USED, slot + 1);
      return { slot, incarnation, token: tokenOf(slot, incarnation) };
    }
    return null;
  }

  /** Gives the slot back; nothing of it may be in use any more. */
  leave(seat: Seat): void {
    const word = this.first + seat.slot * WORDS + SEAT;
    this.memory.store(word, seat.incarnation << STATE_BITS); // COMMIT: pairs with take's load
  }

  isTaken(slot: number): boolean {
    return (this.memory.load(this.first + slot * WORDS + SEAT) & STATE_MASK) !== 0;
  }

  incarnationOf(slot: number): number {
    return this.memory.load(this.first + slot * WORDS + SEAT) >>> STATE_BITS;
  }
}
