// What is ordered from the artisan (workers/artisan.ts), and what it answers.

import type { Signals } from './signals.ts';

export interface Order {
  readonly how:
    | 'do'
    | 'wait'
    | 'hold'
    | 'stay'
    | 'throw'
    | 'exit'
    | 'crash'
    | 'ask'
    | 'commit'
    | 'function';
  readonly signals: Signals;
  /** Freed at the commit. */
  readonly old: number;
  /** Where a double counts what was done. */
  readonly account: number;
  /** Bytes of the new block; in the task that waits, also milliseconds. */
  readonly size: number;
}

export interface Made {
  readonly ptr: number;
  readonly bytes: Float64Array;
}

export interface Person {
  readonly slot: number;
  readonly live: number;
  readonly data: unknown;
}
