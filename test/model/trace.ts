// What a reader gets to see of a failure: what is wrong, the one command that plays it again, and
// the schedule, access by access: thread, place in the sources, what it did to which word.

import type { Event, Failure } from './access.ts';
import { KILL, THROW, TIMEOUT, type Runner } from './runner.ts';
import type { Replayable } from './explain.ts';
import { replay, textOf } from './replay.ts';

const WIDTH = 44;
const LINES_MAX = 120;

/** What befalls a thread, by the choice that brings it. */
const FATES = new Map([
  [TIMEOUT, '… its wait is over by time'],
  [KILL, '† dies'],
  [THROW, '† its stack overflows'],
]);

export function commandFor({ scenario, schedule, failAt, mutant }: Replayable): string {
  const on = mutant === undefined ? '' : ` --mutant ${JSON.stringify(mutant)}`;
  const fail = failAt === 0 ? '' : ` --fail-at ${failAt}`;
  const what = `--scenario ${JSON.stringify(scenario)} --schedule ${textOf(schedule)}`;
  return `npm run verify -- ${what}${fail}${on}`;
}

/** Plays the schedule once more and tells it. */
export function tell(runner: Runner, what: Replayable): string {
  const lines: string[] = [];
  const { machine, stage } = runner;
  machine.onEvent = (event) => lines.push(lineOf(event, stage.namer.of(event.location)));
  runner.onStrike = (choice) => lines.push(`  ${choice & 7}  ${FATES.get(choice & ~7) ?? ''}`);
  let failure: Failure | null;
  try {
    failure = replay(runner, what.schedule);
  } finally {
    machine.onEvent = null;
    runner.onStrike = null;
  }
  const cut = lines.length > LINES_MAX ? [`… ${lines.length - LINES_MAX} accesses before`] : [];
  return [
    `scenario  ${what.scenario}`,
    `failure   ${failure === null ? 'none' : `${failure.kind}: ${failure.message}`}`,
    `replay    ${commandFor(what)}`,
    ...cut,
    ...lines.slice(-LINES_MAX),
  ].join('\n');
}

function lineOf({ thread, site, before, after, result }: Event, name: string): string {
  const place = `${site.path.replace(/^src\//, '')}:${site.line} ${site.fn}`;
  if (site.kind === 'pause') return `  ${thread}  ${place.padEnd(WIDTH)} pause`;
  const change = before === after ? `${after}` : `${before} → ${after}`;
  const answer = site.kind === 'wait' ? (result === 1 ? ' sleeps' : ' goes on') : '';
  return `  ${thread}  ${place.padEnd(WIDTH)} ${site.kind.padEnd(10)} ${name}: ${change}${answer}`;
}
