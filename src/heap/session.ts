// One sitting of a thread in a heap: its seat, the layers as seen from there, and what works on
// them. It begins with a free slot, or with the recovery of one, and ends by leaving in good order.
// A thread that crashed inside (a stack overflow) gives its seat up as a dead one does: it sits
// down elsewhere at its next call, and what it left half done is recovered like anybody's.

import { layoutOf, type Geometry } from '../word/geometry.ts';
import type { AllocError } from '../word/errors.ts';
import { GRANULE, HEADER } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';
import type { ZoneName } from '../page/zone.ts';
import { Magazines } from '../block/magazine.ts';
import { SlotTable } from '../slot/slot.ts';
import { EVENT } from '../slot/tape.ts';
import type { TxEngine } from '../tx/engine.ts';
import { Allocation } from './allocate.ts';
import { viewFrom, type Attachment } from './attachment.ts';
import { Exchange } from './exchange.ts';
import { engineOf } from './journalled.ts';
import type { Formatted } from './open.ts';
import { endRecording } from './recording.ts';
import { Recovery } from './recovery.ts';
import { leftBehind, type Leak } from './inspect.ts';
import { Release } from './release.ts';
import { Resize } from './resize.ts';
import { Retention } from './retention.ts';

const { BYTES } = GRANULE;
/** How often, and for how long each, to wait for those who are recovering slots. */
const ATTEMPTS = 20;
const PATIENCE_MS = 5;

/** What an allocation is asked for. */
export interface Asked {
  readonly size: number;
  readonly align?: number | undefined;
  readonly zone?: ZoneName | undefined;
  /** The number of a budget, 0 for none; this thread's when not given. */
  readonly budget?: number | undefined;
}

export class Session {
  readonly on: Attachment;
  readonly recovery: Recovery;
  readonly exchange: Exchange;
  readonly allocation: Allocation;
  readonly release: Release;
  readonly resize: Resize;
  readonly retention: Retention;
  readonly tx: TxEngine;

  private constructor(on: Attachment) {
    this.on = on;
    this.recovery = new Recovery(on);
    this.exchange = new Exchange(on);
    this.allocation = new Allocation(on, this.recovery);
    this.release = new Release(on);
    this.resize = new Resize(on);
    this.retention = new Retention(on, this.allocation, this.release, this.recovery);
    this.tx = engineOf(on, this.allocation, this.release);
  }

  /**
   * Takes a slot, recovering the dead if none is free, and makes something of the session; null
   * when the living have all slots.
   */
  static begin<T>({ memory, geometry }: Formatted, make: (session: Session) => T): T | null {
    const table = new SlotTable(memory, layoutOf(geometry), geometry.maxSlots);
    table.giveUpUnsettled(); // there was no stack left for it the last time
    try {
      const on = sitDown(memory, geometry, table);
      if (on === null) return null;
      const session = new Session(on);
      session.recovery.samples.begin();
      const made = make(session);
      table.settle(on.seat);
      return made;
    } catch (error) {
      table.giveUpUnsettled(); // cut by a stack overflow: it may hold locks
      throw error;
    }
  }

  /** A live block's granule, charged to its budget; 0 when there is no memory, or why not. */
  find({ size, align, zone, budget }: Asked, again?: boolean): number | AllocError {
    const { allocation, on, release } = this;
    const id = budget ?? on.budgets.usual();
    const fits = on.budgets.hasRoom(id, Math.ceil(size / BYTES));
    if (!fits) return allocation.overBudget(size, id);
    const granule = allocation.find(size, align, zone, undefined, again);
    if (typeof granule !== 'number' || granule === 0) return granule;
    on.tape.note(EVENT.ALLOC, granule, size, align);
    if (on.budgets.charge(id, granule)) return granule;
    release.free(granule * BYTES);
    return allocation.overBudget(size, id);
  }

  /**
   * Transactions are rolled back, references dropped, everything of this slot goes home, and the
   * slot is free. In a heap that tracks owners the blocks in its name are freed, or nobody's from
   * now on. Who wants to know is told before of what is left.
   */
  leave(freesItsOwn: boolean, wantsLeaks: boolean): Leak[] {
    const { depots, table, seat, states, counters, waits } = this.on;
    for (let left = this.tx.recover(seat.slot); left > 0; left--) counters.bump(COUNTER.ROLLBACKS);
    this.retention.dropAll(seat.slot, true);
    const leaks = wantsLeaks ? leftBehind(this.on) : [];
    if (freesItsOwn) this.release.freeOwnedBy(seat.slot);
    states.disown(seat.slot);
    for (const depot of depots) depot?.flush();
    endRecording(this.on, seat.token);
    counters.close();
    waits.leave();
    table.release(seat.slot);
    return leaks;
  }

  /** The slot is left as it is, for recovery. Again is no harm, though it be another's by now. */
  abandon(): void {
    this.on.table.giveUp(this.on.seat);
  }
}

function sitDown(memory: Memory, geometry: Geometry, table: SlotTable): Attachment | null {
  let vain = 0; // somebody else may have recovered what was free for a moment
  for (let attempt = 0; attempt < ATTEMPTS && vain < 2; attempt++) {
    const seat = table.take();
    if (seat !== null) return viewFrom(memory, geometry, table, seat);
    const others = recoverFromSpare(memory, geometry, table);
    if (others === 0) vain++;
    if (others < 0) memory.wait(HEADER.DEATHS, memory.load(HEADER.DEATHS), PATIENCE_MS);
  }
  return null;
}

/** Recovers the dead from a spare seat; how many, or -1 when no spare seat is free either. */
function recoverFromSpare(memory: Memory, geometry: Geometry, table: SlotTable): number {
  const seat = table.takeSpare();
  if (seat === null) return -1;
  const found = new Recovery(viewFrom(memory, geometry, table, seat)).sweep();
  table.release(seat.slot);
  return found.length;
}

/** Empty for ever: what sends the fast path to the slow one when there is no seat. */
export function nobodysMagazines({ states, layout, geometry }: Attachment): Magazines {
  return new Magazines(states, layout, geometry.pageShift, geometry.maxSlots);
}
