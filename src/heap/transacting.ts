// How a thread comes to its parts in transactions: it begins them, or joins another thread's. What
// it then does in one is in transaction.ts.

import { allocError, err, HeapError, ok, type Result } from '../word/errors.ts';
import { identityOf } from './attached.ts';
import { checkCount, Reserve } from './reserve.ts';
import type { Session } from './session.ts';
import { Survivor } from './survivor.ts';
import { Transaction } from './transaction.ts';
import { TxPart, type Seating, type TransactionHandle } from './txpart.ts';

export abstract class Transacting extends Survivor {
  /** The one begun last, and those before it that may still be open. */
  private latest: TxPart | null = null;
  private earlier: readonly TxPart[] = [];
  private readonly seating: Seating = {
    inside: (work, only, over) => this.inside(work, only, over),
    step: (session, part, size) => this.step(session, part, size),
  };
  /** Made once: a function made for each transaction costs a twentieth of it. */
  private readonly beginning = (session: Session): Transaction | null =>
    this.partFrom(session, null);

  /**
   * Runs `work` and commits what it did through the transaction, or undoes all of it: when a step
   * fails (then the result says why) or when `work` throws (then that is thrown on). Not for async
   * functions.
   */
  transaction<T>(work: (tx: Transaction) => T): Result<T> {
    const tx = this.partIn(null);
    return tx === null ? err(allocError('JOURNAL_FULL', 0)) : tx.runIn(work);
  }

  /**
   * Begins a transaction that ends with its `commit` or `rollback`; other threads may join it. A
   * thread may have four at once; throws NO_JOURNAL beyond that.
   */
  beginTransaction(): Transaction {
    const tx = this.partIn(null);
    if (tx === null) throw new HeapError('NO_JOURNAL', allocError('JOURNAL_FULL', 0).message);
    return tx;
  }

  /**
   * `count` blocks of `size` bytes, taken now, so that the next `count` calls of the reserve's
   * `alloc` cannot fail; all of them, or the reason why not. What is left of it goes back by
   * `using`, and when this thread leaves or dies. A reserve is one of the four transactions that a
   * thread may have at once: JOURNAL_FULL beyond that. Throws BAD_OPTION for a count that is none.
   */
  reserve(count: number, size: number): Result<Reserve> {
    checkCount(count);
    const tx = this.partIn(null);
    if (tx === null) return err(allocError('JOURNAL_FULL', size));
    const reserve = new Reserve(tx, count, size);
    const why = reserve.refill();
    if (why === null) return ok(reserve);
    tx.rollback();
    return err(why);
  }

  /** Takes part in another thread's transaction; an error when it is over. */
  joinTransaction(handle: TransactionHandle): Result<Transaction> {
    if (
      handle?.kind !== 'atomalloc-transaction' ||
      handle.heap !== identityOf(this.attachment.memory)
    ) {
      throw new HeapError('BAD_HANDLE', 'this is no handle of a transaction in this heap');
    }
    const tx = this.partIn(handle);
    return tx === null ? err(allocError('ABORTED', handle.number)) : ok(tx);
  }

  /** A part in that transaction, or a new one; null when it is over, or no record is left. */
  private partIn(handle: TransactionHandle | null): Transaction | null {
    this.lookAround();
    if (handle === null) return this.inside(this.beginning);
    return this.inside((session) => this.partFrom(session, handle));
  }

  private partFrom(session: Session, handle: TransactionHandle | null): Transaction | null {
    session.recovery.attend();
    const { tx: engine } = session;
    const part = handle === null ? engine.begin() : engine.join(handle.record, handle.number);
    if (part === null) return null;
    const own = new TxPart(this.seating, session, part);
    this.latest = own;
    return new Transaction(own);
  }

  /** All that are over know it then, and their records may serve others. */
  private lookAround(): void {
    const { latest, earlier } = this;
    if (earlier.length > 0) this.earlier = earlier.filter((own) => own.look() === 'open');
    if (latest === null || latest.ended !== 'open') return;
    this.latest = null;
    if (latest.look() === 'open') this.earlier = [...this.earlier, latest];
  }
}
