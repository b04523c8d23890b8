// What is done with a scenario or a mutant, and the figures that come of it. The long form and the
// tests do the same things, for different lengths of time.

import { explain } from './explain.ts';
import { readSources } from './loader.ts';
import type { Mutant } from './mutants.ts';
import { NO_LIMITS, Runner, type Limits } from './runner.ts';
import { searchAll } from './search.ts';
import { Realms, scenarioIn, settled } from './session.ts';
import { Stage } from './stage.ts';
import { walk, type Adversary } from './walk.ts';

/** One line of the table. */
export interface Row {
  readonly scenario: string;
  readonly part: string;
  readonly schedules: number;
  readonly states: number;
  readonly crashes: number;
  readonly complete: boolean;
  readonly seconds: number;
  /** The trace of what went wrong; null when nothing did. */
  readonly failure: string | null;
}

export interface Clock {
  /** Milliseconds for this piece of work. */
  readonly ms: number;
  /** Schedules for it; no limit when not given. */
  readonly schedules?: number;
}

function timer({ ms, schedules = Infinity }: Clock): (runner: Runner) => () => boolean {
  return (runner) => {
    const start = performance.now();
    return () => runner.tally.schedules >= schedules || performance.now() - start > ms;
  };
}

/** All schedules without deaths, within a bound of preemptions. */
export async function searchScenario(
  realms: Realms,
  scenario: string,
  preemptions: number,
  clock: Clock,
  { timeouts = 0, queues = true }: Partial<Limits> = {},
): Promise<Row> {
  const start = performance.now();
  const limits: Limits = { ...NO_LIMITS, preemptions, timeouts, queues };
  const found = await settled(realms, scenario, (runner) => ({
    runner,
    ...searchAll(runner, limits, timer(clock)(runner)),
  }));
  const bound = preemptions === Infinity ? 'unbounded' : `bound ${preemptions}`;
  const more = `${timeouts > 0 ? ', a time-out' : ''}${queues ? '' : ', no queues'}`;
  return rowOf(realms, `${bound}${more}`, start, found);
}

/** So many threads die, or overflow their stack, at every access in turn. */
export async function searchDeaths(
  realms: Realms,
  scenario: string,
  preemptions: number,
  how: 'kill' | 'throw',
  clock: Clock,
  strikes = 1,
): Promise<Row> {
  const start = performance.now();
  const [kills, throws] = how === 'kill' ? [strikes, 0] : [0, strikes];
  const limits: Limits = { preemptions, kills, throws, timeouts: 0 };
  const runner = await everywhere(realms, scenario);
  const found = searchAll(runner, limits, timer(clock)(runner));
  const times = strikes > 1 ? ` ${strikes} times` : '';
  return rowOf(realms, `${how}${times}, bound ${preemptions}`, start, { runner, ...found });
}

/** Random schedules. Without an adversary they stop at atomics, with one at every access. */
export async function walkScenario(
  realms: Realms,
  scenario: string,
  seed: number,
  adversary: Adversary,
  clock: Clock,
): Promise<Row> {
  const start = performance.now();
  const go = (runner: Runner) => {
    walk(runner, seed, adversary, timer(clock)(runner));
    return { runner, complete: false, states: 0 };
  };
  const found =
    adversary === 'nobody'
      ? await settled(realms, scenario, go)
      : go(await everywhere(realms, scenario));
  return rowOf(realms, `random, ${adversary} (seed ${seed})`, start, found);
}

/** The first, second, … request for pages is refused, until there is no such request. */
export async function failEachRequest(
  realms: Realms,
  scenario: string,
  clock: Clock,
): Promise<Row> {
  const start = performance.now();
  const runner = await everywhere(realms, scenario);
  const { realm } = runner.stage;
  const until = timer(clock)(runner);
  let states = 0;
  for (realm.failAt = 1; runner.machine.failure === null; realm.failAt++) {
    states += searchAll(runner, { ...NO_LIMITS, preemptions: 0 }, until).states;
    if (realm.requests < realm.failAt || until()) break;
  }
  const row = await rowOf(realms, 'no pages, each time', start, { runner, complete: true, states });
  realm.failAt = 0;
  return row;
}

/** Whether the scenario that should show a mutant does so. */
export async function showMutant(mutant: Mutant, clock: Clock): Promise<Row> {
  const realms = new Realms(readSources(mutant.edits), mutant.name);
  const row = await showIn(realms, mutant, clock);
  return { ...row, scenario: mutant.name };
}

/** What every mutant's walk begins with. */
const MUTANT_SEED = 1;

function showIn(realms: Realms, mutant: Mutant, clock: Clock): Promise<Row> {
  const { shownBy, dying = false, thrown = false, strikes = 1, walk: adversary } = mutant;
  if (adversary !== undefined) {
    return walkScenario(realms, shownBy, MUTANT_SEED, adversary, clock);
  }
  const { preemptions = dying || thrown ? 0 : 2 } = mutant;
  if (!dying && !thrown) return searchScenario(realms, shownBy, preemptions, clock);
  return searchDeaths(realms, shownBy, preemptions, dying ? 'kill' : 'throw', clock, strikes);
}

async function everywhere(realms: Realms, scenario: string): Promise<Runner> {
  const realm = await realms.everywhere();
  realm.failAt = 0;
  return new Runner(new Stage(realm, scenarioIn(realm, scenario)));
}

interface Found {
  readonly runner: Runner;
  readonly complete: boolean;
  readonly states: number;
}

async function rowOf(realms: Realms, part: string, start: number, found: Found): Promise<Row> {
  const { runner, complete, states } = found;
  const { schedules, crashes } = runner.tally;
  const seconds = (performance.now() - start) / 1000;
  const scenario = runner.stage.scenario.name;
  const failed = runner.machine.failure !== null;
  const failure = failed ? await explain(realms, runner) : null;
  return { scenario, part, schedules, states, crashes, complete, seconds, failure };
}
