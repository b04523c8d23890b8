// What the workers of plain threads, comlink and workerpool do for their tests: a block of numbers
// is squared into a new one and freed, in one transaction; or that is left half done.

import type { Result } from '../../../src/word/errors.ts';
import type { SharedHeap } from '../../../src/heap/heap.ts';
import { blockUntil, signal, SIGNAL, type Signals } from './signals.ts';

export interface Job {
  readonly ptr: number;
  readonly length: number;
  readonly how: 'square' | 'throw' | 'stay';
  readonly signals: Signals;
}

export function squareIn(heap: SharedHeap, { ptr, length, how, signals }: Job): Result<number> {
  return heap.transaction((tx) => {
    const squares = tx.alloc(length * Float64Array.BYTES_PER_ELEMENT);
    const numbers = heap.view(ptr, Float64Array, length);
    heap.view(squares, Float64Array, length).set(numbers.map((x) => x * x));
    tx.free(ptr);
    signal(signals, SIGNAL.STARTED);
    if (how === 'throw') throw new RangeError('as ordered');
    if (how === 'stay') blockUntil(signals, SIGNAL.STOP, 1, Infinity);
    return squares;
  });
}
