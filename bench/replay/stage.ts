// The stage: everything the workers of one turn share, in memory of its own beside the heap, so
// that the heap's statistics stay those of the replayed programs.
//
//   cursor   one recorded thread of one copy     (copy, thread)
//   copy     one run of one trace's program      a range of records
//   record   one block of one copy               (copy, block)
//   share    what one worker plays: its cursors, and a row of tallies
//
// How a block travels: a player writes GRANULE, SIZE and KEY plainly, then stores STEP, and raises
// PUBLISHED if another thread waits for the block. Whoever needs it loads STEP and reads the rest.
// STEP counts the block's events played, and is the truth about each of them: an event whose step
// is behind it was played, one that equals it is next. A share that a new worker takes over can
// therefore start from NEXT even if that is stale.
//
//   word        writers               readers    access
//   NEXT        the share             all        atomic, a hint and a progress mark
//   DONE        the share             the share  atomic, claimed once
//   UNFINISHED  shares, at DONE       shares     atomic, who takes it to 0 frees what is left
//   GRANULE …   who plays the step    the next   plain, published by STEP
//   STEP        who plays the step    all        atomic
//   ARRIVED     shares                shares     atomic, only ever rises
//   LIVE, PEAK  shares                all        atomic, in units of 16 bytes
//   tallies     the share             all        plain, read when the turn is over
import type { Trace } from './trace.ts';
import { sharedWords } from './trace.ts';
import { castParts, type Part, type Turn } from './plan.ts';

export const CURSOR = Object.freeze({
  WORDS: 8,
  TRACE: 0,
  COPY: 1,
  FIRST: 2, // first record of its copy
  NEXT: 3,
  END: 4,
  SHARE: 5,
  DONE: 6,
});
export const COPY = Object.freeze({
  WORDS: 8,
  FIRST: 0,
  RECORDS: 1,
  UNFINISHED: 2,
  TRACE: 3,
  NUMBER: 4, // among the copies of its trace
});
// GRANULE is the block's address / 16, so that 16 GiB fit; 0 means that there is no block.
export const RECORD = Object.freeze({ WORDS: 4, GRANULE: 0, SIZE: 1, KEY: 2, STEP: 3 });
export const CONTROL = Object.freeze({
  STOP: 0,
  ARRIVED: 1,
  PUBLISHED: 16,
  WAITERS: 32,
  LIVE: 48,
  PEAK: 49,
});
const CONTROL_WORDS = 64;

export const TALLY = Object.freeze({
  OVERLAPS: 0,
  MISMATCHES: 1,
  MISALIGNED: 2,
  BAD_FREES: 3,
  FAILED: 4,
  SKIPPED: 5,
  LEFTOVERS: 6,
  WAITS: 7,
});
export const TALLY_WORDS = 32;

export interface Stage {
  readonly names: readonly string[]; // of the traces
  readonly scripts: readonly Int32Array[]; // each trace's events
  readonly cursors: Int32Array;
  readonly copies: Int32Array;
  readonly records: Int32Array;
  readonly control: Int32Array;
  readonly tallies: Int32Array; // one row a share, the last for the thread that started the turn
}

export function buildStage(turn: Turn, workers: number): Stage {
  const parts = castParts(turn, workers);
  const copies = buildCopies(turn);
  const records = turn.traces.reduce((sum, trace) => sum + trace.blocks, 0) * turn.copies;
  return {
    names: turn.traces.map((trace) => trace.name),
    scripts: turn.traces.map((trace) => trace.words),
    cursors: buildCursors(turn, parts, copies),
    copies,
    records: sharedWords(records * RECORD.WORDS),
    control: sharedWords(CONTROL_WORDS),
    tallies: sharedWords((workers + 1) * TALLY_WORDS),
  };
}

function buildCopies(turn: Turn): Int32Array {
  const copies = sharedWords(turn.traces.length * turn.copies * COPY.WORDS);
  let at = 0;
  let first = 0;
  turn.traces.forEach((trace, index) => {
    for (let copy = 0; copy < turn.copies; copy++, at += COPY.WORDS, first += trace.blocks) {
      copies.set([first, trace.blocks, trace.threads, index, copy], at);
    }
  });
  return copies;
}

function buildCursors(turn: Turn, parts: readonly Part[], copies: Int32Array): Int32Array {
  const cursors = sharedWords(parts.length * CURSOR.WORDS);
  parts.forEach(({ trace, copy, thread, share }, index) => {
    const { starts } = turn.traces[trace] as Trace;
    const place = trace * turn.copies + copy;
    const first = copies[place * COPY.WORDS + COPY.FIRST]!;
    const from = starts[thread]!;
    const end = starts[thread + 1]!;
    cursors.set([trace, place, first, from, end, share, 0], index * CURSOR.WORDS);
  });
  return cursors;
}

export function sharesOf({ tallies }: Stage): number {
  return tallies.length / TALLY_WORDS - 1;
}

/** Asks every player to stop after the events at hand. */
export function stopStage({ control }: Stage): void {
  Atomics.store(control, CONTROL.STOP, 1);
  Atomics.add(control, CONTROL.PUBLISHED, 1);
  Atomics.notify(control, CONTROL.PUBLISHED);
}

/** Events played so far, of all cursors. */
export function eventsPlayed({ cursors }: Stage, before: number): number {
  let sum = 0;
  for (let at = 0; at < cursors.length; at += CURSOR.WORDS) {
    sum += Atomics.load(cursors, at + CURSOR.NEXT);
  }
  return sum - before;
}

/** One tally, summed over all shares. */
export function tallied({ tallies }: Stage, tally: number): number {
  let sum = 0;
  for (let row = tally; row < tallies.length; row += TALLY_WORDS) sum += tallies[row]!;
  return sum;
}

export function peakLiveBytes({ control }: Stage): number {
  return Atomics.load(control, CONTROL.PEAK) * 16;
}
