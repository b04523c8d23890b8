// A reserve: blocks that a thread has taken in advance, so that it can be sure of them later, as in
// a memory pool of Linux (mempool). They stand in a transaction that is never committed: who takes
// one takes its entry out of the journal, and the rest goes back with the transaction, when its
// thread gives it up, leaves, crashes or dies.

import { GRANULE } from '../word/layout.ts';
import { HeapError, type AllocError } from '../word/errors.ts';
import type { Transaction } from './transaction.ts';

const { BYTES } = GRANULE;

/** Blocks that were set aside: allocations that cannot fail. See `SharedHeap.reserve`. */
export class Reserve implements Disposable {
  /** Blocks that it has when it is full. */
  readonly count: number;
  /** Bytes of each. */
  readonly size: number;
  private readonly tx: Transaction;

  /** See `SharedHeap.reserve`. */
  constructor(tx: Transaction, count: number, size: number) {
    this.tx = tx;
    this.count = count;
    this.size = size;
  }

  /** Blocks that it has: so often `alloc` cannot fail. 0 when this thread has left, or crashed. */
  get left(): number {
    return this.tx.outcome() === 'open' ? this.tx.savepoint() : 0;
  }

  /**
   * One of its blocks, which is the thread's then as any other; 0 when there is none left. Takes no
   * lock as long as twelve or fewer are left; each fifteen beyond these cost a few nanoseconds.
   */
  alloc(): number {
    return this.tx.keepNewest() * BYTES;
  }

  /** Fills it up; or why not, and then it has what it had. */
  refill(): AllocError | null {
    const filled = this.tx.transaction((tx) => {
      while (tx.savepoint() < this.count) tx.alloc(this.size);
    });
    return filled.ok ? null : filled.error;
  }

  /** Gives back what is left; it is of no use afterwards. */
  [Symbol.dispose](): void {
    this.tx.rollback();
  }
}

export function checkCount(count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  throw new HeapError('BAD_OPTION', `a reserve has a whole number of blocks, not ${count}`);
}
