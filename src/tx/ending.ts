// What becomes of a journal's blocks when its transaction ends: kept, freed, or given their old
// bytes back. Every step can be done again, by anybody who takes the record over.

import { GRANULE } from '../word/layout.ts';
import { copyBytes, type Memory } from '../word/memory.ts';
import { ENTRY } from '../word/records.ts';
import type { Magazines } from '../block/magazine.ts';
import type { Entry, StateMap } from '../block/statemap.ts';
import { INLINE, kindNumber, KINDS, kindWord } from './journal.ts';
import { slotOfRecord, type TxRecord } from './record.ts';

const { KIND, BLOCK, AT, BYTES } = ENTRY;
const { BYTES: GRANULE_BYTES } = GRANULE;
const { ALLOC } = KINDS; // see ALONE in record.ts
const LAST_INLINE = INLINE - 1;

/** How blocks are freed for an entry: both or neither (heap/release). */
export interface Returns {
  readonly states: StateMap;
  /** Frees the block that the entry names, and makes the entry inert. */
  giveFor(entry: Entry): boolean;
}

export class Ending {
  private readonly memory: Memory;
  private readonly magazines: Magazines;
  private readonly blocks: Returns;

  /** The magazines are those of the seat from which all of it is done. */
  constructor(magazines: Magazines, blocks: Returns) {
    this.memory = magazines.memory;
    this.magazines = magazines;
    this.blocks = blocks;
  }

  /** Does what entries of the transaction `number` ask for; undoes from the last one on. */
  apply(record: TxRecord, number: number, committed: boolean): void {
    const entries = record.journal.entries(number);
    if (committed) for (const at of entries) this.keep(record, at);
    else for (const at of entries.reverse()) this.undo(record, at);
  }

  /** As undoing in `apply`, where there is nothing but new blocks, whose entries the record has. */
  undoNew(record: TxRecord, number: number, length: number): void {
    const noted = kindWord(number, ALLOC);
    const last = Math.min(length, LAST_INLINE); // one that failed may stand behind those that count
    for (let i = last; i >= 0; i--) {
      const at = record.entryAt(i);
      if (this.memory.get(at + KIND) !== noted) continue;
      if (!this.stow(at)) this.giveBlock(record, at, ALLOC);
    }
  }

  undo(record: TxRecord, at: number): void {
    const kind = record.journal.kindOf(at);
    if (kind === KINDS.PROTECT) this.copyBack(at);
    if (kind !== KINDS.FREE) this.giveBlock(record, at, kind);
  }

  private keep(record: TxRecord, at: number): void {
    const kind = record.journal.kindOf(at);
    if (kind !== KINDS.ALLOC) this.giveBlock(record, at, kind);
  }

  /**
   * Frees what the entry names. A copy is needed no more: from here on it is a block to be freed.
   * What goes into a magazine of the record's own slot leaves the entry as it is (journal.ts).
   */
  private giveBlock(record: TxRecord, at: number, kind: number): void {
    const { memory } = this;
    if (kind === KINDS.PROTECT) {
      memory.set(at + BYTES, 0); // first: no bytes are copied back twice
      memory.store(at + KIND, kindWord(kindNumber(memory.load(at + KIND)), KINDS.SAVING));
    }
    if (slotOfRecord(record.index) === this.magazines.slot && this.stow(at)) return;
    const { checked, generations } = this.blocks.states;
    const noted = kind === KINDS.FREE || (kind === KINDS.ALLOC && memory.get(at + AT) !== 0);
    if (checked && !noted) memory.set(at + AT, generations.current(memory.get(at + BLOCK)));
    this.blocks.giveFor({ at, kind });
  }

  /** Frees what the entry names into the seat's own magazine; false if that has no room. */
  private stow(at: number): boolean {
    return this.magazines.free(this.memory.get(at + BLOCK) * GRANULE_BYTES);
  }

  private copyBack(at: number): void {
    const { memory } = this;
    const packed = memory.get(at + BYTES);
    const ptr = memory.get(at + AT) * GRANULE_BYTES + (packed % GRANULE_BYTES);
    const copy = memory.get(at + BLOCK) * GRANULE_BYTES;
    copyBytes(memory, ptr, copy, Math.floor(packed / GRANULE_BYTES));
  }
}
