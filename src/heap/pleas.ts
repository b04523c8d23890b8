// Pleas: what is left to a thread whose allocation has waited in vain. It says in the header that
// memory is out, how much it wants and who it is, for whoever can have a worker stopped
// (pleading.ts). There is one plea at a time, whoever makes it, and for a second no other.
//
// A plea is answered when its thread gets its memory after all: it takes its name out again. Who
// hears a plea that is answered, or so old that it would have been made again if it still held,
// does nothing. A thread that dies with its plea made stands in nobody's way: the plea grows old,
// and others make theirs.
//
//   who waits in vain               who listens
//   MS, by CAS: only one goes on    COUNT: another one than before
//   GRANULES, SLOT                  SLOT, MS, GRANULES
//   COUNT: it is made; wakes
//   SLOT, by CAS, to nobody: it has its memory
//
// The words are PLEA (word/records.ts). Each is one number that was true of a plea, this one or the
// one before it; nothing of the heap rests on them.

import { GRANULE, HEADER } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { PLEA } from '../word/records.ts';
import { clockMs } from '../slot/thread.ts';

const COUNT = HEADER.PLEA + PLEA.COUNT;
const MS = HEADER.PLEA + PLEA.MS;
const GRANULES = HEADER.PLEA + PLEA.GRANULES;
const SLOT = HEADER.PLEA + PLEA.SLOT;

/** For so long after a plea there is no other. */
const REPEAT_MS = 1000;
/** Older than this it does not hold any more: who still waited would have made it again. */
const OLD_MS = 2 * REPEAT_MS;
/** Who listens for pleas looks as often whether that is still wanted. */
const LOOK_MS = 10_000;
const NOBODY = 0;

/** A plea that holds. */
export interface Plea {
  readonly bytes: number;
  readonly slot: number;
}

export class Pleas {
  private readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** False, and nothing is said, if there was a plea just now. */
  make(slot: number, bytes: number): boolean {
    const { memory } = this;
    const last = memory.load(MS);
    if (last !== 0 && ageOf(last) < REPEAT_MS) return false;
    if (memory.cas(MS, last, now()) !== last) return false; // another thread's was first
    memory.store(GRANULES, Math.ceil(bytes / GRANULE.BYTES));
    memory.store(SLOT, slot + 1);
    memory.add(COUNT, 1); // COMMIT: pairs with `made`; who sees it sees what it asks for
    memory.wake(COUNT, Infinity);
    return true;
  }

  /** This slot has its memory: if the plea is its, it does not hold any more. */
  withdraw(slot: number): void {
    this.memory.cas(SLOT, slot + 1, NOBODY);
  }

  /** Another number for each plea. */
  made(): number {
    return this.memory.load(COUNT);
  }

  /** The last plea, if it holds. */
  holding(): Plea | null {
    const { memory } = this;
    const slot = memory.load(SLOT);
    if (slot === NOBODY || ageOf(memory.load(MS)) >= OLD_MS) return null;
    return { bytes: memory.load(GRANULES) * GRANULE.BYTES, slot: slot - 1 };
  }

  /** Resolves with a plea after `count`, or after a while; null where there is no such wait. */
  next(count: number): Promise<unknown> | null {
    return this.memory.waitIdle(COUNT, count, LOOK_MS);
  }
}

/** Never 0, which is no plea yet. */
function now(): number {
  return clockMs() || 1;
}

/** By the clock of the day, which may be set back: then it is old. */
function ageOf(ms: number): number {
  const age = now() - ms;
  return age < 0 ? Infinity : age;
}
