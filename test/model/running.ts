// What a thread of the model is while it runs: a generator that stops before each visible access,
// and what may be thrown into it.

import { KINDS } from './reach.ts';

export type Running = Generator<void, unknown, unknown>;

/** What one thread sends another, and all that it had done until then. */
export interface Message {
  readonly value: number;
  readonly clock: Int32Array;
}

/** Thrown into a thread as V8 throws a stack overflow. */
export class Overflow extends RangeError {}

/** A bit for each kind that writes. */
export const WRITING = ['set', 'store', 'swap', 'add', 'setByte', 'clearBytes', 'setCount'].reduce(
  (bits, kind) => bits | (1 << KINDS[kind as keyof typeof KINDS]),
  0,
);

export function isRunning(value: unknown): value is Running {
  return typeof value === 'object' && value !== null && 'next' in value && 'throw' in value;
}
