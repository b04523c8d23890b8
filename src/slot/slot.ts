// The slot table: who is here. A slot is a thread's seat in the heap: its magazines, its journals,
// its counters, and the name (token) under which it holds locks. Two words say who sits there:
//
//   WHO   0, or the thread that has the slot            (thread.ts says what it is called)
//   SEAT  incarnation << 2 | state                      0 free · 1 taken · 2 dead · 3 given up
//
//   from              to                     who
//   WHO 0             the thread             attach, by CAS: one of several threads wins
//   SEAT i, free      i, taken               the same thread, next
//   SEAT i, any       i, dead                who has seen that its thread is gone; reap; by CAS
//   SEAT i, any       i, given up            the thread itself, when its stack overflowed; by CAS
//   WHO any           NOBODY                 recovery, when nothing is left of the slot
//   SEAT i, any       i + 1, free            detach; recovery, next
//   WHO any           0                      the same thread, next: only now may it be taken
//
//   word      writers               readers  access  if its writer dies midway
//   WHO       by CAS, then the last all      atomic  names the dead from its first moment on
//   START     who has WHO; ended    all      atomic  valid: 0 is not known yet, or no more
//   SEAT      see above             all      atomic  any state of a thread that is gone is dead
//   SETTLED   who has WHO           same     atomic  valid: another incarnation's, plus 1
//   OOM_ADJ   who has WHO; ended    all      atomic  valid: 0 before the seat is another's
//
// A thread may overflow its stack while it sits down, or gets up, and be so near to the end of it
// that it cannot even give the seat up. SETTLED says which of its seats it has: the others it gives
// up when it comes again.
//
// An incarnation makes each use of a seat distinct: a lock word or a journal left by the dead can
// not be mistaken for its successor's, and no late witness declares the successor dead. A few seats
// are spare ones: there sits who has to recover the dead before any other slot is to be had.

import type { Layout } from '../word/geometry.ts';
import { HEADER, SLOT } from '../word/layout.ts';
import { slotOfToken, tokenOf, type Deaths } from '../word/lock.ts';
import { raiseTo, type Memory } from '../word/memory.ts';
import { canAsk, endOf, isGone, NOBODY, thisThread } from './thread.ts';

const { SEAT, WHO, START, THREAD, SETTLED, OOM_ADJ, BUDGET, WORDS } = SLOT;
const { DEATHS, SLOTS_USED } = HEADER;
const FREE = 0;
const TAKEN = 1;
const DEAD = 2;
/** Given up by a thread that overflowed its stack, and goes on elsewhere if it caught that. */
const LEFT = 3;
const STATE_BITS = 2;
const STATE_MASK = 3;
const INCARNATIONS = 2 ** 22;

export interface Seat {
  readonly slot: number;
  readonly incarnation: number;
  readonly token: number;
}

export class SlotTable implements Deaths {
  readonly maxSlots: number;
  /** With the spare ones. */
  readonly seats: number;
  private readonly memory: Memory;
  private readonly first: number;

  constructor(memory: Memory, layout: Layout, maxSlots: number) {
    this.memory = memory;
    this.maxSlots = maxSlots;
    this.seats = maxSlots + SLOT.SPARES;
    this.first = layout.slots;
  }

  /** Takes the lowest free slot for the calling thread; null when all are taken. */
  take(): Seat | null {
    for (let slot = 0; slot < this.maxSlots; slot++) {
      const seat = this.takeAt(slot);
      if (seat !== null) return seat;
    }
    return null;
  }

  /** Takes one of the seats from which slots are recovered when none is free. */
  takeSpare(): Seat | null {
    for (let slot = this.maxSlots; slot < this.seats; slot++) {
      const seat = this.takeAt(slot);
      if (seat !== null) return seat;
    }
    return null;
  }

  /** Takes a certain slot, if it is free. */
  takeAt(slot: number): Seat | null {
    const { memory } = this;
    const record = this.record(slot);
    if (memory.load(record + WHO) !== 0) return null;
    const { who, start, thread } = thisThread();
    if (memory.cas(record + WHO, 0, who) !== 0) return null; // COMMIT: ours or another's
    memory.store(record + START, start);
    memory.store(record + THREAD, thread);
    const incarnation = this.incarnationOf(slot);
    memory.store(record + SEAT, (incarnation << STATE_BITS) | TAKEN);
    if (slot < this.maxSlots) raiseTo(memory, SLOTS_USED, slot + 1);
    return { slot, incarnation, token: tokenOf(slot, incarnation) };
  }

  /** This thread has sat down for good. */
  settle({ slot, incarnation }: Seat): void {
    this.memory.store(this.record(slot) + SETTLED, incarnation + 1);
  }

  /** Gives this thread's own slot back; nothing of it may be in use any more. */
  release(slot: number): void {
    const { memory } = this;
    const record = this.record(slot);
    const next = (this.incarnationOf(slot) + 1) % INCARNATIONS;
    memory.store(record + SEAT, (next << STATE_BITS) | FREE);
    memory.store(record + OOM_ADJ, 0);
    memory.set(record + BUDGET, 0);
    memory.store(record + START, 0);
    memory.store(record + THREAD, 0);
    memory.store(record + WHO, 0); // COMMIT: pairs with takeAt's load
  }

  /**
   * Gives a recovered slot back. Whoever gave it up may live: its name, in a free seat, would keep
   * everybody away for as long, if this were cut there. NOBODY is always gone.
   */
  bury(slot: number): void {
    this.memory.store(this.record(slot) + WHO, NOBODY);
    this.release(slot);
  }

  /** Whether the slot is anybody's, of the living or the dead. */
  isOccupied(slot: number): boolean {
    return this.whoOf(slot) !== 0;
  }

  /** What the slot's thread is called; 0 is nobody. */
  whoOf(slot: number): number {
    return this.memory.load(this.record(slot) + WHO);
  }

  isFree(slot: number): boolean {
    return this.stateOf(slot) === FREE;
  }

  isTaken(slot: number): boolean {
    return this.stateOf(slot) === TAKEN;
  }

  incarnationOf(slot: number): number {
    return this.memory.load(this.record(slot) + SEAT) >>> STATE_BITS;
  }

  /** How willingly its thread is given up for memory: -1000, never, to 1000. */
  oomScoreAdjOf(slot: number): number {
    return this.memory.load(this.record(slot) + OOM_ADJ);
  }

  setOomScoreAdj(slot: number, adj: number): void {
    this.memory.store(this.record(slot) + OOM_ADJ, adj);
  }

  /** The number that worker_threads gave the slot's thread, plus 1; 0 is nobody or unknown. */
  threadOf(slot: number): number {
    return this.memory.load(this.record(slot) + THREAD);
  }

  /** Whether that thread, by its threadId + 1, has a seat and is not known to be dead. */
  isHere(thread: number): boolean {
    const slots = Array.from({ length: this.seats }, (_, slot) => slot);
    return slots.some((slot) => this.threadOf(slot) === thread && this.isLiving(slot));
  }

  private isLiving(slot: number): boolean {
    return this.isOccupied(slot) && !this.isOver(slot);
  }

  /** Whether the holder of a lock will never let go of it. Asks the system: some microseconds. */
  isDead(token: number): boolean {
    const slot = slotOfToken(token);
    return tokenOf(slot, this.incarnationOf(slot)) === token && this.isOver(slot);
  }

  /** Whether the slot waits for its recovery: declared dead, or its thread is gone. */
  isOver(slot: number): boolean {
    const { memory } = this;
    const record = this.record(slot);
    const who = memory.load(record + WHO);
    if (who === 0) return false;
    const seat = memory.load(record + SEAT);
    if ((seat & STATE_MASK) >= DEAD) return true;
    if (!isGone(who, memory.load(record + START))) return false;
    // Still the same WHO: the slot is the dead's until a recovery, which changes SEAT first.
    if (memory.load(record + WHO) !== who) return false;
    // A free seat may be one that a recovery is giving back: to mark it might mark its next taker.
    if ((seat & STATE_MASK) === FREE || this.declareSeen(slot, seat)) return true;
    return this.stateOf(slot) >= DEAD; // another has just declared it
  }

  /**
   * This thread's own seat, which it may hold locks on: for recovery, as if it were dead. Does
   * nothing if it was given up before, whoever has it now.
   */
  giveUp({ slot, incarnation }: Seat): void {
    const seen = (incarnation << STATE_BITS) | TAKEN;
    if (!this.declareSeen(slot, seen, LEFT)) this.giveUpUnsettled(); // it was getting up
  }

  /** Seats in this thread's name that it has not settled on: where it was when it was cut. */
  giveUpUnsettled(): void {
    const { memory } = this;
    const { who } = thisThread();
    for (let slot = 0; slot < this.seats; slot++) {
      const record = this.record(slot);
      if (memory.load(record + WHO) !== who) continue;
      const seat = memory.load(record + SEAT);
      const settled = memory.load(record + SETTLED) === (seat >>> STATE_BITS) + 1;
      // Still the same WHO: who recovers it takes the name out first, and only we put it in.
      if (memory.load(record + WHO) !== who) continue;
      if ((seat & STATE_MASK) < DEAD && !settled) this.declareSeen(slot, seat, LEFT);
    }
  }

  /** Whether the thread that had the slot has only given it up, and still runs. */
  goesOn(slot: number): boolean {
    const record = this.record(slot);
    if (this.stateOf(slot) !== LEFT) return false;
    return !isGone(this.memory.load(record + WHO), this.memory.load(record + START));
  }

  /**
   * Declares the slot's thread dead, or out of this heap for good: the caller knows. False if that
   * is over already.
   */
  declare(slot: number): boolean {
    return this.declareSeen(slot, this.memory.load(this.record(slot) + SEAT));
  }

  /** `seat` is the word under which the death was seen. */
  private declareSeen(slot: number, seat: number, state = DEAD): boolean {
    const { memory } = this;
    const over = (seat & ~STATE_MASK) | state;
    if (memory.cas(this.record(slot) + SEAT, seat, over) !== seat) return false; // COMMIT
    memory.store(DEATHS, 1);
    return true;
  }

  /**
   * Declares a thread dead on somebody's word; false if nobody sits there, or if the system knows
   * that it lives.
   */
  reap(slot: number): boolean {
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.seats) return false;
    if (this.isOver(slot)) return true;
    const who = this.memory.load(this.record(slot) + WHO);
    return who !== 0 && !canAsk(who) && this.declare(slot);
  }

  /**
   * A worker has ended, as the caller knows: its thread runs no more of our code. Marks its slots,
   * for whoever looks next. Takes no lock and needs no seat: any thread may wait for one of the
   * dead's. `thread` is its threadId + 1. One that was just sitting down, and whose name the system
   * knows, is left to the system.
   */
  markEnded(thread: number): void {
    const { memory } = this;
    if (thread <= 0) return;
    for (let slot = 0; slot < this.seats; slot++) {
      const record = this.record(slot);
      const start = memory.load(record + START);
      const who = memory.load(record + WHO);
      if (who === 0) continue;
      if (who !== -thread && (who < 0 || memory.load(record + THREAD) !== thread)) continue;
      // If the slot changes hands here, the next thread there has another name: it means nothing.
      memory.cas(record + START, start, endOf(who));
      memory.store(DEATHS, 1);
    }
  }

  private stateOf(slot: number): number {
    return this.memory.load(this.record(slot) + SEAT) & STATE_MASK;
  }

  private record(slot: number): number {
    return this.first + slot * WORDS;
  }
}
