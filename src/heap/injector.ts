// Faults as the heap meets them: requests that are refused on purpose, by a plan that holds for all
// threads (heap/faults.ts says what a plan is). While there is one the detour FAULTS is taken, so
// that no magazine serves a request before it has been asked for here (allocate.ts, `find`).
//
// Every plan is one rule: of the requests that are meant, by their slot and size, numbers FIRST,
// FIRST + EVERY, FIRST + 2 EVERY … are due; by chance, if the number's draw is below CHANCE; and
// TIMES of those that are due are refused, or all of them. A draw depends on SEED and the number
// alone, so a thread that is the only one is refused the same requests each time.
//
//   word             writers     readers  access  if its writer dies midway
//   FAULT_LOCK       any         any      atomic  names the dead: nothing to repair
//   REQUESTS         fault lock  same     plain   valid: the dead's own request may not be counted
//   FAILURES         fault lock  same     plain   valid: see below
//   the plan         fault and   fault    plain   valid: it is in force from DETOURS on, so never
//                    slot lock   lock
//   DETOURS, table   slot lock   all      plain   COMMIT; the table is made anew from it (mode.ts)
//
// Who counts a request holds the lock, so of all threads exactly one gets each number. It writes
// REQUESTS, then FAILURES: who dies in between has taken its number along and used up none of
// TIMES, so the n-th that was to fail is the next one. Who dies later, before its caller is told,
// has taken a failure along, too. Either way those who live are refused no more than the plan says,
// and there is nothing to undo: a request is refused before it has touched a block.
//
// Who changes the plan takes the detour away first, and writes while nobody may read: who finds no
// detour asks for nothing; who found one before and comes for the lock late looks once more under
// it, and if the change has had the lock by then, sees what it wrote. So no request is held against
// half a plan, and none is refused, or counted, once `set(null)` has returned.
//
// The fault lock comes last: under it no other is taken.

import { DETOUR, HEADER, LOCK } from '../word/layout.ts';
import type { Lock } from '../word/lock.ts';
import { mixed } from '../word/memory.ts';
import { FAULT } from '../word/records.ts';
import type { Attachment } from './attachment.ts';
import { isTaken, setDetourLocked } from './detour.ts';

const { FAULT_LOCK, FAULT: AT } = HEADER;
const { FIRST, EVERY, CHANCE, SEED, TIMES, MIN, MAX, SLOTS, REQUESTS, FAILURES } = FAULT;
const { FAULTS } = DETOUR;

const HIGH = 2 ** 32;
/** A draw has so many values; CHANCE is how many of them say yes. */
export const CERTAIN = 2 ** 30;
const DRAW_SHIFT = 2;
/** What spreads the numbers of requests over all of 32 bits: 2^32 by the golden ratio. */
const SPREAD = 0x9e3779b1;

export class Injector {
  private readonly on: Attachment;
  private readonly lock: Lock;

  constructor(on: Attachment) {
    this.on = on;
    this.lock = on.locks.at(FAULT_LOCK + LOCK.WORD);
  }

  /** Counts a request for `size` bytes; whether it is to be refused. */
  refuses(size: number): boolean {
    const { memory } = this.on;
    if (!isTaken(memory, FAULTS)) return false;
    this.lock.lock();
    // RACE: the plan may be about to change; if it has changed, this sees it.
    const stands = isTaken(memory, FAULTS);
    const refused = stands && this.isMeantLocked(size) && this.countLocked();
    this.lock.unlock();
    return refused;
  }

  /** The plan is this one from now on, in the words of FAULT; null is none. */
  set(plan: readonly number[] | null): void {
    const { memory, slotLock } = this.on;
    slotLock.lock();
    if (isTaken(memory, FAULTS)) setDetourLocked(this.on, FAULTS, false);
    this.lock.lock(); // who takes it later sees that the detour is gone
    if (plan !== null) this.writeLocked(plan);
    this.lock.unlock();
    if (plan !== null) setDetourLocked(this.on, FAULTS, true); // COMMIT
    slotLock.unlock();
  }

  /** How many requests the plan, or the last one, has met, and how many of them it refused. */
  counts(): { requests: number; failures: number } {
    this.lock.lock();
    const [requests, failures] = [this.longAt(REQUESTS), this.longAt(FAILURES)];
    this.lock.unlock();
    return { requests, failures };
  }

  private writeLocked(plan: readonly number[]): void {
    for (let i = 0; i < plan.length; i++) this.on.memory.set(AT + i, plan[i] as number);
  }

  private isMeantLocked(size: number): boolean {
    if (size < this.longAt(MIN) || size > this.longAt(MAX)) return false;
    const { slot } = this.on.seat;
    return ((this.word(SLOTS + (slot >>> 5)) >>> (slot & 31)) & 1) === 1;
  }

  /** REQUESTS, then FAILURES: who dies in between has used up none of TIMES. */
  private countLocked(): boolean {
    const request = this.longAt(REQUESTS) + 1;
    this.putLong(REQUESTS, request);
    const failures = this.longAt(FAILURES);
    const times = this.word(TIMES);
    const refused = this.isDueLocked(request) && (times === 0 || failures < times);
    if (refused) this.putLong(FAILURES, failures + 1);
    return refused;
  }

  private isDueLocked(request: number): boolean {
    const since = request - this.word(FIRST);
    if (since < 0 || since % this.word(EVERY) !== 0) return false;
    return drawFor(this.word(SEED), request) < this.word(CHANCE);
  }

  private word(which: number): number {
    return this.on.memory.get(AT + which);
  }

  private longAt(which: number): number {
    return (this.word(which) >>> 0) + this.word(which + 1) * HIGH;
  }

  private putLong(which: number, value: number): void {
    const { memory } = this.on;
    memory.set(AT + which, value | 0);
    memory.set(AT + which + 1, Math.floor(value / HIGH));
  }
}

/** A number from 0 to CERTAIN - 1 for the request of that number. */
export function drawFor(seed: number, request: number): number {
  return mixed(seed ^ Math.imul(request, SPREAD)) >>> DRAW_SHIFT;
}
