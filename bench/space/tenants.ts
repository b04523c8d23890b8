// The sides of a study of space: ours in both modes, each in a worker thread, and the libraries in
// C. One that fails, or is too slow, is left out with the reason.
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { runErrand } from '../native/errand.ts';
import type { Library } from '../native/libraries.ts';
import { attempt, type Failure, type Natives } from '../suite/run.ts';
import type { Setting } from '../suite/study.ts';
import type { Holding, OwnHolding, TooSlow } from './holding.ts';
import type { Requests } from './requests.ts';
import type { Tenancy } from './tenancy.ts';

export const TWO_TIER = 'atomalloc';
export const SIMPLE = 'simple-heap';

/** What every side held that came to the end. */
export interface Held {
  readonly requests: Requests;
  readonly ours: ReadonlyMap<string, OwnHolding>;
  readonly natives: ReadonlyMap<string, Holding>;
  readonly failures: readonly Failure[];
}

const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/tenant${ENDING}`, import.meta.url);
const DEADLINE_MS = 20_000;
const QUICK_DEADLINE_MS = 1000;

export async function hold(requests: Requests, { quick, natives }: Setting): Promise<Held> {
  const failures: Failure[] = [];
  const ours = new Map<string, OwnHolding>();
  const { words, blocks } = requests;
  const deadlineMs = quick ? QUICK_DEADLINE_MS : DEADLINE_MS;
  const enter = (name: string, mode: Tenancy['mode']): Promise<void> => {
    const tenancy = { mode, words, blocks, deadlineMs };
    return attempt(name, failures, async () => {
      const held = await tenant(tenancy);
      if ('tooSlow' in held) failures.push({ side: name, what: held.tooSlow, harmless: true });
      else ours.set(name, held);
    });
  };
  await enter(TWO_TIER, 'two-tier');
  const [others] = await Promise.all([
    natives === null ? new Map() : holdInC(requests, natives, failures),
    enter(SIMPLE, 'simple-heap'), // takes as long as all the others together
  ]);
  return { requests, ours, natives: others, failures };
}

async function tenant(tenancy: Tenancy): Promise<OwnHolding | TooSlow> {
  const worker = new Worker(PROGRAM, { workerData: tenancy });
  const [[holding]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return holding as OwnHolding | TooSlow;
}

async function holdInC(
  { words, blocks }: Requests,
  { programs, libraries }: Natives,
  failures: Failure[],
): Promise<Map<string, Holding>> {
  const held = new Map<string, Holding>();
  const file = join(programs.folder, 'requests');
  writeFileSync(file, words);
  const play = async (library: Library): Promise<Holding> => {
    const [line = ''] = await runErrand(programs.paths.space, library, [file, String(blocks)]);
    const [peakBytes, endBytes, afterBytes] = line.split(' ').map(Number);
    return { peakBytes: peakBytes!, endBytes: endBytes!, afterBytes: afterBytes! };
  };
  for (const library of libraries) {
    const { name } = library;
    await attempt(name, failures, async () => held.set(name, await play(library)));
  }
  rmSync(file);
  return held;
}
