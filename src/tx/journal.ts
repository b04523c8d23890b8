// A journal: the entries of one transaction in one thread, which say what is to be done with blocks
// when it ends. Twelve stand in its record; further ones in arrays of the pool, 31 each,
// chained in the order in which they came. None of it is beside users' blocks.
//
//   KIND      BLOCK              commit                  rollback, last entry first
//   ALLOC     a new block        stays                   freed, if it is still the same one
//   FREE      a live block       freed                   stays
//   PROTECT   a copy of bytes    freed                   copied back, then freed
//   SAVING    same, unfinished   freed                   freed
//
// A new block may be freed past its transaction, by mistake or because it was given to a thread
// that died, and be another's by then: a checked heap knows by the generation in AT.
//
// KIND carries the transaction's number: an entry with another one, or with 0, is inert, and so is
// one whose block is not live. A block is taken and its entry written, or a block freed and its
// entry made inert, under one lock that names the entry: whoever dies in between leaves both or
// neither (block/statemap.ts, settleEntry).
//
// Blocks of the slot's own magazines need no such lock. One that comes out is named by its entry
// before it is live; one that goes in leaves its entry as it is until the record is over. Nobody
// else can get it before: what the dead have in magazines goes home after their journals are done.
//
// All methods want the record's lock; a private transaction's (record.ts) needs none as long as its
// entries fit into the record. A new array is found in NOTE until the chain names it; HOLDER
// says whether it is still the journal's.

import { MAGAZINE } from '../word/layout.ts';
import { ENTRY, TX } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';
import type { ArrayPool } from '../block/pool.ts';

const { CHUNK, NOTE, ENTRIES, WORDS } = TX;
const { NEXT, ENTRIES: FIRST, JOURNAL } = MAGAZINE;
const { KIND, BLOCK, WORDS: ENTRY_WORDS } = ENTRY;

export const KINDS = Object.freeze({ ALLOC: 1, FREE: 2, PROTECT: 3, SAVING: 4 });
const KIND_BITS = 3;
const KIND_MASK = 7;

/** Entries in the record itself. */
export const INLINE = (WORDS - ENTRIES) / ENTRY_WORDS;
const IN_ARRAY = (MAGAZINE.WORDS - FIRST) / ENTRY_WORDS;

/** What KIND says for an entry of the transaction `number`. */
export function kindWord(number: number, kind: number): number {
  return (number << KIND_BITS) | kind;
}

/** The number of the transaction in a KIND word. */
export function kindNumber(word: number): number {
  return word >>> KIND_BITS;
}

export class Journal {
  private readonly memory: Memory;
  private readonly pool: ArrayPool;
  private readonly record: number;
  private readonly holder: number;

  /** The journal in the record at word `record`, which is number `index` of all. */
  constructor(memory: Memory, pool: ArrayPool, record: number, index: number) {
    this.memory = memory;
    this.pool = pool;
    this.record = record;
    this.holder = JOURNAL + index;
  }

  /** Word index of entry number `position`, which is one behind the last at most; 0 for no room. */
  entryAt(position: number): number {
    if (position < INLINE) return this.record + ENTRIES + position * ENTRY_WORDS;
    let left = position - INLINE;
    let link = this.record + CHUNK;
    for (; left >= IN_ARRAY; left -= IN_ARRAY) link = this.memory.get(link) + NEXT;
    const array = this.memory.get(link) || this.grow(link);
    return array === 0 ? 0 : array + FIRST + left * ENTRY_WORDS;
  }

  /** Word indexes of the entries that count for the transaction `number`, in order. */
  entries(number: number): number[] {
    const { memory, record } = this;
    const found = this.counting(record + ENTRIES, INLINE, number);
    for (let array = memory.get(record + CHUNK); array !== 0; array = memory.get(array + NEXT)) {
      found.push(...this.counting(array + FIRST, IN_ARRAY, number));
    }
    return found;
  }

  kindOf(entry: number): number {
    return this.memory.get(entry + KIND) & KIND_MASK; // RACE: see `counting`
  }

  /** The new block of entry number `position`, which is inert then; 0 if it has none. */
  keep(position: number): number {
    const at = this.entryAt(position);
    if (this.kindOf(at) !== KINDS.ALLOC) return 0;
    const granule = this.memory.get(at + BLOCK);
    this.memory.store(at + KIND, 0); // COMMIT: the block is its thread's
    return granule;
  }

  /** Gives all arrays back. */
  clear(): void {
    const { memory, record } = this;
    for (let array = memory.get(record + CHUNK); array !== 0; array = memory.get(record + CHUNK)) {
      memory.set(record + NOTE, array);
      memory.set(record + CHUNK, memory.get(array + NEXT)); // NEXT is ours until it is given
      this.pool.give(array);
      memory.set(record + NOTE, 0);
    }
  }

  /** After the holder of the record's lock has died. */
  settle(): void {
    const { memory, record } = this;
    const array = memory.get(record + NOTE);
    if (array !== 0 && this.pool.isOf(array, this.holder) && !this.isChained(array)) {
      this.pool.give(array);
    }
    memory.set(record + NOTE, 0);
  }

  /** Makes the record's own entries inert, whichever transactions they were of. */
  forget(): void {
    const first = this.record + ENTRIES;
    for (let i = 0; i < INLINE; i++) this.memory.store(first + i * ENTRY_WORDS + KIND, 0);
  }

  private counting(first: number, count: number, number: number): number[] {
    const found: number[] = [];
    for (let entry = first; entry < first + count * ENTRY_WORDS; entry += ENTRY_WORDS) {
      // RACE: who repairs a class may be making it inert; then its block is not live (statemap.ts).
      const word = this.memory.get(entry + KIND);
      if (word !== 0 && kindNumber(word) === number) found.push(entry);
    }
    return found;
  }

  /** One more array, all inert, at the chain's end, whose link is the word `link`; 0 for none. */
  private grow(link: number): number {
    const { memory, record } = this;
    const array = this.pool.take(this.holder, record + NOTE);
    if (array === 0) return 0;
    memory.set(array + NEXT, 0);
    for (let i = 0; i < IN_ARRAY; i++) memory.store(array + FIRST + i * ENTRY_WORDS + KIND, 0);
    memory.set(link, array); // COMMIT
    memory.set(record + NOTE, 0);
    return array;
  }

  private isChained(array: number): boolean {
    const { memory, record } = this;
    let at = memory.get(record + CHUNK);
    while (at !== 0 && at !== array) at = memory.get(at + NEXT);
    return at === array;
  }
}
