// Who waits for memory, in the order in which they came.
//
// Each slot has a TICKET (0: it does not wait), what it WANTS, and a word on which it sleeps, WAKE.
// WAITING says whether there may be anybody: whoever brings memory back looks at it, and wakes the
// first in line. Who is woken tries; if it gets its memory it leaves the line and wakes the next,
// if not it wakes the next behind it who wants less. So memory that suffices for somebody finds
// them, one thread runs at a time, and who is woken is overtaken only by smaller wants, which fit
// where its own does not.
//
//   who waits             who brings memory back
//   TICKET, WAITING       the memory, then WAITING: one of the two sees the other's
//   tries                 WAKE of the first
//   WAKE from trying to
//   asleep, sleeps on it
//   WAKE to trying, tries
//
// Who sleeps looks up now and then, though nobody has woken it, and tries: the one who was woken
// may want what there is not, or be slow to come. But not at once, while one before it is about to
// try. So it may overtake others only between the memory's return and the wake-up, or those who do
// not come for long (heap/patient.ts).
//
// Who dies in line, or with a wake-up that was its own, is taken out by recovery, which then wakes
// the next. WAITING is cleared before the last look at the line: who comes later sets it again, and
// who sets it for others looks once more whether they are still there. With it goes the time for
// which anybody waits (stall.ts).

import type { Layout } from '../word/geometry.ts';
import { HEADER, SLOT } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { Stall } from './stall.ts';

const { WAITING, TICKETS, SLOTS_USED } = HEADER;
const { TICKET, WAKE, WANTS, WORDS } = SLOT;

/** Of WAKE. */
export const ASLEEP = 0;
export const WOKEN = 1;
const TRYING = 2;

export class WaitList {
  private readonly memory: Memory;
  private readonly stall: Stall;
  private readonly slots: number;
  private readonly slot: number;
  private readonly mine: number;

  constructor(memory: Memory, layout: Layout, slot: number) {
    this.memory = memory;
    this.stall = new Stall(memory);
    this.slots = layout.slots;
    this.slot = slot;
    this.mine = this.record(slot);
  }

  /** Whether anybody may be waiting: for who has brought memory back, so no look too early. */
  isLong(): boolean {
    return this.memory.load(WAITING) !== 0;
  }

  /** As `isLong`, for who does not depend on it: who waits asks again. */
  seemsLong(): boolean {
    // RACE: an old value is one call too early or too late.
    return this.memory.get(WAITING) !== 0;
  }

  /** Who is first in line, and how much it waits for; ticket 0 for nobody. */
  first(): { readonly ticket: number; readonly granules: number } {
    const { memory } = this;
    const slot = this.next(0, Infinity);
    if (slot < 0) return { ticket: 0, granules: 0 };
    const record = this.record(slot);
    return { ticket: memory.load(record + TICKET), granules: memory.load(record + WANTS) };
  }

  /**
   * The last place in line, with so many granules to wait for; a slot that is in line keeps its
   * place, and is told so. It is to try again afterwards.
   */
  join(granules: number): boolean {
    const { memory, mine } = this;
    memory.store(mine + WANTS, granules);
    if (memory.load(mine + TICKET) !== 0) return false;
    memory.store(mine + WAKE, TRYING);
    memory.store(mine + TICKET, memory.add(TICKETS, 2) + 1); // odd, so never 0
    memory.store(WAITING, 1); // COMMIT: pairs with who brings memory back
    this.stall.begin();
    return true;
  }

  /** Out of the line, with memory or without. */
  leave(): void {
    this.forget(this.slot);
  }

  /** The slot waits no more, and whoever it may have been to wake is woken. */
  forget(slot: number): void {
    this.memory.store(this.record(slot) + TICKET, 0);
    this.rouse();
  }

  /** Sleeps until woken, at most so long; whether it was woken. */
  sleep(milliseconds: number): boolean {
    this.lieDown();
    this.memory.wait(this.mine + WAKE, ASLEEP, milliseconds);
    return this.awake();
  }

  /** As `sleep`, without blocking the thread. */
  async rest(milliseconds: number): Promise<boolean> {
    this.lieDown();
    await this.memory.waitAsync(this.mine + WAKE, ASLEEP, milliseconds);
    return this.awake();
  }

  /** Whether somebody before this slot was woken, and has not tried yet. */
  isOthersTurn(): boolean {
    const { memory } = this;
    const ticket = memory.load(this.mine + TICKET);
    for (let slot = memory.load(SLOTS_USED) - 1; slot >= 0; slot--) {
      const record = this.record(slot);
      const before = memory.load(record + TICKET);
      if (before === 0 || ((before - ticket) | 0) >= 0) continue;
      if (memory.load(record + WAKE) !== ASLEEP) return true;
    }
    return false;
  }

  /** Memory has come back: wakes the first in line. */
  rouse(): void {
    let next = this.lookOver();
    // Gone meanwhile, perhaps before all was set again on its account: then it is to be cleared.
    while (next >= 0 && !this.stands(next)) next = this.lookOver();
    if (next >= 0) this.wake(next);
  }

  /** This slot was woken in vain: perhaps there is enough for one behind it, who wants less. */
  passOn(): void {
    const { memory, mine } = this;
    const next = this.next(memory.load(mine + TICKET), memory.load(mine + WANTS));
    if (next >= 0) this.wake(next);
  }

  private awake(): boolean {
    return this.memory.swap(this.mine + WAKE, TRYING) === WOKEN;
  }

  /** Who has been woken meanwhile does not sleep. */
  private lieDown(): void {
    this.memory.cas(this.mine + WAKE, TRYING, ASLEEP);
  }

  private wake(slot: number): void {
    const word = this.record(slot) + WAKE;
    this.memory.store(word, WOKEN);
    this.memory.wake(word, 1);
  }

  /** Says whether anybody waits from now on; who is first in line, -1 for nobody. */
  private lookOver(): number {
    const { memory, stall } = this;
    let next = this.next(0, Infinity);
    if (next < 0) {
      stall.end();
      memory.store(WAITING, 0); // before the last look
      next = this.next(0, Infinity);
    }
    if (next < 0) return next;
    memory.store(WAITING, 1); // also for one that died between clearing and looking
    stall.begin();
    return next;
  }

  private stands(slot: number): boolean {
    return this.memory.load(this.record(slot) + TICKET) !== 0;
  }

  /** The slot with the first ticket after `after` that wants less than `below`; -1 if none. */
  private next(after: number, below: number): number {
    const { memory } = this;
    let found = -1;
    let least = 0;
    for (let slot = memory.load(SLOTS_USED) - 1; slot >= 0; slot--) {
      const record = this.record(slot);
      const ticket = memory.load(record + TICKET);
      if (ticket === 0 || (after !== 0 && ((ticket - after) | 0) <= 0)) continue;
      if (found >= 0 && ((ticket - least) | 0) > 0) continue;
      if (below !== Infinity && memory.load(record + WANTS) >= below) continue;
      found = slot;
      least = ticket;
    }
    return found;
  }

  private record(slot: number): number {
    return this.slots + slot * WORDS;
  }
}
