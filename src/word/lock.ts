// A lock is one word that names its holder, so that a survivor can tell whose death it waits for.
//
//   0                    free
//   token                held, nobody sleeps
//   token | WAITERS      held, somebody sleeps or is about to
//
//   from                 to                who
//   0                    token             lock, at once
//   0                    token | WAITERS   lock, after having slept: others may still sleep
//   token                token | WAITERS   a waiter, before it sleeps
//   token [| WAITERS]    0                 unlock; wakes one if the old word had WAITERS
//   dead  [| WAITERS]    token | WAITERS   lock or seize, who then repairs what the lock guards
//
// The token is the slot's number and incarnation (`tokenOf`). Waits are bounded: a wake-up that is
// given to a dying waiter is lost, and the bound is what finds it again, and the dead.
//
// A lock of the dead is never set free. Of those who wait, one puts its own token in place of the
// dead's, repairs what the lock guards from words that are the truth, and goes on as the holder. If
// it dies too, the next one begins the repair anew: a repair may be cut anywhere.
//
//   word       writers     readers   access   if its writer dies midway
//   WORD       any         any       atomic   names the dead: repaired by the next holder
//   CONTENDED  the holder  stats     plain    valid: a count
//   WAITS      the holder  stats     plain    valid: a count
//
// After Drepper, "Futexes are tricky" (2011), mutex 3: one atomic to lock, one to unlock, and a
// notify (40–75 ns even with nobody there) only if somebody waits.

import { HeapError } from './errors.ts';
import { LOCK } from './layout.ts';
import type { Memory } from './memory.ts';

const { CONTENDED, WAITS } = LOCK;

const WAITERS = 1;
/** Reads before sleeping: about a microsecond; a round trip through the kernel is sixty. */
const SPINS = 64;
/** Longest sleep before looking again, and asking whether the holder lives. */
const PATIENCE_MS = 5;

/** The word that names a holder: slot in bits 1..8, the incarnation above. Never 0. */
export function tokenOf(slot: number, incarnation: number): number {
  return (incarnation << 9) | ((slot + 1) << 1);
}

/** The slot that a lock word names, or -1 when it is free. */
export function slotOfToken(word: number): number {
  return ((word >>> 1) & 0xff) - 1;
}

/** Whether the holder of a token will never run again: a perfect answer, or "no". */
export interface Deaths {
  isDead(token: number): boolean;
}

/** What a lock guards, if a death can leave it half done. */
export interface Guarded {
  /** Makes good whatever a dead holder left. May be cut anywhere and begun anew. */
  repairLocked(): void;
}

/** The locks of one heap as one seat takes them. */
export class Locks {
  readonly memory: Memory;
  readonly token: number;
  readonly deaths: Deaths;

  constructor(memory: Memory, token: number, deaths: Deaths = { isDead: () => false }) {
    this.memory = memory;
    this.token = token;
    this.deaths = deaths;
  }

  /** The lock at `word`; `guarded` is repaired when its holder has died. */
  at(word: number, guarded?: Guarded): Lock {
    return new Lock(this, word, guarded);
  }
}

export class Lock {
  readonly word: number;
  private readonly memory: Memory;
  private readonly token: number;
  private readonly deaths: Deaths;
  private readonly guarded: Guarded | undefined;

  constructor({ memory, token, deaths }: Locks, word: number, guarded?: Guarded) {
    this.memory = memory;
    this.word = word;
    this.token = token;
    this.deaths = deaths;
    this.guarded = guarded;
  }

  /** Takes the lock, waiting as long as it takes; from a holder who is dead, at once. */
  lock(): void {
    if (this.memory.cas(this.word, 0, this.token) !== 0) this.lockSlow();
  }

  /** Gives the lock back. Publishes all that was written under it to the next holder's cas. */
  unlock(): void {
    const old = this.memory.swap(this.word, 0); // COMMIT
    if ((old & WAITERS) !== 0) this.memory.wake(this.word, 1);
  }

  /** If `token`, whose holder is dead, has the lock: repairs what it guards and sets it free. */
  seize(token: number): boolean {
    for (;;) {
      const seen = this.memory.load(this.word);
      if ((seen & ~WAITERS) !== token) return false;
      if (this.takeOver(seen)) break; // else somebody has just said that it waits
    }
    this.unlock();
    return true;
  }

  /** A thread that holds the lock already has crashed inside: it would wait for itself for ever. */
  private lockSlow(): void {
    if ((this.memory.load(this.word) & ~WAITERS) === this.token) {
      throw new HeapError(
        'CRASHED',
        'this thread has crashed inside the heap, holding a lock of it',
      );
    }
    const slept = this.spin() ? false : this.sleep();
    this.count(CONTENDED);
    if (slept) this.count(WAITS);
  }

  private spin(): boolean {
    const { memory, word, token } = this;
    for (let i = 0; i < SPINS; i++) {
      if (memory.load(word) === 0 && memory.cas(word, 0, token) === 0) return true;
      memory.pause();
    }
    return false;
  }

  /** Waits for the lock; true. Takes it with WAITERS set: others may sleep for all it knows. */
  private sleep(): boolean {
    const { memory, word, token } = this;
    for (let late = false; ;) {
      const seen = memory.load(word);
      if (seen === 0) {
        if (memory.cas(word, 0, token | WAITERS) === 0) return true;
      } else if (late && this.deaths.isDead(seen & ~WAITERS)) {
        if (this.takeOver(seen)) return true;
      } else if ((seen & WAITERS) !== 0 || memory.cas(word, seen, seen | WAITERS) === seen) {
        late = memory.wait(word, seen | WAITERS, PATIENCE_MS);
      }
    }
  }

  /** Of several who see the death one gets the lock, and repairs before anybody else is inside. */
  private takeOver(seen: number): boolean {
    const mine = this.token | WAITERS; // the dead may have been told of sleepers
    if (this.memory.cas(this.word, seen, mine) !== seen) return false; // COMMIT
    this.guarded?.repairLocked();
    return true;
  }

  /** Under the lock, so plain. */
  private count(which: number): void {
    const at = this.word + which;
    this.memory.set(at, (this.memory.get(at) + 1) | 0);
  }
}
