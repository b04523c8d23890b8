// How a journal's entries come to their blocks: the block is live and its entry names it, or
// neither. What becomes of them is in ending.ts.

import type { AllocError } from '../word/errors.ts';
import type { Memory } from '../word/memory.ts';
import { ENTRY } from '../word/records.ts';
import type { Entry } from '../block/statemap.ts';
import type { Returns } from './ending.ts';

const { AT, BYTES } = ENTRY;

/** How blocks are taken for an entry: both or neither (heap/allocate). */
export interface Blocks extends Returns {
  /** A block's granule; or why not. `again` after it found no memory. */
  takeFor(size: number, entry: Entry, again: boolean): number | AllocError;
}

export class Taking {
  private readonly memory: Memory;
  private readonly blocks: Blocks;

  constructor(memory: Memory, blocks: Blocks) {
    this.memory = memory;
    this.blocks = blocks;
  }

  /** A user's block. In a checked heap the entry tells it from others that stand there later. */
  fresh(entry: Entry, size: number, again: boolean): number | AllocError {
    const { memory } = this;
    const { checked, generations } = this.blocks.states;
    memory.set(entry.at + AT, 0); // until it is known: nobody else has the block till then
    const block = this.any(entry, size, again);
    if (checked && typeof block === 'number') memory.set(entry.at + AT, generations.current(block));
    return block;
  }

  /** A block of the journal's own. */
  any(entry: Entry, size: number, again: boolean): number | AllocError {
    this.memory.set(entry.at + BYTES, 0); // nobody has ended its generation
    return this.blocks.takeFor(size, entry, again);
  }
}
