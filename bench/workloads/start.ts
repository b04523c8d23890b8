// From a job to the work of one thread.
import { batch } from './batch.ts';
import { delays } from './delays.ts';
import { larson } from './larson.ts';
import { mixed } from './mixed.ts';
import { pair } from './pair.ts';
import { consumer, producer } from './ring.ts';
import { far, steady } from './steady.ts';
import type { Ground, Part, Work, WorkloadName } from './work.ts';

/** Enough for the words that any job's threads share. */
export const SHARED_WORDS = 1 << 16;

const starters: Readonly<Record<WorkloadName, (ground: Ground, part: Part) => Work>> = {
  pair,
  batch,
  shuffled: batch,
  mixed,
  steady,
  far,
  delays,
  ring: (ground, part) => (part.thread === 0 ? producer : consumer)(ground, part),
  larson,
};

export function startWork(ground: Ground, part: Part): Work {
  return starters[part.workload](ground, part);
}
