// The crew: a piscina pool in which every worker plays one share of a turn at a time.
//
// The pool has exactly as many threads as a turn has shares and runs one task on each, so that all
// shares are played at once; one whose worker starts late only makes others wait for its blocks.
import { Piscina } from 'piscina';
import type { HeapHandle } from '../../src/index.ts';
import type { Stage } from './stage.ts';

export interface ShareTask {
  readonly heap: HeapHandle;
  readonly stage: Stage;
  readonly share: number;
}

export interface ShareResult {
  readonly startedMs: number; // both since the epoch, so that threads' times compare
  readonly endedMs: number;
  readonly notes: readonly string[];
}

export interface Crew {
  readonly workers: number;
  play(task: ShareTask): Promise<ShareResult>;
  dismiss(): Promise<void>;
}

// The program stands beside this file's folder both before and after compilation, which only
// changes its ending.
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/replayer${ENDING}`, import.meta.url);

export function hireCrew(workers: number, program: URL = PROGRAM): Crew {
  const pool = new Piscina<ShareTask, ShareResult>({
    filename: program.href,
    name: 'replay',
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
  });
  return {
    workers,
    play: (task) => pool.run(task),
    dismiss: () => pool.destroy(),
  };
}
