// What is done to transactions from one seat: begun and joined, journalled, decided, finished, and
// recovered when their threads have died. See record.ts and journal.ts, and solo.ts for those that
// nobody else has heard of; users, heap/transaction.ts.

import { GRANULE } from '../word/layout.ts';
import { ENTRY, TX } from '../word/records.ts';
import { allocError, type AllocError } from '../word/errors.ts';
import { copyBytes } from '../word/memory.ts';
import type { Entry } from '../block/statemap.ts';
import { Ending } from './ending.ts';
import { INLINE, KINDS, kindWord } from './journal.ts';
import { partIn, type Part } from './part.ts';
import {
  ABORTED,
  COMMITTED,
  firstOf,
  KEPT,
  OPEN,
  PRIVATE,
  READY,
  TxRecord,
  UNDONE,
  type TxParts,
} from './record.ts';
import { Solo } from './solo.ts';
import { Taking, type Blocks } from './taking.ts';

const { KIND, BLOCK, AT, BYTES } = ENTRY;
const { BYTES: GRANULE_BYTES } = GRANULE;

export class TxEngine {
  private readonly parts: TxParts;
  private readonly blocks: Blocks;
  private readonly slot: number;
  private readonly taking: Taking;
  private readonly ending: Ending;
  /** Transactions that nobody else has heard of. */
  readonly solo: Solo;
  /** Views that were needed before: most often this slot's own. */
  private readonly records: TxRecord[] = [];

  constructor(parts: TxParts, blocks: Blocks, slot: number) {
    this.parts = parts;
    this.blocks = blocks;
    this.slot = slot;
    this.taking = new Taking(parts.memory, blocks);
    this.ending = new Ending(parts.magazines, blocks);
    this.solo = new Solo(parts.magazines, this.ending);
  }

  /** Begins a transaction; null when this slot has no record left. */
  begin(): Part | null {
    const idle = this.solo.takeIdle();
    const record = idle ?? this.searchRecord();
    if (record === null) return null;
    const number = idle === null ? record.open(record.index, 0) : record.reopen();
    return partIn(record, number, record, number);
  }

  /** Takes part in one; null when it is over, or this slot has no record left. */
  join(index: number, leaderNumber: number): Part | null {
    const records = this.parts.table.maxSlots * TX.PER_SLOT;
    const record = index >>> 0 === index && index < records ? this.freeRecord() : null;
    if (record === null) return null;
    const leader = this.recordAt(index);
    leader.lock.lock();
    const open = Number.isInteger(leaderNumber) && leader.is(leaderNumber, OPEN);
    const number = open ? record.open(index, leaderNumber) : 0;
    if (open) leader.addLocked(record);
    leader.lock.unlock();
    return open ? partIn(record, number, leader, leaderNumber) : null;
  }

  isOpen({ record, number, leader, leaderNumber, known }: Part): boolean {
    if (!known) return record.isPrivate(number);
    return record.is(number, OPEN) && leader.is(leaderNumber, OPEN);
  }

  /** From now on others may hear of a transaction; nothing happens if they have, or it is over. */
  share(part: Part): void {
    if (!part.known) part.record.change(part.number, PRIVATE, OPEN);
    part.known = true;
    part.lockless = 0;
  }

  /** A new block that is freed at rollback; `again` after it found no memory for it before. */
  allocIn(part: Part, size: number, again = false): number | AllocError {
    const entry = this.beginStep(part, KINDS.ALLOC);
    return this.endStep(part, entry.at === 0 ? null : this.taking.fresh(entry, size, again));
  }

  /** A live block that is freed at commit; its granule, or why not. */
  freeIn(part: Part, granule: number): number | AllocError {
    part.onlyAllocs = false;
    const entry = this.beginStep(part, KINDS.FREE);
    if (entry.at === 0) return this.endStep(part, null);
    const { memory } = this.parts;
    const { states } = this.blocks;
    memory.set(entry.at + BLOCK, granule);
    if (states.checked) memory.set(entry.at + AT, states.generations.current(granule));
    memory.set(entry.at + BYTES, 0);
    memory.store(entry.at + KIND, entry.kind); // COMMIT
    return this.endStep(part, granule);
  }

  /** Bytes [ptr, ptr + bytes) are what they are now again at rollback. */
  protectIn(part: Part, ptr: number, bytes: number, again = false): number | AllocError {
    part.onlyAllocs = false;
    const entry = this.beginStep(part, KINDS.SAVING);
    const copy = entry.at === 0 ? null : this.taking.any(entry, bytes, again);
    if (typeof copy === 'number') {
      const { memory } = this.parts;
      memory.set(entry.at + AT, Math.floor(ptr / GRANULE_BYTES));
      memory.set(entry.at + BYTES, bytes * GRANULE_BYTES + (ptr % GRANULE_BYTES));
      copyBytes(memory, copy * GRANULE_BYTES, ptr, bytes);
      memory.store(entry.at + KIND, kindWord(part.number, KINDS.PROTECT)); // COMMIT
    }
    return this.endStep(part, copy);
  }

  /** Undoes all done in a part since it had `length` entries; granules that it will not free. */
  rollBackTo(part: Part, length: number): number[] {
    this.share(part);
    const { record, number } = part;
    const { memory } = this.parts;
    const granules: number[] = [];
    record.lock.lock();
    if (record.is(number, OPEN)) {
      for (let i = part.length - 1; i >= length; i--) {
        const at = record.journal.entryAt(i);
        if (record.journal.kindOf(at) === KINDS.FREE) granules.push(memory.get(at + BLOCK));
        this.ending.undo(record, at);
        memory.store(at + KIND, 0); // its block may be anybody's while this transaction goes on
      }
      part.length = length;
    }
    record.lock.unlock();
    return granules;
  }

  /** The new block of the newest entry, taken out of the transaction: it stays. 0 for none. */
  keepNewest(part: Part): number {
    const { record, known } = part;
    if (known) record.lock.lock();
    const open = part.length > 0 && this.isOpen(part);
    const granule = open ? record.journal.keep(part.length - 1) : 0;
    if (granule !== 0) part.length--;
    if (known) record.lock.unlock();
    return granule;
  }

  /** A participant votes for the commit; false when it is too late. */
  vote({ record, number, leader, leaderNumber }: Part): boolean {
    if (leader === record) return false; // it decides
    record.lock.lock();
    const voted = leader.is(leaderNumber, OPEN) && record.change(number, OPEN, READY);
    record.lock.unlock();
    if (voted) leader.announce();
    return voted;
  }

  /**
   * The leader's commit: true if done; false while a participant has not voted, or if it is over.
   */
  tryCommit(part: Part): boolean {
    if (!part.known) return this.solo.commit(part);
    const { record, number } = part;
    record.lock.lock();
    const ready = record.joinedLocked().every((index) => this.recordAt(index).state() === READY);
    const decided = ready && record.change(number, OPEN, COMMITTED);
    if (decided) this.finishLocked(record, number);
    record.lock.unlock();
    return decided;
  }

  /** Rolls everything back, on all threads; false if it is decided otherwise. */
  abort(part: Part): boolean {
    if (this.solo.abort(part)) return true;
    const { leader, leaderNumber } = part;
    leader.abort(leaderNumber);
    this.finish(leader, leaderNumber);
    return leader.is(leaderNumber, UNDONE);
  }

  /** Brings a decided transaction to its end; does nothing if it is open or over. */
  finish(leader: TxRecord, number: number): void {
    leader.lock.lock();
    this.finishLocked(leader, number);
    leader.lock.unlock();
  }

  /** The records of those who take part in what a record leads. */
  participants(leader: TxRecord): number[] {
    leader.lock.lock();
    const found = leader.joinedLocked();
    leader.lock.unlock();
    return found;
  }

  /** Brings to an end whatever a slot's thread has left; how many transactions it rolled back. */
  recover(slot: number): number {
    let undone = 0;
    for (let index = firstOf(slot); index < firstOf(slot + 1); index++) {
      const record = this.recordAt(index);
      const was = record.state();
      if (was === 0) continue;
      const [leaderIndex, leaderNumber] = record.leader();
      const leader = this.recordAt(leaderIndex);
      if (was < COMMITTED && leader.abort(leaderNumber)) undone++;
      this.finish(leader, leaderNumber);
      this.finishAlone(record);
    }
    return undone;
  }

  private freeRecord(): TxRecord | null {
    return this.solo.takeIdle() ?? this.searchRecord();
  }

  private searchRecord(): TxRecord | null {
    for (let index = firstOf(this.slot); index < firstOf(this.slot + 1); index++) {
      const record = this.recordAt(index);
      if (!record.isFree()) continue;
      if (record.wasLed()) this.finishLeader(record); // which may still name it in its list
      return record;
    }
    return null;
  }

  private finishLeader(record: TxRecord): void {
    const [leader, number] = record.leader();
    this.finish(this.recordAt(leader), number);
  }

  recordAt(index: number): TxRecord {
    return (this.records[index] ??= new TxRecord(this.parts, index));
  }

  /** Begins a step; the entry to write, whose `at` is 0 if there is none. */
  private beginStep(part: Part, kind: number): Entry {
    const { record, number, length } = part;
    if (length >= INLINE) this.share(part); // arrays are taken and given back under the lock
    if (part.known) record.lock.lock();
    const at = this.isOpen(part) ? record.journal.entryAt(length) : 0;
    return { at, kind: kindWord(number, kind) };
  }

  /** Ends the step; `done` is null when there was no entry. */
  private endStep(part: Part, done: number | AllocError | null): number | AllocError {
    const result = done ?? allocError(this.isOpen(part) ? 'JOURNAL_FULL' : 'ABORTED', part.length);
    if (typeof result === 'number') part.length++;
    if (part.known) part.record.lock.unlock();
    return result;
  }

  /** Participants first: as long as the leader is not over, whoever comes can do the rest. */
  private finishLocked(leader: TxRecord, number: number): void {
    const committed = leader.is(number, COMMITTED);
    if (!committed && !leader.is(number, ABORTED)) return;
    const joined = leader.joinedLocked();
    for (const index of joined) {
      const part = this.recordAt(index);
      part.lock.lock();
      if (!part.isFree()) this.applyLocked(part, committed);
      part.lock.unlock();
    }
    this.applyLocked(leader, committed);
    if (joined.length > 0) leader.announce();
  }

  /** A part that no leader knows. */
  private finishAlone(record: TxRecord): void {
    record.lock.lock();
    if (!record.isFree()) this.applyLocked(record, false);
    record.lock.unlock();
  }

  private applyLocked(record: TxRecord, committed: boolean): void {
    const number = record.number();
    this.ending.apply(record, number, committed);
    record.journal.clear();
    record.change(number, record.state(), committed ? KEPT : UNDONE);
  }
}
