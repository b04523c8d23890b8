// Fail-nth, after Linux's: an operation is run with its first allocation refused, then with its
// second, and so on, until a run has so few that none is refused. So every place is visited at
// which it can run out of memory, and what it does about it is seen: it is to say so, and to leave
// the heap as it was.
//
// An operation does about the same each time, and takes back what it has done when it succeeds, or
// leaves that to `undo`: it starts anew in each run.

import type { FaultPlan } from '../heap/faults.ts';
import type { SharedHeap } from '../heap/heap.ts';
import { stateHash } from './state.ts';

const MOST_RUNS = 1000;

/** What is tried, and when an outcome counts as a refusal. */
export interface FailNthOptions<T> extends Pick<FaultPlan, 'minBytes' | 'maxBytes'> {
  /** Whose requests count: this thread's when not given, or those on these slots, or all. */
  readonly slots?: readonly number[] | 'all';
  /** Requests that are refused in a run: 1 when not given; with Infinity memory stays out. */
  readonly times?: number;
  /**
   * After each run `validate` has to find nothing, and after one that failed, `stateHash` to be
   * what it was before.
   */
  readonly unchanged?: boolean;
  /** Whether an outcome says no. When not given: 0, false, `{ ok: false }`. */
  readonly failed?: (outcome: T) => boolean;
  /** Takes back what an operation has done that did not fail. */
  readonly undo?: (outcome: T) => unknown;
  /** More runs than that are a mistake: 1000 when not given. */
  readonly maxRuns?: number;
}

/** One run. */
export interface FailNthRun<T> {
  /** The number of the request that was to be refused. */
  readonly n: number;
  /** Requests that the operation made, and how many of them were refused: 0 in the last run. */
  readonly requests: number;
  readonly failures: number;
  readonly outcome: T;
  /** Whether the outcome says no. */
  readonly failed: boolean;
}

/** Thrown when the operation throws, does not come to an end, or has not left the heap alone. */
export class FailNthError extends Error {
  /** The number of the request that was refused in that run. */
  readonly n: number;

  constructor(n: number, what: string, cause?: unknown) {
    super(`with allocation ${String(n)} refused, ${what}`, { cause });
    this.name = 'FailNthError';
    this.n = n;
  }
}

/**
 * Runs `operation` with its n-th allocation refused, for n = 1, 2, 3 … until none is; returns all
 * runs, the last of which was refused nothing. Sets `heap.faults` and ends it each time. Throws a
 * FailNthError, with the number n, for what is wrong.
 */
export function failNth<T>(
  heap: SharedHeap,
  operation: (n: number) => T,
  options: FailNthOptions<T> = {},
): FailNthRun<T>[] {
  const trial = new Trial(heap, options);
  while (trial.goesOn) {
    trial.begin();
    try {
      trial.end(notPromised(operation(trial.n)));
    } catch (error) {
      throw trial.broken(error);
    }
  }
  return trial.runs;
}

/** As `failNth`, for an operation that returns a promise; each run waits for it. */
export async function failNthAsync<T>(
  heap: SharedHeap,
  operation: (n: number) => Promise<T>,
  options: FailNthOptions<T> = {},
): Promise<FailNthRun<T>[]> {
  const trial = new Trial(heap, options);
  while (trial.goesOn) {
    trial.begin();
    try {
      trial.end(await operation(trial.n));
    } catch (error) {
      throw trial.broken(error);
    }
  }
  return trial.runs;
}

class Trial<T> {
  readonly runs: FailNthRun<T>[] = [];
  private readonly heap: SharedHeap;
  private readonly options: FailNthOptions<T>;
  private before = '';

  constructor(heap: SharedHeap, options: FailNthOptions<T>) {
    this.heap = heap;
    this.options = options;
  }

  /** The run that is on, or the next one. */
  get n(): number {
    return this.runs.length + 1;
  }

  get goesOn(): boolean {
    const last = this.runs.at(-1);
    return last === undefined || last.failures > 0;
  }

  begin(): void {
    const { maxRuns = MOST_RUNS, unchanged, slots, times, minBytes, maxBytes } = this.options;
    if (this.n > maxRuns) throw new FailNthError(this.n - 1, 'there is no end: see maxRuns');
    if (unchanged === true) this.before = stateHash(this.heap);
    this.heap.faults.inject({
      nth: this.n,
      ...(slots === 'all' ? {} : { slots: slots ?? [this.heap.slot] }),
      ...(times === undefined ? {} : { times }),
      ...(minBytes === undefined ? {} : { minBytes }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
  }

  end(outcome: T): void {
    const { failed = saysNo, unchanged, undo } = this.options;
    this.heap.faults.inject(null);
    const run = { n: this.n, ...this.heap.faults.counts(), outcome, failed: failed(outcome) };
    if (unchanged === true && run.failed) this.compare();
    if (!run.failed) undo?.(outcome);
    if (unchanged === true) this.examine();
    this.runs.push(run);
  }

  /** What to throw when the operation, or one of the checks, has thrown. */
  broken(error: unknown): FailNthError {
    if (error instanceof FailNthError) return error;
    this.heap.faults.inject(null);
    const why = error instanceof Error ? error.message : String(error);
    return new FailNthError(this.n, `the operation has thrown: ${why}`, error);
  }

  private compare(): void {
    const [before, after] = [this.before.split('\n'), stateHash(this.heap).split('\n')];
    const changes = after.flatMap((line, i) =>
      line === before[i] ? [] : [`${String(before[i])} → ${line}`],
    );
    if (changes.length === 0) return;
    throw new FailNthError(this.n, `the heap was not left as it was:\n${changes.join('\n')}`);
  }

  private examine(): void {
    const [first] = this.heap.validate();
    if (first === undefined) return;
    throw new FailNthError(this.n, `validate found ${first.where}: ${first.message}`);
  }
}

function notPromised<T>(outcome: T): T {
  if (typeof (outcome as { then?: unknown } | null)?.then !== 'function') return outcome;
  throw new Error('it returns a promise: use failNthAsync');
}

/** How the heap's own calls say no. */
function saysNo(outcome: unknown): boolean {
  if (typeof outcome !== 'object' || outcome === null) return outcome === 0 || outcome === false;
  return 'ok' in outcome && outcome.ok === false;
}
