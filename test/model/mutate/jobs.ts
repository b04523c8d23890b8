// The jobs: every mutation of the files that the model loads, each with the scenarios that come to
// its place; or a sample of them.

import { cutOf, NARROWED, readSources, ROOT } from '../loader.ts';
import { readUnit, type Unit } from '../source.ts';
import { Dice } from '../../support/dice.ts';
import type { Job } from './crew.ts';
import { mutationsOf, type Mutation } from './mutations.ts';
import { survey } from './survey.ts';

/** Files that are not mutated, and why. The external one is not among the model's units. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'src/word/memory.ts': 'the model has its own class Memory',
  'src/word/errors.ts': 'texts of errors',
  'src/heap/text.ts': 'reads and writes sizes as text',
};

export interface Choice {
  /** Only files whose path has this in it. */
  readonly file: string;
  /** So many at random; Infinity for all. */
  readonly sample: number;
  readonly seed: number;
  readonly ms: number;
}

/** The files as they are, before any edit. */
export function mutableUnits(): Unit[] {
  const { units } = readSources().program;
  const paths = units.map((unit) => unit.path).filter((path) => path.startsWith('src/'));
  return paths.filter((path) => !(path in LEFT_OUT)).map((path) => readUnit(ROOT, path));
}

export async function jobsOf({ file, sample, seed, ms }: Choice): Promise<Job[]> {
  const units = mutableUnits();
  const mutations: Mutation[] = [];
  for (const unit of units) {
    if (!unit.path.includes(file)) continue;
    mutations.push(...(await mutationsOf(unit)).filter((it) => !isNarrowed(unit, it)));
  }
  const reached = await survey(units);
  return drawn(mutations, sample, new Dice(seed)).map((mutation) => {
    const { path, start, end, to } = mutation;
    const scenarios = reached.reaching(path, start);
    return { mutation, task: { mutation: { path, start, end, to }, scenarios, seed, ms } };
  });
}

/** What the loader changes already cannot be changed again. */
function isNarrowed({ path, text }: Unit, { start, end }: Mutation): boolean {
  const cuts = NARROWED.filter((it) => it.path === path).map((it) => cutOf(text, it));
  return cuts.some((cut) => start < cut.end && cut.start < end);
}

/** The first so many of the shuffled list (Fisher and Yates). */
function drawn<T>(list: readonly T[], count: number, dice: Dice): T[] {
  const left = [...list];
  const taken = Math.min(count, left.length);
  for (let i = 0; i < taken; i++) {
    const other = i + dice.below(left.length - i);
    [left[i], left[other]] = [left[other] as T, left[i] as T];
  }
  return left.slice(0, taken);
}
