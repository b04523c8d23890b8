// Fault injection, as users see it: memory that is out on purpose, so that a program can be seen to
// bear it. A plan says which requests are refused; it holds for all threads of the heap, from the
// moment it is set until another one, or none, is. See injector.ts for how threads share it.
//
// A request is any call that needs a block: alloc, tryAlloc with all its options, allocAsync, each
// block of allocMany, a realloc that grows or moves its block, and in transactions alloc, realloc
// and protect (one for each 64 MiB). It counts once, however often it is tried again or waits; what
// is refused for its arguments does not count.
//
// A refusal fails at once with OUT_OF_MEMORY: no idle memory is brought home for it, no shrinker is
// called, and it does not wait, whatever `waitMs` and `setFailFast` say. There is memory, so all of
// that would find some, and the caller's own answer to "no" would never run. (To see the ladder
// itself at work, make a small heap.) It counts among the failures like a real one, and apart.

import { HeapError } from '../word/errors.ts';
import { SLOT } from '../word/layout.ts';
import { FAULT } from '../word/records.ts';
import type { Inside } from './door.ts';
import { CERTAIN, Injector } from './injector.ts';

const MOST = 2 ** 31 - 1;
const HIGH = 2 ** 32;

/** Which requests are refused. One of `nth`, `every` and `probability` says so. */
export interface FaultPlan {
  /** The n-th request, counted from 1, and those after it if `times` is more than 1. */
  readonly nth?: number;
  /** The n-th request, the 2n-th, the 3n-th, and so on. */
  readonly every?: number;
  /** Each request, with this probability: more than 0, at most 1. */
  readonly probability?: number;
  /** With `probability`: the same seed refuses the same numbers. 0 when not given. */
  readonly seed?: number;
  /** No more refusals than that, of all threads together: 1 with `nth`, else Infinity. */
  readonly times?: number;
  /** Only requests of threads on these slots (`heap.slot`) count; of all when not given. */
  readonly slots?: readonly number[];
  /** Only requests for at least, and at most, so many bytes count. */
  readonly minBytes?: number;
  readonly maxBytes?: number;
}

/** What a plan has done so far. */
export interface FaultCounts {
  /** Requests that were counted: those of the slots and sizes in the plan. */
  readonly requests: number;
  /** Of these, how many were refused. */
  readonly failures: number;
}

/** Requests that are refused on purpose, by a plan that holds for all threads. */
export class Faults {
  private readonly inside: Inside;

  constructor(inside: Inside) {
    this.inside = inside;
  }

  /**
   * From now on requests are refused by this plan, in the place of any other; `null` ends it. Every
   * alloc of every thread takes the slow path meanwhile, and no block grows where it stands. Throws
   * BAD_OPTION for a plan that is none, DETACHED when this thread has left.
   */
  inject(plan: FaultPlan | null): void {
    const words = plan === null ? null : wordsOf(plan);
    this.inside(({ on }) => new Injector(on).set(words));
  }

  /** What the plan, or after its end the last one, has counted. */
  counts(): FaultCounts {
    return this.inside(({ on }) => new Injector(on).counts());
  }
}

/** A plan in the words of FAULT. */
function wordsOf(plan: FaultPlan): number[] {
  const { nth, every, probability = 1, seed = 0, minBytes = 0, maxBytes = Infinity } = plan;
  checkKind(plan);
  const times = plan.times ?? (nth === undefined ? Infinity : 1);
  if (times !== Infinity) checkCount('times', times);
  check(Number.isSafeInteger(seed), 'seed is a whole number');
  check(minBytes <= maxBytes, 'minBytes and maxBytes are numbers of bytes, the smaller one first');
  const words = Array.from({ length: FAULT.WORDS }, () => 0);
  words[FAULT.FIRST] = nth ?? every ?? 1;
  words[FAULT.EVERY] = every ?? 1;
  words[FAULT.CHANCE] = Math.ceil(probability * CERTAIN);
  words[FAULT.SEED] = seed | 0;
  words[FAULT.TIMES] = times === Infinity ? 0 : times;
  putLong(words, FAULT.MIN, Math.ceil(minBytes));
  putLong(words, FAULT.MAX, Math.floor(maxBytes));
  putSlots(words, plan.slots);
  return words;
}

function checkKind({ nth, every, probability }: FaultPlan): void {
  const kinds = [nth, every, probability].filter((it) => it !== undefined);
  check(kinds.length === 1, 'a plan has one of nth, every and probability');
  if (nth !== undefined) checkCount('nth', nth);
  if (every !== undefined) checkCount('every', every);
  const chance = probability ?? 1;
  check(chance > 0 && chance <= 1, 'probability is more than 0 and at most 1');
}

function checkCount(name: string, count: number): void {
  const whole = Number.isInteger(count) && count >= 1 && count <= MOST;
  check(whole, `${name} is a whole number from 1 to 2^31 - 1`);
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new HeapError('BAD_OPTION', `heap.faults: ${what}; null ends the plan`);
}

function putSlots(words: number[], slots: readonly number[] | undefined): void {
  const { SLOTS, SLOTS_WORDS } = FAULT;
  if (slots === undefined) words.fill(-1, SLOTS, SLOTS + SLOTS_WORDS);
  for (const slot of slots ?? []) {
    const known = Number.isInteger(slot) && slot >= 0 && slot < SLOT.MAX;
    check(known, `slots has numbers of slots, 0 to ${String(SLOT.MAX - 1)}`);
    words[SLOTS + (slot >>> 5)] = (words[SLOTS + (slot >>> 5)] as number) | (1 << (slot & 31));
  }
}

function putLong(words: number[], at: number, number: number): void {
  const value = Math.min(Math.max(0, number), Number.MAX_SAFE_INTEGER);
  words[at] = value | 0;
  words[at + 1] = Math.floor(value / HIGH);
}
