// Samples: what had been counted so far, every two and a half seconds of the last minute, so that
// anybody can tell what has come in its last 10 or 60 seconds. Whoever looks for the dead (each
// thread that waits, its timer, every 64th slow path) takes the next one when it is due.
//
// One thread takes it: who brings SAMPLED from the last one's time to its own. The time says which
// record is to be written, in turn. It makes STAMP 0, writes the others, then STAMP; who reads the
// same STAMP before and after copying the others has copied a whole sample. It costs three reads a
// slot, and a dozen atomic accesses, every 2.5 s; a window costs as much and 200 atomic reads.
//
//   word      writers        readers  access  if its writer dies midway
//   SAMPLED   any, by CAS    all      atomic  valid: this sample is missing, the next will come
//   STAMP     who did that   all      atomic  0: nobody reads the others
//   others    the same       all      atomic  written anew when the record's turn comes
//
//   since(ms) == what is counted now - what had been ms ago
//
// A window is put together from the two samples around its beginning, as if what came between them
// had come evenly: mostly that is 2.5 s, but it may be as long as nobody used the heap. A heap that
// is younger has a shorter window. No difference is less than nothing: a slot's count may be read a
// little late, and a clock may be set. Where it is set, or comes round (after 24 days), records are
// written out of turn, and windows have gaps for a minute.
//
// A thread that stands still for a minute while it writes a sample spoils the one that is by then
// in that record: its figures are too old, until its turn comes again. That takes a stop between
// two of seven stores, and then a window shows too much for a minute; no decision rests on it.

import type { Layout } from '../word/geometry.ts';
import { HEADER } from '../word/layout.ts';
import { COUNTER, SAMPLE } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';
import { totalOf } from './counters.ts';
import { Stall } from './stall.ts';
import { clockMs } from './thread.ts';

const { SAMPLED, SAMPLES } = HEADER;
const { STAMP, STALL, ROUNDS, FAILURES, OOMS, ATTEMPTS, WORDS, COUNT } = SAMPLE;
/** COUNT of them reach back for more than a minute. */
const PERIOD_MS = 2500;
/** Milliseconds come round. */
const ROUND = 2 ** 31;
const HIGH = 2 ** 32;

/** What was counted at one moment, or between two. */
export interface Counted {
  /** The clock's, or how long it was. */
  readonly ms: number;
  readonly stallMs: number;
  readonly failures: number;
  readonly ooms: number;
  /** Allocs, those that failed too. */
  readonly attempts: number;
}

const NOTHING: Counted = Object.freeze({ ms: 0, stallMs: 0, failures: 0, ooms: 0, attempts: 0 });

export class Samples {
  private readonly memory: Memory;
  private readonly layout: Layout;
  private readonly clock: () => number;
  private readonly stall: Stall;

  constructor(memory: Memory, layout: Layout, clock: () => number = clockMs) {
    this.memory = memory;
    this.layout = layout;
    this.clock = clock;
    this.stall = new Stall(memory, clock);
  }

  /** The heap's first sample, by its first thread. */
  begin(): void {
    if (this.memory.load(SAMPLED) === 0) this.take();
  }

  /** Takes a sample, if one is due; whether it did. */
  take(): boolean {
    const { memory } = this;
    const last = memory.load(SAMPLED);
    const stamp = this.clock() | 1;
    const age = ahead(stamp, last);
    if (last !== 0 && age >= 0 && age < PERIOD_MS) return false; // a clock that was set: at once
    if (memory.cas(SAMPLED, last, stamp) !== last) return false; // COMMIT: it is this thread's
    this.write(this.current(stamp, this.all()));
    return true;
  }

  /** What has come in the last so many milliseconds, or since the oldest sample there is. */
  since(ms: number): Counted {
    const samples = this.all();
    const now = this.current(this.clock() | 1, samples);
    let later = NOTHING;
    for (const sample of latestFirst(samples, now.ms)) {
      const earlier = difference(now, sample);
      if (earlier.ms >= ms) return between(later, earlier, ms);
      later = earlier;
    }
    return later;
  }

  /** For how many milliseconds somebody has waited for memory, since the heap was made. */
  stalledMs(): number {
    return Math.max(0, this.current(this.clock() | 1, this.all()).stallMs);
  }

  private current(ms: number, samples: readonly Counted[]): Counted {
    const { memory, layout } = this;
    const failures = totalOf(memory, layout, COUNTER.FAILURES);
    return {
      ms,
      stallMs: this.stallSince(latestFirst(samples, ms)[0]?.stallMs ?? 0),
      failures,
      ooms: totalOf(memory, layout, COUNTER.OOMS),
      attempts: failures + totalOf(memory, layout, COUNTER.ALLOCS),
    };
  }

  /** The total, which has 31 bits in the word, counted on from an earlier one that has them all. */
  private stallSince(before: number): number {
    return before + ahead(this.stall.total(), before % ROUND);
  }

  private write({ ms, stallMs, failures, ooms, attempts }: Counted): void {
    const { memory } = this;
    const record = recordAt(Math.floor(ms / PERIOD_MS) % COUNT);
    memory.store(record + STAMP, 0);
    memory.store(record + STALL, stallMs & (ROUND - 1));
    memory.store(record + ROUNDS, Math.floor(stallMs / ROUND));
    memory.store(record + FAILURES, failures | 0);
    memory.store(record + OOMS, ooms | 0);
    memory.store(record + ATTEMPTS, attempts | 0);
    memory.store(record + ATTEMPTS + 1, Math.floor(attempts / HIGH));
    memory.store(record + STAMP, ms); // COMMIT: pairs with copy
  }

  /** All samples that there are. */
  private all(): Counted[] {
    const found: Counted[] = [];
    for (let index = 0; index < COUNT; index++) {
      const sample = this.copy(recordAt(index));
      if (sample !== null) found.push(sample);
    }
    return found;
  }

  /** A whole sample; null where there is none. */
  private copy(record: number): Counted | null {
    const { memory } = this;
    const ms = memory.load(record + STAMP);
    if (ms === 0) return null;
    const stallMs = memory.load(record + ROUNDS) * ROUND + memory.load(record + STALL);
    const failures = memory.load(record + FAILURES);
    const ooms = memory.load(record + OOMS);
    const low = memory.load(record + ATTEMPTS) >>> 0;
    const attempts = memory.load(record + ATTEMPTS + 1) * HIGH + low;
    return memory.load(record + STAMP) === ms ? { ms, stallMs, failures, ooms, attempts } : null;
  }
}

function recordAt(index: number): number {
  return SAMPLES + index * WORDS;
}

/** By how much one reading of 31 bits is ahead of another; less than 0 if it is behind. */
function ahead(one: number, other: number): number {
  return ((one - other) << 1) >> 1;
}

/** Those of the future are of a clock that was set. */
function latestFirst(samples: readonly Counted[], now: number): Counted[] {
  const past = samples.filter(({ ms }) => ahead(now, ms) >= 0);
  return past.sort((a, b) => ahead(b.ms, a.ms));
}

/** Failures are counted in 32 bits: no more of them fit into a minute. */
function difference(now: Counted, then: Counted): Counted {
  return {
    ms: ahead(now.ms, then.ms),
    stallMs: Math.max(0, now.stallMs - then.stallMs),
    failures: Math.max(0, (now.failures - then.failures) | 0),
    ooms: Math.max(0, (now.ooms - then.ooms) | 0),
    attempts: Math.max(0, now.attempts - then.attempts),
  };
}

/** At a time between two. */
function between(later: Counted, earlier: Counted, ms: number): Counted {
  const share = (ms - later.ms) / (earlier.ms - later.ms);
  const at = (a: number, b: number) => a + (b - a) * share;
  return {
    ms,
    stallMs: at(later.stallMs, earlier.stallMs),
    failures: at(later.failures, earlier.failures),
    ooms: at(later.ooms, earlier.ooms),
    attempts: at(later.attempts, earlier.attempts),
  };
}
