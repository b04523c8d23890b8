// Transactions that nobody else has heard of, which is what most are from beginning to end: without
// a lock, as long as their entries stand in the record and their blocks come out of magazines. What
// else there is to be done in one, engine.ts knows.
//
// Their owner begins the next one where it has itself ended one, so it need not ask what has become
// of the record: nobody else may begin anything there. STATE is written plainly then, because only
// recovery looks at it, which comes after a death; at the end it is a compare-and-swap, for there
// may be those who were wrong to tell of a death, and then one of the two ends it.

import type { Magazines } from '../block/magazine.ts';
import { KINDS, kindWord } from './journal.ts';
import type { Ending } from './ending.ts';
import type { Part } from './part.ts';
import { COMMITTED, KEPT, PRIVATE, UNDONE, type TxRecord } from './record.ts';

const { ALLOC } = KINDS; // see ALONE in record.ts

export class Solo {
  private readonly magazines: Magazines;
  private readonly ending: Ending;
  /** Where this seat has ended one, and nothing has begun since; null for nowhere. */
  private idle: TxRecord | null = null;

  constructor(magazines: Magazines, ending: Ending) {
    this.magazines = magazines;
    this.ending = ending;
  }

  /** The record of this seat's that is known to be free, for whoever begins something there. */
  takeIdle(): TxRecord | null {
    const { idle } = this;
    this.idle = null;
    return idle;
  }

  /**
   * A block that is freed at rollback, out of a magazine, as only heaps have them that are not
   * checked; 0, and nothing has happened, else. So AT and BYTES of its entry are of no use.
   */
  alloc(part: Part, size: number): number {
    const { record, number, length } = part;
    if (length >= part.lockless || !record.isPrivate(number)) return 0;
    const { magazines } = this;
    const id = magazines.classOf(size);
    const granule = magazines.popFor(id, record.entryAt(length), kindWord(number, ALLOC));
    if (granule !== 0) part.length = length + 1;
    return granule;
  }

  /** Commits, at once if nothing is left to do; false if others know of it, or it is over. */
  commit({ record, number, onlyAllocs, lockless }: Part): boolean {
    if (lockless === 0) return false;
    if (onlyAllocs === true) return this.end(record, number, PRIVATE, KEPT);
    if (!record.change(number, PRIVATE, COMMITTED)) return false;
    this.ending.apply(record, number, true);
    return this.end(record, number, COMMITTED, KEPT);
  }

  /** Rolls back; false, and nothing has happened, if others know of it, or it is over. */
  abort({ record, number, length, onlyAllocs, lockless }: Part): boolean {
    if (lockless === 0 || !record.isPrivate(number)) return false;
    if (onlyAllocs === true) this.ending.undoNew(record, number, length);
    else this.ending.apply(record, number, false);
    return this.end(record, number, PRIVATE, UNDONE);
  }

  private end(record: TxRecord, number: number, from: number, to: number): boolean {
    const ended = record.change(number, from, to);
    if (ended) this.idle = record;
    return ended;
  }
}
