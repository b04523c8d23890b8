// The crew: worker threads that try mutations, each one at a time. A mutant may loop for ever
// without touching shared memory, and then nothing inside its thread can end it: a thread whose
// heart stops is ended from here, and another takes its place.

import { Piscina } from 'piscina';
import type { Mutation } from './mutations.ts';
import type { Task, Verdict } from './trial.ts';
import type { Watched } from './worker.ts';

export type Outcome = 'killed' | 'timeout' | 'survived' | 'not covered';

export interface Tried {
  readonly mutation: Mutation;
  readonly outcome: Outcome;
  readonly verdict: Verdict | null;
}

export interface Job {
  readonly mutation: Mutation;
  readonly task: Task;
}

/** So long without a schedule's end is a loop; before the first beat a thread may be starting. */
const STILL_MS = 3000;
const START_MS = 30_000;
const LOOK_MS = 200;

const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`./worker${ENDING}`, import.meta.url);

/** Tries all, so many at a time; `done` hears of each as it comes. */
export async function tryAll(
  jobs: Iterable<Job>,
  threads: number,
  done: (tried: Tried) => void,
  program: URL = PROGRAM,
): Promise<void> {
  const pool: Pool = new Piscina<Watched, Verdict | null>({
    filename: program.href,
    name: 'attempt',
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 1,
    resourceLimits: { maxOldGenerationSizeMb: 2048 },
  });
  const queue = jobs[Symbol.iterator]();
  const lane = async () => {
    for (let job = queue.next(); job.done !== true; job = queue.next()) {
      done(await tryOne(pool, job.value));
    }
  };
  await Promise.all(Array.from({ length: threads }, lane));
  await pool.destroy();
}

type Pool = Piscina<Watched, Verdict | null>;

async function tryOne(pool: Pool, { mutation, task }: Job): Promise<Tried> {
  if (task.scenarios.length === 0) return { mutation, outcome: 'not covered', verdict: null };
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const abort = new AbortController();
  const watch = watchOver(beats, abort);
  try {
    const verdict = await pool.run({ task, beats }, { signal: abort.signal });
    return { mutation, outcome: verdict === null ? 'survived' : 'killed', verdict };
  } catch (error) {
    if (!abort.signal.aborted && !isOutOfMemory(error)) throw error;
    return { mutation, outcome: 'timeout', verdict: null };
  } finally {
    clearInterval(watch);
  }
}

function watchOver(beats: Int32Array, abort: AbortController): NodeJS.Timeout {
  let [seen, since] = [0, performance.now()];
  return setInterval(() => {
    const now = Atomics.load(beats, 0);
    if (now !== seen) [seen, since] = [now, performance.now()];
    else if (performance.now() - since > (now === 0 ? START_MS : STILL_MS)) abort.abort();
  }, LOOK_MS);
}

/** A loop that also fills the memory ends its thread by itself. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ERR_WORKER_OUT_OF_MEMORY';
}
