// Transactions across threads. One record leads; threads that join have records of their own, each
// with its own journal. The leader's STATE decides for all of them, by one compare-and-swap:
//
//   STATE = number << 3 | state
//
//   0 none        1 private      a leader that nobody else has heard of
//   2 open                       a leader or a participant that works
//   3 ready                      a participant that has voted for the commit, and works no more
//   4 committed   5 aborted      a leader that is decided: its parts are still to be finished
//   6 kept        7 undone       over; the record is free, and still says how it ended
//
//   from          to             who
//   0, 6, 7       1, number + 1  begin: the record's owner
//   0, 6, 7       2, number + 1  join: the record's owner
//   1             2              the owner, when others may hear of it: its handle is asked for
//   1             4, 6, 7        the owner, at its end                                 (COMMIT)
//   2             3              vote: the owner
//   2             4              the leader's owner, when all participants are ready  (COMMIT)
//   1, 2          5              anybody of them, or recovery                          (COMMIT)
//   4 / 5         6 / 7          whoever finishes: participants first, the leader last
//
// As long as a transaction is private only its owner works on it, without the lock; it goes from
// its owner's hands into those of recovery, which takes it over with the slot.
//
// What is decided is finished by whoever comes: it applies each journal under its record's lock,
// and every step can be done again. So a participant whose death is seen before the decision,
// whether it had voted or not, takes all others with it; a leader that dies has committed or it has
// not, and nothing lies in between.
//
// Locks: the leader's first, then one participant's. Classes and zones come after them.

import { LOCK } from '../word/layout.ts';
import { ENTRY, TX } from '../word/records.ts';
import type { Layout } from '../word/geometry.ts';
import type { Guarded, Lock, Locks } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import type { Magazines } from '../block/magazine.ts';
import type { ArrayPool } from '../block/pool.ts';
import type { SlotTable } from '../slot/slot.ts';
import { Journal } from './journal.ts';

const { STATE, LEADER, LEADER_NO, JOINED, NEXT, VOTES, CHUNK, NOTE, ENTRIES, WORDS, PER_SLOT } = TX;

export const PRIVATE = 1;
export const OPEN = 2;
export const READY = 3;
export const COMMITTED = 4;
export const ABORTED = 5;
export const KEPT = 6;
export const UNDONE = 7;
const ALONE = PRIVATE; // V8 looks up each time what a module exports: here that is worth a line
const { WORDS: ENTRY_WORDS } = ENTRY;
const STATE_BITS = 3;
const STATE_MASK = 7;
const NUMBERS = 2 ** 28;

/** What the records need to know of all else. */
export interface TxParts {
  readonly memory: Memory;
  readonly layout: Layout;
  readonly locks: Locks;
  readonly pool: ArrayPool;
  readonly table: SlotTable;
  readonly magazines: Magazines;
}

/** One record as a seat sees it. */
export class TxRecord implements Guarded {
  readonly index: number;
  readonly lock: Lock;
  readonly journal: Journal;
  private readonly memory: Memory;
  private readonly at: number;

  constructor(parts: TxParts, index: number) {
    this.index = index;
    this.memory = parts.memory;
    this.at = parts.layout.journals + index * WORDS;
    this.lock = parts.locks.at(this.at + LOCK.WORD, this);
    this.journal = new Journal(parts.memory, parts.pool, this.at, index);
  }

  state(): number {
    return this.memory.load(this.at + STATE) & STATE_MASK;
  }

  number(): number {
    return this.memory.load(this.at + STATE) >>> STATE_BITS;
  }

  /** Whether this is still the transaction `number`, in that state. */
  is(number: number, state: number): boolean {
    return this.memory.load(this.at + STATE) === ((number << STATE_BITS) | state);
  }

  /** Whether nobody has work in it. */
  isFree(): boolean {
    const state = this.state();
    return state === 0 || state >= KEPT;
  }

  /** Whether the transaction `number` is still its owner's alone; asked by the owner. */
  isPrivate(number: number): boolean {
    // RACE: recovery may end it, if somebody was wrong to tell of a death; an old value is safe.
    return this.memory.get(this.at + STATE) === ((number << STATE_BITS) | ALONE);
  }

  /** A new transaction, or a part of the one that record `leader` leads; its number. */
  open(leader: number, leaderNumber: number): number {
    const { memory, at } = this;
    const number = this.next();
    memory.set(at + LEADER, leader);
    memory.set(at + LEADER_NO, leader === this.index ? number : leaderNumber);
    memory.set(at + JOINED, 0);
    memory.set(at + NEXT, 0);
    memory.set(at + CHUNK, 0);
    memory.set(at + NOTE, 0);
    const state = leader === this.index ? PRIVATE : OPEN;
    memory.store(at + STATE, (number << STATE_BITS) | state); // COMMIT
    return number;
  }

  /** As `open`, for one of its own after another that nobody else knew: all else is as it was. */
  reopen(): number {
    const number = this.next();
    this.memory.set(this.at + LEADER_NO, number);
    // RACE: who comes with an old handle finds this one or the one before, and neither is open.
    this.memory.set(this.at + STATE, (number << STATE_BITS) | ALONE); // COMMIT
    return number;
  }

  /** The number of the next transaction here. */
  private next(): number {
    const number = ((this.memory.get(this.at + STATE) >>> STATE_BITS) + 1) & (NUMBERS - 1);
    if (number === 0) this.journal.forget(); // the entries of 2^28 transactions ago
    return number;
  }

  /** Word index of the journal's entry number `position`, of those in the record itself. */
  entryAt(position: number): number {
    return this.at + ENTRIES + position * ENTRY_WORDS;
  }

  /** From one state to another, if it is still that transaction in that state. */
  change(number: number, from: number, to: number): boolean {
    const seen = (number << STATE_BITS) | from;
    return this.memory.cas(this.at + STATE, seen, (number << STATE_BITS) | to) === seen; // COMMIT
  }

  /** Decides that it is to be undone; false if it was decided before. */
  abort(number: number): boolean {
    return this.change(number, OPEN, ABORTED) || this.change(number, PRIVATE, ABORTED);
  }

  /** Whether its last transaction, if there was one, was another record's. */
  wasLed(): boolean {
    return this.memory.get(this.at + LEADER) !== this.index && this.number() > 0;
  }

  /** The record that leads, and the number of its transaction. */
  leader(): [index: number, number: number] {
    return [this.memory.get(this.at + LEADER), this.memory.get(this.at + LEADER_NO)];
  }

  /** Under this record's lock: participant `index` belongs to it. */
  addLocked(participant: TxRecord): void {
    const { memory, at } = this;
    memory.set(participant.at + NEXT, memory.get(at + JOINED));
    memory.set(at + JOINED, participant.index + 1); // COMMIT
  }

  /** Under this record's lock: the participants' records. */
  joinedLocked(): number[] {
    const { memory } = this;
    const base = this.at - this.index * WORDS;
    const found: number[] = [];
    for (let name = memory.get(this.at + JOINED); name !== 0;) {
      found.push(name - 1);
      name = memory.get(base + (name - 1) * WORDS + NEXT);
    }
    return found;
  }

  votes(): number {
    return this.memory.load(this.at + VOTES);
  }

  /** Something has changed for those who wait. */
  announce(): void {
    this.memory.add(this.at + VOTES, 1);
    this.memory.wake(this.at + VOTES, Infinity);
  }

  /** Sleeps until something changes after `seen`, at most so long. */
  waitForNews(seen: number, timeoutMs: number): void {
    this.memory.wait(this.at + VOTES, seen, timeoutMs);
  }

  /** As `waitForNews`, without blocking the thread. */
  news(seen: number, timeoutMs: number): Promise<unknown> {
    return this.memory.waitAsync(this.at + VOTES, seen, timeoutMs);
  }

  repairLocked(): void {
    this.journal.settle();
  }
}

/** The first of a slot's records; PER_SLOT of them follow one another. */
export function firstOf(slot: number): number {
  return slot * PER_SLOT;
}

export function slotOfRecord(index: number): number {
  return Math.floor(index / PER_SLOT);
}
