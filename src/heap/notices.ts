// Notices of recoveries: what was found in the slots of the last few who have died, and the sums of
// all so far, in the heap's header, so that every thread can tell its listeners whoever did the
// work. A recovery writes its notice while it holds the recovery lock, before the slot is free.
//
//   word         writers         readers  access  if its writer dies midway
//   RECOVERIES   recovery lock   all      atomic  the notice does not count: the next one is there
//   SEQUENCE     recovery lock   all      atomic  0: nobody reads the others
//   the others   recovery lock   all      atomic  written anew
//
// SEQUENCE is made 0, then the others are written, then SEQUENCE, then RECOVERIES: who finds its
// number in SEQUENCE both before and after copying the others has copied a whole notice. All of it
// is atomic, and so in that order for everybody; it happens once for each death.
//
// A recovery may die when its notice is complete and the slot is not yet free. The next one finds
// the newest notice to be of this very slot and incarnation, and leaves it at that: a death counts
// once. (Who dies while sitting down, just after that, is not counted: it had nothing yet.) What a
// recovery brought home that died before it wrote a notice is in none.

import { HEADER } from '../word/layout.ts';
import { NOTICE } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';

const { RECOVERIES, NOTICES } = HEADER;
const { SEQUENCE, SLOT, INCARNATION, THREAD, BY, LOCKS, CACHED, OWNED, MICROSECONDS } = NOTICE;
const { ROLLED_BACK, UNRETURNED, WORST } = NOTICE;
const { ALL_LOCKS, ALL_ROLLED_BACK, ALL_CACHED, ALL_OWNED, ALL_UNRETURNED } = NOTICE;
const HIGH = 2 ** 32;
/** A reader is overtaken when COUNT threads have been recovered while it copied. */
const ATTEMPTS = 4;

/** What was found in the slot of a thread that had died, and brought home. */
export interface Recovered {
  /** 1 for the heap's first recovery. A gap in what a listener gets: too many at once to keep. */
  readonly sequence: number;
  readonly slot: number;
  readonly incarnation: number;
  /** The worker's threadId; -1 if it is not known. */
  readonly threadId: number;
  /** The slot of the thread that did it; from maxSlots on, one that was just attaching. */
  readonly by: number;
  /** Locks that it held. */
  readonly locks: number;
  /** Transactions that were rolled back because it died. */
  readonly rolledBack: number;
  /** Blocks that lay in its magazines. */
  readonly cachedBlocks: number;
  /**
   * Live blocks that it alone had, which were freed: those to which it had the last reference, and
   * in heaps that track owners those in its name.
   */
  readonly ownedBlocks: number;
  /** Other heaps: how many blocks more it had allocated than freed, see RecoveryStats. */
  readonly unreturnedBlocks: number;
  readonly milliseconds: number;
}

/** Sums over all recoveries of a heap. */
export interface RecoveryStats {
  readonly count: number;
  readonly locks: number;
  readonly rolledBack: number;
  readonly cachedBlocks: number;
  readonly ownedBlocks: number;
  readonly worstMs: number;
  /**
   * Heaps that do not track owners: the dead had allocated so many blocks more than they had freed,
   * each counted from 0 up. A balance, no count of leaks: blocks that they handed to others are
   * among these, and so are those of a thread that survived its own crash inside the heap; blocks
   * of others that they freed make it less.
   */
  readonly unreturnedBlocks: number;
}

const NONE: RecoveryStats = Object.freeze({
  count: 0,
  locks: 0,
  rolledBack: 0,
  cachedBlocks: 0,
  ownedBlocks: 0,
  worstMs: 0,
  unreturnedBlocks: 0,
});

export class Notices {
  private readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** The number of the newest. */
  newest(): number {
    return this.memory.load(RECOVERIES);
  }

  /** Those after number `told` that are still there, the oldest first. */
  after(told: number): Recovered[] {
    const newest = this.newest();
    const found: Recovered[] = [];
    for (let n = Math.max(told, newest - NOTICE.COUNT) + 1; n <= newest; n++) {
      const words = this.copy(n);
      if (words !== null) found.push(recoveredFrom(words));
    }
    return found;
  }

  stats(): RecoveryStats {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const newest = this.newest();
      if (newest === 0) break;
      const words = this.copy(newest);
      if (words !== null) return statsFrom(words);
    }
    return NONE;
  }

  /** Writes the next notice, unless the newest is of this death; `free` is the seat's state. */
  writeLocked(found: Omit<Recovered, 'sequence'>, free: boolean): Recovered {
    const { memory } = this;
    const newest = this.newest();
    const before = newest === 0 ? null : this.copy(newest);
    const last = before === null ? null : recoveredFrom(before);
    if (last !== null && isOfOneDeath(last, found, free)) return last;
    const sequence = newest + 1;
    const words = wordsOf({ ...found, sequence }, before === null ? NONE : statsFrom(before));
    const at = recordOf(sequence);
    memory.store(at + SEQUENCE, 0);
    for (let i = SEQUENCE + 1; i < words.length; i++) memory.store(at + i, words[i] as number);
    memory.store(at + SEQUENCE, sequence);
    memory.store(RECOVERIES, sequence); // COMMIT: pairs with newest
    return { ...found, sequence };
  }

  /** The words of a notice; null if it is not there any more. */
  private copy(sequence: number): number[] | null {
    const { memory } = this;
    const at = recordOf(sequence);
    if (memory.load(at + SEQUENCE) !== sequence) return null;
    const words = [sequence];
    for (let i = SEQUENCE + 1; i < NOTICE.WORDS; i++) words.push(memory.load(at + i));
    return memory.load(at + SEQUENCE) === sequence ? words : null;
  }
}

/** Also when the one before died with the slot all but free: under its next incarnation. */
function isOfOneDeath(
  last: Recovered,
  { slot, incarnation }: Omit<Recovered, 'sequence'>,
  free: boolean,
): boolean {
  const later = incarnation - last.incarnation;
  return last.slot === slot && (later === 0 || (free && later === 1));
}

function recordOf(sequence: number): number {
  return NOTICES + (sequence % NOTICE.COUNT) * NOTICE.WORDS;
}

function wordsOf(found: Recovered, before: RecoveryStats): number[] {
  const words = Array.from({ length: NOTICE.WORDS }, () => 0);
  const microseconds = Math.round(found.milliseconds * 1000);
  words[SEQUENCE] = found.sequence;
  words[SLOT] = found.slot;
  words[INCARNATION] = found.incarnation;
  words[THREAD] = found.threadId + 1;
  words[BY] = found.by;
  words[LOCKS] = found.locks;
  words[ROLLED_BACK] = found.rolledBack;
  words[CACHED] = found.cachedBlocks;
  words[OWNED] = found.ownedBlocks;
  words[MICROSECONDS] = microseconds;
  words[ALL_LOCKS] = before.locks + found.locks;
  words[ALL_ROLLED_BACK] = before.rolledBack + found.rolledBack;
  words[WORST] = Math.max(Math.round(before.worstMs * 1000), microseconds);
  putLong(words, UNRETURNED, found.unreturnedBlocks);
  putLong(words, ALL_CACHED, before.cachedBlocks + found.cachedBlocks);
  putLong(words, ALL_OWNED, before.ownedBlocks + found.ownedBlocks);
  putLong(words, ALL_UNRETURNED, before.unreturnedBlocks + found.unreturnedBlocks);
  return words;
}

function recoveredFrom(words: readonly number[]): Recovered {
  const word = (which: number) => words[which] as number;
  return {
    sequence: word(SEQUENCE),
    slot: word(SLOT),
    incarnation: word(INCARNATION),
    threadId: word(THREAD) - 1,
    by: word(BY),
    locks: word(LOCKS),
    rolledBack: word(ROLLED_BACK),
    cachedBlocks: word(CACHED),
    ownedBlocks: word(OWNED),
    unreturnedBlocks: longAt(words, UNRETURNED),
    milliseconds: word(MICROSECONDS) / 1000,
  };
}

function statsFrom(words: readonly number[]): RecoveryStats {
  const word = (which: number) => words[which] as number;
  return {
    count: word(SEQUENCE),
    locks: word(ALL_LOCKS),
    rolledBack: word(ALL_ROLLED_BACK),
    cachedBlocks: longAt(words, ALL_CACHED),
    ownedBlocks: longAt(words, ALL_OWNED),
    worstMs: word(WORST) / 1000,
    unreturnedBlocks: longAt(words, ALL_UNRETURNED),
  };
}

function putLong(words: number[], at: number, value: number): void {
  words[at] = (value % HIGH) | 0;
  words[at + 1] = Math.floor(value / HIGH);
}

function longAt(words: readonly number[], at: number): number {
  return ((words[at] as number) >>> 0) + (words[at + 1] as number) * HIGH;
}
