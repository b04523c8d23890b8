// The state map: one byte for each granule of the pages, and the truth about every pointer. A
// pointer is valid if and only if the byte of its granule says LIVE (or LARGE, or SIMPLE_LIVE), so
// null, foreign, interior, misaligned and freed pointers are all told apart by one read, and no
// overrun of a block can change the answer: nothing of it lies in or beside users' blocks.
//
// Who may change a byte follows from its value (layout.ts). The bytes are read without a lock.
// RACE: two threads that free one block in the same instant may both see LIVE. Both then write
// CACHED with their own number, one of them last, and only that one can take the block out of its
// magazine again: the other's entry is a stray, dropped when it is popped (magazine.ts), when its
// magazine is laid on the shelf (shelf.ts), and before the block's pages serve another class
// (strays.ts). A checked heap decides with a compare-and-swap instead.

import type { Layout } from '../word/geometry.ts';
import { GRANULE, STATE, TABLE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';

const { LIVE, CACHED } = STATE;
const { BYTES } = GRANULE;

export class StateMap {
  readonly memory: Memory;
  readonly firstGranule: number;
  readonly granules: number;
  /** The granule behind the last: never a block's, and its state is always FREE. */
  readonly nothing: number;
  /** Byte index of a granule's state = its number + this. */
  readonly origin: number;

  constructor(memory: Memory, layout: Layout) {
    this.memory = memory;
    this.firstGranule = layout.firstGranule;
    this.granules = layout.endGranule - layout.firstGranule;
    this.nothing = layout.endGranule;
    this.origin = TABLE.BYTES - layout.firstGranule;
  }

  get(granule: number): number {
    return this.memory.getByte(this.origin + granule);
  }

  set(granule: number, state: number): void {
    this.memory.setByte(this.origin + granule, state);
  }

  /** Makes every state of [from, end) FREE. */
  clear(from: number, end: number): void {
    this.memory.clearBytes(this.origin + from, this.origin + end);
  }

  /** Whether users' pages have a granule of that number. */
  has(granule: number): boolean {
    return granule >= this.firstGranule && granule < this.firstGranule + this.granules;
  }

  /** The granule that `ptr` names exactly, or -1: no number, misaligned, outside the pages. */
  granuleOf(ptr: number): number {
    if (typeof ptr !== 'number') return -1; // text would be divided like a number
    const granule = ptr / BYTES;
    return this.has(granule) && Math.floor(granule) === granule ? granule : -1;
  }
}

/** The class in a LIVE state, or 0 for any other state. */
export function classOfState(state: number): number {
  return state > LIVE && state < CACHED ? state - LIVE : 0;
}
