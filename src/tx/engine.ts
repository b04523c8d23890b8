// What is done to transactions from one seat: begun and joined, journalled, decided, finished, and
// recovered when their threads have died. See record.ts and journal.ts; users, heap/transaction.ts.

import { ENTRY, TX } from '../word/records.ts';
import { allocError, type AllocError } from '../word/errors.ts';
import { copyBytes } from '../word/memory.ts';
import type { Entry, StateMap } from '../block/statemap.ts';
import { kindNumber, KINDS, kindWord } from './journal.ts';
import {
  ABORTED,
  COMMITTED,
  firstOf,
  KEPT,
  OPEN,
  READY,
  TxRecord,
  UNDONE,
  type TxParts,
} from './record.ts';

const { KIND, BLOCK, AT, BYTES } = ENTRY;
const GRANULE_BYTES = 16;

/** How blocks are taken and freed for an entry: both or neither (heap/allocate, heap/release). */
export interface Blocks {
  readonly states: StateMap;
  /** A block's granule, named by the entry; or why not. */
  takeFor(size: number, entry: Entry): number | AllocError;
  /** Frees the block that the entry names, and makes the entry inert. */
  giveFor(entry: Entry): boolean;
}

/** One thread's part in a transaction, as its owner holds it. */
export interface Part {
  readonly record: TxRecord;
  readonly number: number;
  readonly leader: TxRecord;
  readonly leaderNumber: number;
  /** Entries written so far: the next one's position. Only the owner writes entries. */
  length: number;
}

export class TxEngine {
  private readonly parts: TxParts;
  private readonly blocks: Blocks;
  private readonly slot: number;
  /** Views that were needed before: most often this slot's own. */
  private readonly records: TxRecord[] = [];

  constructor(parts: TxParts, blocks: Blocks, slot: number) {
    this.parts = parts;
    this.blocks = blocks;
    this.slot = slot;
  }

  /** Begins a transaction; null when this slot has no record left. */
  begin(): Part | null {
    const record = this.freeRecord();
    if (record === null) return null;
    const number = record.open(record.index, 0);
    return { record, number, leader: record, leaderNumber: number, length: 0 };
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
    return open ? { record, number, leader, leaderNumber, length: 0 } : null;
  }

  isOpen({ record, number, leader, leaderNumber }: Part): boolean {
    return record.is(number, OPEN) && leader.is(leaderNumber, OPEN);
  }

  /** A new block that is freed at rollback. */
  allocIn(part: Part, size: number): number | AllocError {
    return this.write(part, KINDS.ALLOC, (entry) => this.takeBlock(entry, size));
  }

  /** A live block that is freed at commit; its granule, or why not. */
  freeIn(part: Part, granule: number): number | AllocError {
    return this.write(part, KINDS.FREE, (entry) => {
      const { memory } = this.parts;
      const { states } = this.blocks;
      memory.set(entry.at + BLOCK, granule);
      if (states.checked) memory.set(entry.at + AT, states.generations.current(granule));
      memory.set(entry.at + BYTES, 0);
      memory.store(entry.at + KIND, entry.kind); // COMMIT
      return granule;
    });
  }

  /** Bytes [ptr, ptr + bytes) are what they are now again at rollback. */
  protectIn(part: Part, ptr: number, bytes: number): number | AllocError {
    return this.write(part, KINDS.SAVING, (entry) => {
      const { memory } = this.parts;
      const copy = this.takeBlock(entry, bytes);
      if (typeof copy !== 'number') return copy;
      memory.set(entry.at + AT, Math.floor(ptr / GRANULE_BYTES));
      memory.set(entry.at + BYTES, bytes * GRANULE_BYTES + (ptr % GRANULE_BYTES));
      copyBytes(memory, copy * GRANULE_BYTES, ptr, bytes);
      memory.store(entry.at + KIND, kindWord(part.number, KINDS.PROTECT)); // COMMIT
      return copy;
    });
  }

  /** Undoes all done in a part since it had `length` entries; granules that it will not free. */
  rollBackTo(part: Part, length: number): number[] {
    const { record, number } = part;
    const { memory } = this.parts;
    const granules: number[] = [];
    record.lock.lock();
    if (record.is(number, OPEN)) {
      for (let i = part.length - 1; i >= length; i--) {
        const at = record.journal.entryAt(i);
        if (record.journal.kindOf(at) === KINDS.FREE) granules.push(memory.get(at + BLOCK));
        this.undo(record, at);
      }
      part.length = length;
    }
    record.lock.unlock();
    return granules;
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
  tryCommit({ record, number }: Part): boolean {
    record.lock.lock();
    const ready = record.joinedLocked().every((index) => this.recordAt(index).state() === READY);
    const decided = ready && record.change(number, OPEN, COMMITTED);
    if (decided) this.finishLocked(record, number);
    record.lock.unlock();
    return decided;
  }

  /** Rolls everything back, on all threads; false if it is decided otherwise. */
  abort({ leader, leaderNumber }: Part): boolean {
    leader.change(leaderNumber, OPEN, ABORTED);
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
      if (was < COMMITTED && leader.change(leaderNumber, OPEN, ABORTED)) undone++;
      this.finish(leader, leaderNumber);
      this.finishAlone(record);
    }
    return undone;
  }

  private freeRecord(): TxRecord | null {
    for (let index = firstOf(this.slot); index < firstOf(this.slot + 1); index++) {
      const record = this.recordAt(index);
      if (!record.isFree()) continue;
      const [leader, number] = record.leader(); // which may still name the record in its list
      if (record.number() > 0 && leader !== index) this.finish(this.recordAt(leader), number);
      return record;
    }
    return null;
  }

  recordAt(index: number): TxRecord {
    return (this.records[index] ??= new TxRecord(this.parts, index));
  }

  /** Under the part's lock, while it is open: the next entry, and what is done with it. */
  private write(
    part: Part,
    kind: number,
    work: (entry: Entry) => number | AllocError,
  ): number | AllocError {
    const { record, number } = part;
    record.lock.lock();
    const open = this.isOpen(part);
    const at = open ? record.journal.entryAt(part.length) : 0;
    const entry = { at, kind: kindWord(number, kind) };
    const done =
      at === 0 ? allocError(open ? 'JOURNAL_FULL' : 'ABORTED', part.length) : work(entry);
    if (typeof done === 'number') part.length++;
    record.lock.unlock();
    return done;
  }

  private takeBlock(entry: Entry, size: number): number | AllocError {
    this.parts.memory.set(entry.at + BYTES, 0); // nobody has ended its generation
    return this.blocks.takeFor(size, entry);
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
    const entries = record.journal.entries(number);
    if (committed) for (const at of entries) this.keep(record, at);
    else for (const at of entries.reverse()) this.undo(record, at);
    record.journal.clear();
    record.change(number, record.state(), committed ? KEPT : UNDONE);
  }

  private keep(record: TxRecord, at: number): void {
    const kind = record.journal.kindOf(at);
    if (kind === KINDS.ALLOC) this.parts.memory.store(at + KIND, 0);
    else this.giveBlock(at, kind);
  }

  private undo(record: TxRecord, at: number): void {
    const kind = record.journal.kindOf(at);
    if (kind === KINDS.FREE) {
      this.parts.memory.store(at + KIND, 0);
      return;
    }
    if (kind === KINDS.PROTECT) this.copyBack(at);
    this.giveBlock(at, kind);
  }

  /**
   * Frees what the entry names. A copy is needed no more: from here on it is a block to be freed.
   */
  private giveBlock(at: number, kind: number): void {
    const { memory } = this.parts;
    if (kind === KINDS.PROTECT) {
      memory.set(at + BYTES, 0); // first: no bytes are copied back twice
      memory.store(at + KIND, kindWord(kindNumber(memory.load(at + KIND)), KINDS.SAVING));
    }
    const { checked, generations } = this.blocks.states;
    const ours = checked && kind !== KINDS.FREE; // whatever its generation is
    if (ours) memory.set(at + AT, generations.current(memory.get(at + BLOCK)));
    this.blocks.giveFor({ at, kind });
  }

  private copyBack(at: number): void {
    const { memory } = this.parts;
    const packed = memory.get(at + BYTES);
    const ptr = memory.get(at + AT) * GRANULE_BYTES + (packed % GRANULE_BYTES);
    const copy = memory.get(at + BLOCK) * GRANULE_BYTES;
    copyBytes(memory, ptr, copy, Math.floor(packed / GRANULE_BYTES));
  }
}
