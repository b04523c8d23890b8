// Seats of threads that may end at any time, by names that nobody has after them.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedHeap } from '../../../src/index.ts';

/** A thread's seat, as nobody else will have it again. */
export interface SeatName {
  readonly slot: number;
  readonly incarnation: number;
}

export function seatOf(heap: SharedHeap): SeatName {
  const { slot, incarnation } = heap.stats().slots.find(({ self }) => self) as SeatName;
  return { slot, incarnation };
}

/** Recovers what the thread that has ended left on that seat, unless somebody has done it. */
export async function bury(heap: SharedHeap, { slot, incarnation }: SeatName): Promise<void> {
  const isThere = () =>
    heap.stats().slots.some((it) => it.slot === slot && it.incarnation === incarnation);
  for (let attempt = 0; isThere() && !heap.reap(slot); attempt++) {
    if (attempt === 5000) throw new Error(`slot ${slot} is not over`);
    await sleep(1);
  }
}
