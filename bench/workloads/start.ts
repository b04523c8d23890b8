// From a job to the work of one thread.
import { Batch } from './batch.ts';
import { Larson } from './larson.ts';
import { Mixed } from './mixed.ts';
import { Pair } from './pair.ts';
import { Consumer, Producer } from './ring.ts';
import type { Ground, Part, Work } from './work.ts';

/** Enough for the words that any job's threads share. */
export const SHARED_WORDS = 1 << 16;

export function startWork(ground: Ground, part: Part): Work {
  switch (part.workload) {
    case 'pair':
      return new Pair(ground, part);
    case 'batch':
    case 'shuffled':
      return new Batch(ground, part);
    case 'mixed':
      return new Mixed(ground, part);
    case 'ring':
      return part.thread === 0 ? new Producer(ground, part) : new Consumer(ground, part);
    case 'larson':
      return new Larson(ground, part);
  }
}
