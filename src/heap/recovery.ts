// Recovery: what a survivor does for the dead. It takes two steps, and any thread may do either.
//
// The first is taken by whoever waits for a lock whose holder has died: it puts its own name into
// the lock and repairs what the lock guards (word/lock.ts). That alone lets everybody go on.
// The second is taken by a thread that holds no lock: all that is left of the dead thread's slot is
// brought home, and the slot is free again. That is this file, in this order:
//
//   its locks         each one is taken over, repaired and set free
//   its transactions  undone, or finished if they were decided
//   its last free     finished, if it was the one that ended the block's generation
//   its references    dropped: a block of which it had the last one is freed
//   its magazines     their blocks go home to the slabs
//   its names         one that it was adding is added, and the block everybody's (roottable.ts)
//   its own blocks    in a heap that tracks owners: those it shared with nobody are freed
//   a notice          of what was found, for statistics and for those who listen (notices.ts)
//   its slot          free, under a new incarnation
//
// Every step looks at what there is and does what is left to do, so a recovery may itself be cut
// anywhere: the recovery lock, like any other, goes over to the next one who asks, who finds two
// dead slots instead of one. The cost is that of the dead slot's magazines and journals and of the
// lists under its locks; it does not depend on the size of the heap.

import { HEADER, LOCK } from '../word/layout.ts';
import { COUNTER, TX } from '../word/records.ts';
import { slotOfToken, tokenOf, type Lock } from '../word/lock.ts';
import type { TxEngine } from '../tx/engine.ts';
import { clockMs } from '../slot/thread.ts';
import { forgetTape } from '../slot/tape.ts';
import { Counters } from '../slot/counters.ts';
import { Samples } from '../slot/samples.ts';
import { Allocation } from './allocate.ts';
import { announce } from './announce.ts';
import { depotsWith, type Attachment } from './attachment.ts';
import { engineOf } from './journalled.ts';
import { Notices, type Recovered } from './notices.ts';
import { endRecording } from './recording.ts';
import { Release } from './release.ts';
import { Retention } from './retention.ts';
import { RootTable } from './roottable.ts';

const { DEATHS, PROBED, RECOVERY_LOCK, FAULT_LOCK } = HEADER;

/** How often somebody asks the system about every slot, while the heap is used. */
const LOOK_MS = 250;

export class Recovery {
  private readonly on: Attachment;
  private readonly lock: Lock;
  private readonly release: Release;
  private readonly retention: Retention;
  private readonly tx: TxEngine;
  /** What recoveries have found, whoever did them. */
  readonly notices: Notices;
  /** What had been counted lately, for health and pressure. */
  readonly samples: Samples;

  constructor(on: Attachment) {
    this.on = on;
    this.lock = on.locks.at(RECOVERY_LOCK + LOCK.WORD);
    this.release = new Release(on);
    const allocation = new Allocation(on);
    this.retention = new Retention(on, allocation, this.release);
    this.tx = engineOf(on, allocation, this.release);
    this.notices = new Notices(on.memory);
    this.samples = new Samples(on.memory, on.layout);
  }

  /** Sweeps if somebody has been seen dead. What every slow path does first: one plain read. */
  attend(): void {
    // RACE: an old value has the dead wait for the next slow path; an atomic read is a call.
    if (this.on.memory.get(DEATHS) !== 0) this.sweep();
  }

  /**
   * Sweeps if nobody has looked for a while; takes a sample if it is time for one, and then what
   * has long been idle in the depots goes home.
   */
  look(): void {
    const { memory } = this.on;
    const now = clockMs();
    const since = now - memory.load(PROBED);
    if (since >= 0 && since < LOOK_MS) return;
    memory.store(PROBED, now);
    if (this.samples.take()) for (const depot of this.on.depots) depot?.cool();
    this.sweep();
  }

  /**
   * Looks at every slot and recovers those whose threads are gone. The caller holds no lock. Asking
   * takes some microseconds for each taken slot.
   */
  sweep(): Recovered[] {
    const { memory, table } = this.on;
    memory.store(DEATHS, 0); // before looking: who is declared dead later sets it again
    const over = this.slots().filter((slot) => table.isOver(slot));
    if (over.length === 0) return [];
    this.lock.lock();
    const found: Recovered[] = [];
    for (const slot of over) if (table.isOver(slot)) found.push(this.recoverLocked(slot));
    this.lock.unlock();
    announce(memory.buffer, found);
    return found;
  }

  private slots(): number[] {
    return Array.from({ length: this.on.table.seats }, (_, slot) => slot);
  }

  private recoverLocked(slot: number): Recovered {
    const { table, memory, layout, waits } = this.on;
    const start = performance.now();
    const counters = new Counters(memory, layout, slot);
    const incarnation = table.incarnationOf(slot);
    const free = table.isFree(slot);
    const threadId = table.threadOf(slot) - 1;
    const locks = this.seizeLocks(tokenOf(slot, incarnation));
    let rolledBack = 0;
    let cachedBlocks = 0;
    let ownedBlocks = 0;
    const isSpare = slot >= table.maxSlots;
    if (!isSpare) rolledBack = this.tx.recover(slot);
    for (let i = 0; i < rolledBack; i++) this.on.counters.bump(COUNTER.RECOVERED);
    this.release.finishFor(slot); // one on a spare seat may have been freeing for the dead
    if (!isSpare) {
      ownedBlocks = this.retention.dropAll(slot, !table.goesOn(slot));
      for (const depot of depotsWith(this.on, slot)) cachedBlocks += depot?.flush() ?? 0;
      if (this.on.states.tracked) new RootTable(this.on).settle();
      if (!table.goesOn(slot)) ownedBlocks += this.release.freeOwnedBy(slot);
      this.on.states.disown(slot);
    }
    const unreturnedBlocks = this.on.states.tracked ? 0 : Math.max(0, counters.balance());
    const who = { slot, incarnation, threadId, by: this.on.seat.slot, locks, rolledBack };
    this.on.counters.add(COUNTER.DEAD_BLOCKS, cachedBlocks + ownedBlocks);
    const milliseconds = performance.now() - start;
    const what = { cachedBlocks, ownedBlocks, unreturnedBlocks, milliseconds };
    const found = this.notices.writeLocked({ ...who, ...what }, free);
    endRecording(this.on, tokenOf(slot, incarnation));
    forgetTape(memory, layout, slot);
    counters.close();
    waits.forget(slot);
    table.bury(slot); // COMMIT
    return found;
  }

  /** Innermost first, so that no repair has to wait for a lock of the same dead. */
  private seizeLocks(token: number): number {
    const { zones, pool, references, simple, depots, budgets, locks, slotLock } = this.on;
    const all: Lock[] = [pool.lock, references.lock];
    all.push(...zones.list.map((zone) => zone.lock), simple.lock);
    for (const depot of depots) if (depot !== undefined) all.push(depot.lock);
    all.push(budgets.lock, slotLock);
    all.push(new RootTable(this.on).lock, locks.at(FAULT_LOCK + LOCK.WORD));
    let seized = this.seizeRecords(token);
    for (const lock of all) if (lock.seize(token)) seized++;
    return seized;
  }

  private seizeRecords(token: number): number {
    const { memory, layout, table } = this.on;
    let seized = 0;
    for (let index = 0; index < table.maxSlots * TX.PER_SLOT; index++) {
      const word = memory.load(layout.journals + index * TX.WORDS + LOCK.WORD);
      if (slotOfToken(word) !== slotOfToken(token)) continue;
      if (this.tx.recordAt(index).lock.seize(token)) seized++;
    }
    return seized;
  }
}
