// Blocks that are taken and freed for a journal's entry: what the transactions (src/tx) need of the
// layers above them. Like any others they come out of this slot's magazines and go back there.

import type { AllocError } from '../word/errors.ts';
import { GRANULE } from '../word/layout.ts';
import type { Magazines } from '../block/magazine.ts';
import type { Entry, StateMap } from '../block/statemap.ts';
import { TxEngine } from '../tx/engine.ts';
import type { Blocks } from '../tx/taking.ts';
import type { Allocation } from './allocate.ts';
import { EVENT, type Tape } from '../slot/tape.ts';
import type { WaitList } from '../slot/waitlist.ts';
import type { Attachment } from './attachment.ts';
import type { Release } from './release.ts';

class JournalledBlocks implements Blocks {
  readonly states: StateMap;
  private readonly on: Attachment;
  private readonly magazines: Magazines;
  private readonly allocation: Allocation;
  private readonly release: Release;
  private readonly waits: WaitList;
  private readonly tape: Tape;

  constructor(on: Attachment, allocation: Allocation, release: Release) {
    this.on = on;
    this.states = on.states;
    this.tape = on.tape;
    this.magazines = on.magazines;
    this.allocation = allocation;
    this.release = release;
    this.waits = on.waits;
  }

  takeFor(size: number, entry: Entry, again: boolean): number | AllocError {
    const id = this.magazines.classOf(size);
    return this.magazines.popFor(id, entry.at, entry.kind) || this.takeSlow(size, entry, again);
  }

  /** Beyond its budget the block stays with its entry: the transaction is rolled back. */
  private takeSlow(size: number, entry: Entry, again: boolean): number | AllocError {
    const { allocation, on } = this;
    const budget = on.budgets.usual();
    if (!on.budgets.hasRoom(budget, Math.ceil(size / GRANULE.BYTES))) {
      return allocation.overBudget(size, budget);
    }
    const granule = allocation.alloc(size, GRANULE.BYTES, undefined, entry, again);
    if (typeof granule === 'number') this.tape.note(EVENT.ALLOC, granule, size);
    if (typeof granule !== 'number' || on.budgets.charge(budget, granule)) return granule;
    return allocation.overBudget(size, budget);
  }

  giveFor(entry: Entry): boolean {
    const freed = this.release.freeFor(entry);
    if (this.waits.isLong()) this.waits.rouse();
    return freed;
  }
}

/** Transactions as one seat works on them. */
export function engineOf(on: Attachment, allocation: Allocation, release: Release): TxEngine {
  return new TxEngine(on, new JournalledBlocks(on, allocation, release), on.seat.slot);
}
