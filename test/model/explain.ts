// From a failure to what a reader gets. The schedule is first put in terms of single accesses, so
// that it plays in the one realm that stops at each of them, then shrunk, then told.

import type { Failure } from './access.ts';
import { replay, shrink, stretchesOf, type Stretch } from './replay.ts';
import { Runner } from './runner.ts';
import { scenarioIn, type Realms } from './session.ts';
import { Stage } from './stage.ts';
import { tell } from './trace.ts';

export interface Replayable {
  readonly scenario: string;
  readonly schedule: readonly Stretch[];
  readonly failAt: number;
  readonly mutant: string | undefined;
}

/** The text for the failure that the runner has just met. */
export async function explain(realms: Realms, runner: Runner): Promise<string> {
  const { scenario, realm } = runner.stage;
  const failure = runner.machine.failure as Failure;
  const { failAt } = realm;
  const made = inAccesses(runner);
  const everywhere = await runnerFor(realms, scenario.name, failAt);
  const schedule = shrink(everywhere, made, failure.kind);
  return tell(everywhere, { scenario: scenario.name, schedule, failAt, mutant: realms.mutant });
}

/** A runner in the realm that stops at every access. */
export async function runnerFor(realms: Realms, scenario: string, failAt = 0): Promise<Runner> {
  const realm = await realms.everywhere();
  realm.failAt = failAt;
  return new Runner(new Stage(realm, scenarioIn(realm, scenario)));
}

/** The schedule just made, one choice for each access, those at once included. */
function inAccesses(runner: Runner): number[] {
  const stretches = stretchesOf([...runner.made]);
  const out: number[] = [];
  runner.machine.onEvent = ({ thread }) => out.push(thread);
  runner.onStrike = (choice) => out.push(choice);
  try {
    replay(runner, stretches);
  } finally {
    runner.machine.onEvent = null;
    runner.onStrike = null;
  }
  return out;
}
