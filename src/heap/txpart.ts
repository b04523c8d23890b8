// One thread's part in a transaction, as far as its end goes: a vote, a commit, a rollback, and how
// it came out. What the thread does in it before is in transaction.ts.

import { allocError, err, HeapError, ok, type AllocError, type Result } from '../word/errors.ts';
import { COUNTER } from '../word/records.ts';
import { COMMIT, ROLLBACK, type Part } from '../tx/part.ts';
import { COMMITTED, KEPT, OPEN, READY, slotOfRecord } from '../tx/record.ts';
import { identityOf } from './attached.ts';
import type { Session } from './session.ts';

const { COMMITS, ROLLBACKS } = COUNTER;
/** Why a transaction that was rolled back is over. */
export const ABORTED = Object.freeze(allocError('ABORTED', 0));
const TIMEOUT = Object.freeze(allocError('TIMEOUT', 0));
const NOBODY: readonly number[] = [];
const DONE: Result<void> = Object.freeze(ok(undefined));
/** Longest sleep before asking whether all who are waited for live. */
const PATIENCE_MS = 5;

/** What another thread needs to take part. Survives structured clone. */
export interface TransactionHandle {
  readonly kind: 'atomalloc-transaction';
  /** The heap in which it is. */
  readonly heap: string;
  readonly record: number;
  readonly number: number;
}

/** How a transaction stands. */
export type Outcome = 'open' | 'committed' | 'rolled back';

/** How a transaction comes to its thread's seat (seated.ts). */
export interface Seating {
  /** Runs what may take locks, from this thread's seat or from that of one session. */
  inside<T>(work: (session: Session) => T, only?: Session, over?: T): T;
  /**
   * While nobody else has heard of a part: a block's granule for its next entry, out of a magazine;
   * COMMIT or ROLLBACK for a size, and 1. Or 0, and nothing has happened: `inside` knows all else.
   */
  step(session: Session, part: Part, size: number): number;
}

/** How one thread's part stands, and how it ends. */
export class TxPart {
  readonly seating: Seating;
  readonly session: Session;
  readonly part: Part;
  /** Why the transaction cannot be committed any more; null while it can. */
  failure: AllocError | null;
  voted: boolean;
  ended: Outcome;

  constructor(seating: Seating, session: Session, part: Part) {
    this.seating = seating;
    this.session = session;
    this.part = part;
    this.failure = null;
    this.voted = false;
    this.ended = 'open';
  }

  /** What other threads join with: they may hear of it from now on. */
  get handle(): TransactionHandle {
    const { leader, leaderNumber } = this.part;
    if (!this.part.known) this.session.tx.share(this.part);
    return Object.freeze({
      kind: 'atomalloc-transaction',
      heap: identityOf(this.session.on.memory),
      record: leader.index,
      number: leaderNumber,
    });
  }

  /** A participant's vote; false if it is over. */
  ready(): boolean {
    if (this.voted || this.isOver(0)) return false;
    this.voted = this.here(({ tx }) => tx.vote(this.part), false);
    return this.voted;
  }

  /** Commits, when every participant has voted; waits so long for them and then rolls back. */
  commit(waitMs: number): Result<void> {
    return this.tryCommit() ?? this.commitWithin(waitMs);
  }

  private commitWithin(waitMs: number): Result<void> {
    const { leader } = this.part;
    for (const end = performance.now() + waitMs; ;) {
      const seen = leader.votes();
      const done = this.tryCommit();
      if (done !== null) return done;
      const left = end - performance.now();
      if (left <= 0) return this.giveUp(TIMEOUT);
      this.seating.inside(() => leader.waitForNews(seen, Math.min(left, PATIENCE_MS)));
    }
  }

  /** As `commit`, without blocking the thread; an aborted signal rolls back. */
  async commitAsync(
    timeoutMs: number,
    signal: { readonly aborted: boolean } | undefined,
  ): Promise<Result<void>> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const seen = this.part.leader.votes();
      const done = this.tryCommit();
      if (done !== null) return done;
      if (signal?.aborted === true) return this.giveUp(ABORTED);
      const left = end - performance.now();
      if (left <= 0) return this.giveUp(TIMEOUT);
      await this.part.leader.news(seen, Math.min(left, PATIENCE_MS * 4));
    }
  }

  /** Rolls back, and says why. */
  undone(error: AllocError): Result<never> {
    this.rollback();
    return err(error);
  }

  /** The result, when there is one: null while votes are missing. */
  private tryCommit(): Result<void> | null {
    const { seating, session, part } = this;
    const done = this.failure === null && seating.step(session, part, COMMIT) !== 0;
    if (done) return this.end('committed', session.on);
    if (this.isOver(0)) return this.failure === null ? DONE : this.undone(this.failure);
    if (part.leader !== part.record) {
      throw new HeapError('BAD_OPTION', 'a participant votes with ready(); its leader commits');
    }
    return this.here(({ tx, on, recovery }) => {
      const slots = part.known ? tx.participants(part.leader).map(slotOfRecord) : NOBODY;
      if (slots.some((slot) => on.table.isOver(slot))) recovery.sweep(); // which rolls it back
      return tx.tryCommit(part) ? this.end('committed', on) : null;
    }, null);
  }

  /** How it ended; waits up to `waitMs` for a decision. */
  outcome(waitMs: number): Outcome {
    if (!(waitMs > 0)) return this.look();
    const end = performance.now() + waitMs;
    for (;;) {
      const { leader } = this.part;
      const seen = leader.votes();
      if (this.look() !== 'open') return this.ended;
      const left = end - performance.now();
      if (left <= 0) return 'open';
      this.seating.inside(({ recovery, on }) => {
        leader.waitForNews(seen, Math.min(left, PATIENCE_MS));
        if (on.table.isOver(slotOfRecord(leader.index))) recovery.sweep();
      });
    }
  }

  /** Undoes all of it, on all threads. Nothing happens if it is over. */
  rollback(): void {
    if (this.ended !== 'open') return;
    const { seating, session, part } = this;
    if (seating.step(session, part, ROLLBACK) !== 0) {
      this.failure ??= ABORTED;
      this.end('rolled back', session.on);
    } else if (this.look() === 'open') this.giveUp(ABORTED);
  }

  /**
   * Runs what takes this part's locks, which it does in the name of the seat on which it was begun.
   * A thread that has crashed since is on another one, and what it had begun is `over`: recovery
   * has ended it before this thread came back.
   */
  here<T>(work: (session: Session) => T, over: T): T {
    return this.seating.inside(work, this.session, over);
  }

  isOver(requested: number): boolean {
    const outcome = this.look();
    if (outcome === 'open' && this.failure === null) return false;
    if (outcome !== 'committed') this.failure ??= allocError('ABORTED', requested);
    return true;
  }

  private end(how: 'committed' | 'rolled back', { counters }: Session['on']): Result<void> {
    this.ended = how;
    counters.bump(how === 'committed' ? COMMITS : ROLLBACKS);
    return DONE;
  }

  private giveUp(why: AllocError): Result<never> {
    this.failure ??= why;
    this.here(({ tx, on }) => {
      if (tx.abort(this.part)) this.end('rolled back', on);
    }, undefined);
    this.look();
    return err(this.failure);
  }

  /** A thread that has left the heap leaves it to others. */
  private help(): void {
    const { leader, leaderNumber } = this.part;
    try {
      this.here(({ tx }) => tx.finish(leader, leaderNumber), undefined);
    } catch (error) {
      if (!(error instanceof HeapError) || error.code !== 'DETACHED') throw error;
      this.ended = 'rolled back';
    }
  }

  /** Reads how the transaction stands; helps to finish one that is decided. */
  look(): Outcome {
    if (this.ended !== 'open') return this.ended;
    const { record, number, leader, leaderNumber, known } = this.part;
    if (!known && record.isPrivate(number)) return 'open';
    const open = record.is(number, OPEN) || record.is(number, READY);
    if (open && leader.is(leaderNumber, OPEN)) return 'open';
    if (!record.isFree()) this.help();
    if (record.is(number, KEPT)) this.ended = 'committed';
    else if (!record.is(number, COMMITTED)) this.ended = 'rolled back';
    if (this.ended === 'rolled back') this.failure ??= ABORTED;
    return this.ended;
  }
}
