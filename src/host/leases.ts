// Leases: how the end of a thread becomes known in a browser. A lease is a Web Lock that a thread
// holds for as long as it lives, under the name by which it sits in heaps. The browser takes it
// back after the last of the thread's JavaScript, however that ended. Whoever waits for the lock
// knows, when it is granted, that nobody of that name will ever write again.
//
//   when                                what
//   before a thread attaches            it draws a name that nobody in its origin has, and holds it
//   a slot with such a name is seen     who watches asks for the lock, with others that watch
//   it is granted                       the slots in that name are marked, under the lock
//
// That a name has a lease is said by the name itself (slot/thread.ts), so from the first word that
// its thread writes into a heap on; and the lease is older than that word. A thread that has none
// is never asked about. One that detaches keeps its lease, and comes back under the same name.
//
// The name can be drawn again when its lease is free, and nobody asks for it any more. Under the
// lock it is nobody's: what is marked then is the dead's, though it be asked for late.
//
// The watchers share the lock: one whose thread stands still keeps it, but from nobody else.

import type { SlotTable } from '../slot/slot.ts';
import { isLeased } from '../slot/thread.ts';

/** What this needs of Web Locks. */
export interface WebLocks {
  request(
    name: string,
    options: { readonly mode?: 'exclusive' | 'shared'; readonly ifAvailable?: boolean },
    granted: (lock: unknown) => unknown,
  ): Promise<unknown>;
}

/** What a lease on that name is called among the Web Locks of an origin. */
export function leaseOf(who: number): string {
  return `atomalloc thread ${String(-who)}`;
}

/** This thread's; undefined where there are none, as on a page that is not secure. */
export function webLocks(): WebLocks | undefined {
  return (globalThis as { navigator?: { locks?: WebLocks } }).navigator?.locks;
}

/** Whether the lease was to be had: then it is held until this thread ends. */
export function hold(locks: WebLocks, who: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const granted = (lock: unknown) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined);
    };
    locks.request(leaseOf(who), { ifAvailable: true }, granted).catch(reject);
  });
}

/** Waits for the ends of all threads with leases that sit in one heap. Needs no seat itself. */
export class LeaseWatch {
  private readonly table: SlotTable;
  private readonly locks: WebLocks;
  private readonly tell: (who: number) => void;
  private readonly asked = new Set<number>();

  /** `tell` is told of each end, after it has been marked. */
  constructor(table: SlotTable, locks: WebLocks, tell: (who: number) => void) {
    this.table = table;
    this.locks = locks;
    this.tell = tell;
  }

  /** Asks for the leases of those who have come since. */
  look(): void {
    for (let slot = 0; slot < this.table.seats; slot++) {
      const who = this.table.whoOf(slot);
      if (isLeased(who) && !this.asked.has(who)) void this.ask(who);
    }
  }

  private async ask(who: number): Promise<void> {
    this.asked.add(who);
    try {
      const mark = () => this.table.markEnded(-who);
      await this.locks.request(leaseOf(who), { mode: 'shared' }, mark);
      this.tell(who);
    } finally {
      this.asked.delete(who); // if it was refused, the next look asks again
    }
  }
}
