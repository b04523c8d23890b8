// The short model run, in parts: orders without preemption, zones that refuse, random schedules, a
// death or a stack overflow at each access, and the bounded search. Those that find most for least
// come first. A part plays one scenario on realms and says what went wrong.

import { NO_LIMITS, Runner, type Limits } from '../runner.ts';
import type { Scenario } from '../scenario.ts';
import { searchAll } from '../search.ts';
import { scenarioIn, settled, type Realms } from '../session.ts';
import { Stage } from '../stage.ts';
import { walk, type Adversary } from '../walk.ts';

/** Asked before every schedule; true ends the part. */
export type Until = () => boolean;

export interface Part {
  readonly name: string;
  /** On how many scenarios, of those that come to the mutation. */
  readonly scenarios: number;
  readonly dying: boolean;
  /** The failure, or null. */
  play(realms: Realms, scenario: string, seed: number, until: Until): Promise<string | null>;
}

const FEW = 6;

export const PARTS: readonly Part[] = [
  {
    name: 'orders',
    scenarios: Infinity,
    dying: false,
    play: (realms, scenario, _, until) =>
      anywhere(realms, scenario, (runner) => {
        searchAll(runner, { ...NO_LIMITS, preemptions: 0 }, atMost(6, runner, until));
      }),
  },
  { name: 'refusals', scenarios: Infinity, dying: false, play: refusals },
  { name: 'walks', scenarios: FEW, dying: false, play: walks('nobody', 30) },
  { name: 'deaths', scenarios: FEW, dying: true, play: deaths('kills', 60) },
  {
    name: 'bound 2',
    scenarios: FEW,
    dying: false,
    play: (realms, scenario, _, until) =>
      settled(realms, scenario, (runner) => {
        const limits = { ...NO_LIMITS, preemptions: 2, timeouts: 1 };
        searchAll(runner, limits, atMost(200, runner, until));
        return failureOf(runner);
      }),
  },
  { name: 'overflows', scenarios: FEW, dying: true, play: deaths('throws', 30) },
  { name: 'walks of the dying', scenarios: FEW, dying: true, play: walks('kill', 20) },
];

/** Whether the sources as they are pass this part of the scenario. */
export function isSound(part: Part, { known }: Scenario): boolean {
  return known === undefined || (known.part === 'deaths' && !part.dying);
}

async function anywhere(realms: Realms, name: string, play: (runner: Runner) => void) {
  const realm = await realms.everywhere();
  realm.failAt = 0;
  const runner = new Runner(new Stage(realm, scenarioIn(realm, name)));
  play(runner);
  return failureOf(runner);
}

/** The first, second, … request for pages is refused, until there is no such request. */
async function refusals(realms: Realms, name: string, _: number, until: Until) {
  const realm = await realms.everywhere();
  const failure = await anywhere(realms, name, (runner) => {
    const enough = atMost(40, runner, until);
    for (realm.failAt = 1; runner.machine.failure === null && !enough(); realm.failAt++) {
      searchAll(runner, { ...NO_LIMITS, preemptions: 0 }, enough);
      if (realm.requests < realm.failAt) break;
    }
  });
  realm.failAt = 0;
  return failure;
}

function walks(adversary: Adversary, schedules: number): Part['play'] {
  return (realms, scenario, seed, until) =>
    anywhere(realms, scenario, (runner) => {
      walk(runner, seed, adversary, atMost(schedules, runner, until));
    });
}

function deaths(how: 'kills' | 'throws', schedules: number): Part['play'] {
  const limits: Limits = { ...NO_LIMITS, preemptions: 0, [how]: 1 };
  return (realms, scenario, _, until) =>
    anywhere(realms, scenario, (runner) => {
      searchAll(runner, limits, atMost(schedules, runner, until));
    });
}

function atMost(schedules: number, { tally }: Runner, until: Until): Until {
  return () => until() || tally.schedules >= schedules;
}

function failureOf({ machine }: Runner): string | null {
  const { failure } = machine;
  return failure === null ? null : `${failure.kind}: ${failure.message}`;
}
