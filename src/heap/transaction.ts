// Transactions as users see them: all of it or nothing, across threads. Blocks that are allocated
// through one belong to it until it is committed; frees happen at the commit; protected bytes are
// what they were after a rollback. Whatever ends it early (a failed allocation, an exception, a
// participant's abort or death, a time-out) rolls back all of it, on every thread.
//
// A step takes the journal's lock only once others may have heard of the transaction, and that of
// the block's class or zone only when no magazine serves it.

import { GRANULE } from '../word/layout.ts';
import { allocError, err, HeapError, ok, type AllocError, type Result } from '../word/errors.ts';
import { copyBytes } from '../word/memory.ts';
import { isLive } from '../block/statemap.ts';
import type { Session } from './session.ts';
import { ABORTED, type Outcome, type TransactionHandle, type TxPart } from './txpart.ts';

const { BYTES } = GRANULE;
/** How long `commit` waits for votes when it is not told. */
const COMMIT_MS = 10_000;
/** Bytes that one entry protects. */
const PROTECT_MAX = 2 ** 26;

/** What is tried in this thread's part, and once more if there was no room for it. */
type Step = (session: Session, again: boolean) => number | AllocError;

/** Ends a transaction's function early: thrown by a step that failed, caught by `runIn`. */
class Failed extends Error {}

/** Steps that count all together or not at all: see `SharedHeap.beginTransaction`. */
export class Transaction implements Disposable {
  private readonly own: TxPart;
  /** Granules to be freed at the commit; null for none. */
  private freed: Set<number> | null;
  private throws: boolean;

  /** See `SharedHeap.beginTransaction` and `joinTransaction`. */
  constructor(own: TxPart) {
    this.own = own; // and no class beneath this one: V8 took a tenth longer to begin one
    this.freed = null;
    this.throws = false;
  }

  /** What other threads join with: a frozen plain object. */
  get handle(): TransactionHandle {
    return this.own.handle;
  }

  /** Why the transaction cannot be committed any more; null while it can. */
  get error(): AllocError | null {
    return this.own.failure;
  }

  /**
   * A block of at least `size` bytes that is freed at rollback, or 0: then the transaction is
   * rolled back, and `error` says why. Free it with the transaction's `free`.
   */
  alloc(size: number): number {
    const { own } = this;
    if (size > 0 && own.failure === null) {
      const granule = own.seating.step(own.session, own.part, size);
      if (granule !== 0) return granule * BYTES;
    }
    return this.allocSlow(size);
  }

  /** All else than a block from a magazine, while nobody else has heard of the transaction. */
  private allocSlow(size: number): number {
    const granule = this.step(size, ({ tx }, again) => tx.allocIn(this.own.part, size, again));
    return granule === 0 ? this.fail(size) : granule * BYTES;
  }

  /**
   * Frees a block at commit. False, and nothing else happens, if no live block starts there, or if
   * threads have references to it; one that is retained between here and the commit lives on.
   */
  free(ptr: number): boolean {
    const { states } = this.own.session.on;
    const granule = states.granuleOf(ptr);
    const live = granule >= 0 && isLive(states.get(granule)) && !this.isFreed(granule);
    if (!live || states.isRetained(granule) || this.own.isOver(ptr)) return false;
    const freed = this.step(ptr, ({ tx }) => tx.freeIn(this.own.part, granule));
    if (freed === 0) return this.fail(ptr) > 0;
    (this.freed ??= new Set()).add(granule);
    return true;
  }

  /** A block of `size` with the old one's bytes; the old one is freed at commit. As `alloc`. */
  realloc(ptr: number, size: number): number {
    if (ptr === 0) return this.alloc(size);
    const { on } = this.own.session;
    const granule = on.states.granuleOf(ptr);
    const bytes =
      granule < 0 ? 0 : this.own.seating.inside(({ resize }) => resize.bytesOf(granule));
    if (bytes === 0 || this.isFreed(granule) || on.states.isRetained(granule)) return 0;
    const moved = this.alloc(size);
    if (moved === 0) return 0;
    copyBytes(on.memory, moved, ptr, Math.min(bytes, size));
    on.debug?.inherit(moved / BYTES, granule);
    return this.free(ptr) ? moved : 0;
  }

  /**
   * Bytes [ptr, ptr + bytes) will be what they are now again after a rollback; call it before they
   * are changed. False if they lie outside the heap, or if there is no memory for a copy: then the
   * transaction is rolled back.
   */
  protect(ptr: number, bytes: number): boolean {
    const { layout } = this.own.session.on;
    const first = layout.firstGranule * BYTES;
    const whole = Number.isSafeInteger(ptr) && Number.isSafeInteger(bytes) && bytes > 0;
    if (!whole || ptr < first || ptr + bytes > layout.endGranule * BYTES) return false;
    for (let done = 0; done < bytes; done += PROTECT_MAX) {
      const length = Math.min(PROTECT_MAX, bytes - done);
      const made = this.step(bytes, ({ tx }, again) =>
        tx.protectIn(this.own.part, ptr + done, length, again),
      );
      if (made === 0) return this.fail(bytes) > 0;
    }
    return true;
  }

  /** For reserves: the granule of the block allocated last, which stays however this ends. Or 0. */
  keepNewest(): number {
    if (this.own.isOver(0)) return 0;
    return this.own.here(({ tx }) => tx.keepNewest(this.own.part), 0);
  }

  /** A mark to roll back to. */
  savepoint(): number {
    return this.own.part.length;
  }

  /** Undoes what this thread did in the transaction since the mark; false if it is over. */
  rollbackTo(savepoint: number): boolean {
    const known = Number.isInteger(savepoint) && savepoint >= 0;
    const open = !this.own.voted && this.own.look() === 'open';
    if (!open || !known || savepoint > this.own.part.length) return false;
    return this.own.here(({ tx }) => {
      const granules = tx.rollBackTo(this.own.part, savepoint);
      for (const granule of granules) this.freed?.delete(granule);
      return true;
    }, false);
  }

  /** A transaction within: if `work` fails, only what it did is undone. */
  transaction<T>(work: (tx: this) => T): Result<T> {
    if (this.own.isOver(0)) return err(this.own.failure ?? ABORTED);
    const mark = this.savepoint();
    const outer = this.throws;
    this.throws = true;
    try {
      return ok(notPromised(work(this)));
    } catch (error) {
      const why = this.own.failure ?? ABORTED;
      if (this.rollbackTo(mark)) this.own.failure = null; // what is around it goes on
      if (!(error instanceof Failed)) throw error;
      return err(why);
    } finally {
      this.throws = outer;
    }
  }

  /**
   * Makes it all count, when every participant has voted; waits for them up to `waitMs` (10 seconds
   * if not given) and then rolls back. Only the thread that began the transaction may.
   */
  commit({ waitMs = COMMIT_MS }: { readonly waitMs?: number } = {}): Result<void> {
    return this.own.commit(waitMs);
  }

  /** As `commit`, without blocking the thread; an aborted signal rolls back. */
  commitAsync(
    options: { readonly timeoutMs?: number; readonly signal?: { readonly aborted: boolean } } = {},
  ): Promise<Result<void>> {
    return this.own.commitAsync(options.timeoutMs ?? COMMIT_MS, options.signal);
  }

  /** A participant's vote: it does no more, and the leader may commit. False if it is over. */
  ready(): boolean {
    return this.own.ready();
  }

  /** How it ended, as far as this thread's part goes; waits up to `waitMs` for a decision. */
  outcome(waitMs = 0): Outcome {
    return this.own.outcome(waitMs);
  }

  /** Undoes all of it, on all threads. Nothing happens if it is over. */
  rollback(): void {
    this.own.rollback();
  }

  /** Rolls back unless it was committed. */
  [Symbol.dispose](): void {
    this.own.rollback();
  }

  /** Runs `work`, in which steps that fail throw, and commits. */
  runIn<T>(work: (tx: this) => T): Result<T> {
    const done = this.transactionOrNothing(work);
    if (!done.ok) return this.own.undone(done.error);
    if (this.own.ended === 'committed') return done; // by `work` itself
    const committed = this.own.commit(COMMIT_MS);
    return committed.ok ? done : committed;
  }

  private isFreed(granule: number): boolean {
    return this.freed !== null && this.freed.has(granule);
  }

  private transactionOrNothing<T>(work: (tx: this) => T): Result<T> {
    try {
      return this.transaction(work);
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** A granule, or 0 with the reason in `failure`. The dead may have what is missing. */
  private step(requested: number, work: Step): number {
    if (this.own.voted || this.own.isOver(requested)) return 0;
    let done = this.own.here<number | AllocError>((session) => work(session, false), ABORTED);
    if (typeof done !== 'number' && isShortage(done)) {
      this.own.seating.inside(({ recovery, allocation }) => {
        recovery.sweep();
        allocation.reclaim();
      });
      const again = done.code === 'OUT_OF_MEMORY'; // a full journal has asked for no memory
      done = this.own.here<number | AllocError>((session) => work(session, again), ABORTED);
    }
    if (typeof done === 'number') return done;
    this.own.failure ??= done;
    return 0;
  }

  /** A step has failed. Within `transaction` that ends it; else the whole is rolled back now. */
  private fail(requested: number): 0 {
    const { own } = this;
    if (own.voted || own.ended === 'committed') return 0; // too late, but nothing is undone
    own.failure ??= allocError('ABORTED', requested);
    if (this.throws) throw new Failed(own.failure.message);
    own.rollback();
    return 0;
  }
}

/** What idle magazines, and those of the dead, may help: not what was refused on purpose. */
function isShortage({ code, injected }: AllocError): boolean {
  return (code === 'OUT_OF_MEMORY' || code === 'JOURNAL_FULL') && injected === undefined;
}

function notPromised<T>(value: T): T {
  if (typeof (value as { then?: unknown } | null)?.then !== 'function') return value;
  throw new HeapError('BAD_OPTION', 'work must not be async: use beginTransaction for that');
}
