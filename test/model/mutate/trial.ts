// A trial: one mutation is done to the sources, and the short model run looks for it, in the
// scenarios that come to its place. It ends at the first failure. Sources that no longer load, or
// scenarios that cannot be set up, are failures too; a text that no longer parses is none, but a
// mistake of the tool.

import { readSources } from '../loader.ts';
import { Realms, scenariosOf } from '../session.ts';
import type { Mutation } from './mutations.ts';
import { isSound, PARTS, type Part } from './parts.ts';

export interface Task {
  readonly mutation: Pick<Mutation, 'path' | 'start' | 'end' | 'to'>;
  readonly scenarios: readonly string[];
  readonly seed: number;
  /** Milliseconds; when they are over, it has survived. */
  readonly ms: number;
}

/** What killed it; null for a survivor. */
export interface Verdict {
  readonly part: string;
  readonly scenario: string;
  readonly failure: string;
}

/** With stops at atomics only, a mutant may leave a thread none; the parts before it had others. */
const UNPLAYABLE = 'makes no step that can be scheduled';

/** Calls `beat` all the time; who hears nothing for long may take it that the mutant hangs. */
export async function trial(task: Task, beat: () => void): Promise<Verdict | null> {
  const end = performance.now() + task.ms;
  const sources = readSources([task.mutation]);
  const realms = new Realms(sources);
  const until = () => {
    beat();
    return performance.now() > end;
  };
  try {
    await realms.everywhere();
  } catch (error) {
    return { part: 'load', scenario: '', failure: String(error) };
  }
  for (const part of PARTS) {
    for (const scenario of task.scenarios.slice(0, part.scenarios)) {
      if (until()) return null;
      const failure = await tried(part, realms, scenario, task.seed, until);
      if (failure !== null) return { part: part.name, scenario, failure };
    }
  }
  return null;
}

async function tried(part: Part, realms: Realms, name: string, seed: number, until: () => boolean) {
  try {
    const scenarios = scenariosOf(await realms.everywhere());
    const scenario = scenarios.find((it) => it.name === name);
    if (scenario === undefined || !isSound(part, scenario)) return null;
    return await part.play(realms, name, seed, until);
  } catch (error) {
    const text = String(error);
    return text.includes(UNPLAYABLE) ? null : `set-up: ${text}`;
  }
}
