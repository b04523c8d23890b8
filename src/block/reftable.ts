// A slot's references: to which blocks, and how many to each. They stand in arrays of the pool,
// 31 each, chained from a word of the slot; the newest array comes first, and those in which
// nothing is left go back, save the last one.
//
// Only the slot itself writes its table, and who recovers it when its thread is gone. Arrays come
// and go under the references lock, so that `validate` finds the chain whole. One that is on its
// way stands in NOTE until the chain names it, or no longer does; HOLDER says whether it is still
// the table's.
//
//   word        writers           readers              access  if its writer dies midway
//   REFERENCES  references lock   the slot; that lock  plain   valid: NOTE names what is missing
//   NOTE        references lock   recovery             plain   the array is in the chain, or given
//   entries     see references.ts

import type { Layout } from '../word/geometry.ts';
import { MAGAZINE, SLOT } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { ENTRY } from '../word/records.ts';
import type { ArrayPool } from './pool.ts';

const { NEXT, ENTRIES: FIRST, MASK, WORDS } = MAGAZINE;
const { KIND, BLOCK, WORDS: ENTRY_WORDS } = ENTRY;

const IN_ARRAY = (WORDS - FIRST) / ENTRY_WORDS;
const END = FIRST + IN_ARRAY * ENTRY_WORDS;

/** KIND of an entry that is nobody's. */
const VACANT = 0;
/** KIND of an entry for a block to which the slot has references. */
export const HELD = 1;

export class ReferenceTable {
  private readonly memory: Memory;
  private readonly pool: ArrayPool;
  private readonly head: number;
  private readonly note: number;
  private readonly holder: number;

  constructor(memory: Memory, pool: ArrayPool, layout: Layout, slot: number) {
    this.memory = memory;
    this.pool = pool;
    const record = layout.slots + slot * SLOT.WORDS;
    this.head = record + SLOT.REFERENCES;
    this.note = record + SLOT.NOTE;
    this.holder = MAGAZINE.REFERENCES + slot;
  }

  /** Word index of the entry for a block to which the slot has references; 0 if it has none. */
  entryOf(granule: number): number {
    for (const array of this.arrays()) {
      for (let at = array + FIRST; at < array + END; at += ENTRY_WORDS) {
        // RACE: who repairs a class writes KIND of the dead's entries; here they are of the living.
        if (this.memory.get(at + BLOCK) === granule && this.memory.get(at + KIND) === HELD) {
          return at;
        }
      }
    }
    return 0;
  }

  /** Word index of an entry to write; 0 when the pool has no array left. */
  vacantLocked(): number {
    for (const array of this.arrays()) {
      for (let at = array + FIRST; at < array + END; at += ENTRY_WORDS) {
        if (this.memory.load(at + KIND) === VACANT) return at;
      }
    }
    return this.growLocked();
  }

  /** An entry has become vacant: if that was the last of its array, the array goes back. */
  trimLocked(entry: number): void {
    const array = entry & ~MASK;
    const { memory } = this;
    if (memory.get(this.head) === array && memory.get(array + NEXT) === 0) return;
    if (this.inArray(array).length > 0) return;
    let link = this.head;
    for (const it of this.arrays()) {
      if (it === array) break;
      link = it + NEXT;
    }
    this.unlinkLocked(array, link);
  }

  /** Gives all arrays back; nothing in them counts any more. */
  clearLocked(): void {
    for (const array of this.arrays()) this.unlinkLocked(array, this.head);
  }

  /** The table of one who has died: an array between chain and pool comes to one of them. */
  settleLocked(): void {
    const { memory, note } = this;
    const array = memory.get(note);
    if (array !== 0 && this.pool.isOf(array, this.holder) && !this.arrays().includes(array)) {
      this.pool.give(array);
    }
    memory.set(note, 0);
  }

  /** Word indexes of all entries that are somebody's, whatever their kind. */
  entries(): number[] {
    return this.arrays().flatMap((array) => this.inArray(array));
  }

  private inArray(array: number): number[] {
    const found: number[] = [];
    for (let at = array + FIRST; at < array + END; at += ENTRY_WORDS) {
      if (this.memory.load(at + KIND) !== VACANT) found.push(at);
    }
    return found;
  }

  /** Of the chain, which cannot be longer than the pool. */
  private arrays(): number[] {
    const { memory, pool } = this;
    const found: number[] = [];
    let array = memory.get(this.head);
    for (; array !== 0 && found.length < pool.count; array = memory.get(array + NEXT)) {
      found.push(array);
    }
    return found;
  }

  private growLocked(): number {
    const { memory, head, note } = this;
    const array = this.pool.take(this.holder, note);
    if (array === 0) return 0;
    for (let at = array + FIRST; at < array + END; at += ENTRY_WORDS) {
      memory.store(at + KIND, VACANT); // it may have been a magazine
    }
    memory.set(array + NEXT, memory.get(head));
    memory.set(head, array); // COMMIT
    memory.set(note, 0);
    return array + FIRST;
  }

  /** `link` is the word that names it. */
  private unlinkLocked(array: number, link: number): void {
    const { memory, note } = this;
    memory.set(note, array);
    memory.set(link, memory.get(array + NEXT)); // COMMIT: NEXT is ours until it is given
    this.pool.give(array);
    memory.set(note, 0);
  }
}
