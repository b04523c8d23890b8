// The figures of a replay: what is counted in each turn, and how turns are put together.

/** What one turn did, or several of the same. Counts add up, peaks are the highest. */
export interface Figures {
  readonly trace: string;
  readonly copies: number;
  readonly rounds: number;
  readonly events: number;
  readonly seconds: number;
  readonly peakLiveBytes: number;
  readonly peakPages: number;
  /** Whether the turn raised the heap's high-water mark. If not, the pages are the most that were
   * seen, and some of them are caches that earlier turns left behind. */
  readonly raisedPeak: boolean;
  /** Slack inside slabs when the heap was fullest; null if nobody looked in time. */
  readonly fragmentation: number | null;
  readonly overlaps: number;
  readonly mismatches: number;
  readonly misaligned: number;
  readonly badFrees: number;
  /** Allocations and reallocations that the heap refused. */
  readonly failed: number;
  /** Events of blocks that were refused. */
  readonly skipped: number;
  /** Blocks still live in the heap when the replay held none. */
  readonly leaks: number;
  /** Blocks that the programs themselves never freed. */
  readonly leftovers: number;
  /** Times that a worker had nothing to do but wait for another's block. */
  readonly handoverWaits: number;
  /** Lock acquisitions that found the lock taken, and those of them that slept. */
  readonly lockContended: number;
  readonly lockWaits: number;
  readonly notes: readonly string[];
}

/** Figures of the same turn played again, or of several turns, put together. */
export function addFigures(a: Figures, b: Figures): Figures {
  const sum = (key: Counted): number => a[key] + b[key];
  const fuller = fullerOf(a, b);
  return {
    trace: a.trace,
    copies: a.copies,
    rounds: sum('rounds'),
    events: sum('events'),
    seconds: sum('seconds'),
    peakLiveBytes: Math.max(a.peakLiveBytes, b.peakLiveBytes),
    peakPages: fuller.peakPages,
    raisedPeak: fuller.raisedPeak,
    fragmentation: fuller.fragmentation,
    overlaps: sum('overlaps'),
    mismatches: sum('mismatches'),
    misaligned: sum('misaligned'),
    badFrees: sum('badFrees'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    leaks: sum('leaks'),
    leftovers: sum('leftovers'),
    handoverWaits: sum('handoverWaits'),
    lockContended: sum('lockContended'),
    lockWaits: sum('lockWaits'),
    notes: [...a.notes, ...b.notes].slice(0, 20),
  };
}

function fullerOf(a: Figures, b: Figures): Figures {
  if (a.raisedPeak !== b.raisedPeak) return a.raisedPeak ? a : b;
  return a.peakPages < b.peakPages ? b : a;
}

type Counted = {
  [Key in keyof Figures]: Figures[Key] extends number ? Key : never;
}[keyof Figures];

/** The counts that must all be 0 for a heap to have done its work. */
export const FAULTS = [
  'overlaps',
  'mismatches',
  'misaligned',
  'badFrees',
  'failed',
  'leaks',
] as const satisfies readonly Counted[];

export function isFaultless(figures: Figures): boolean {
  return FAULTS.every((fault) => figures[fault] === 0);
}
