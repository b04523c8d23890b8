#!/usr/bin/env node
// npm run verify: the long form. Every scenario in every way there is, every mutant, then one
// table: schedules, states, crashes, races, sites reached, mutants shown, failures. Also plays one
// schedule again, as a failure's `replay` line asks.
//
//   npm run verify -- --minutes 30 --json verify.json
//   npm run verify -- --kills 100000 --minutes 200
//   npm run verify -- --deaths --minutes 100
//   npm run verify -- --scenario "lock, two threads" --schedule 0x3,1x6,k0

import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { holdBuild } from '../crash/build.ts';
import { realKills, replayTrial, type Figures as Kills } from '../crash/figures.ts';
import { coverageOf, type Coverage } from './coverage.ts';
import { runnerFor } from './explain.ts';
import { readSources, ROOT } from './loader.ts';
import { EQUIVALENT, mutants } from './mutants.ts';
import { Plan } from './plan.ts';
import { parse } from './replay.ts';
import { Realms } from './session.ts';
import { tell } from './trace.ts';
import type { Row } from './campaign.ts';

interface Options {
  readonly minutes: number;
  readonly json?: string;
  readonly seed: number;
  readonly scenario?: string;
  readonly deaths?: boolean;
  readonly schedule?: string;
  readonly failAt: number;
  readonly mutant?: string;
  readonly kills: number;
  readonly trial?: string;
}

/** Of the time, for killing real threads. */
const KILLS_SHARE = 0.25;

function numeric(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('not a number from 0 up');
  return value;
}

function optionsOf(argv: readonly string[]): Options {
  return new Command('verify')
    .description('Checks the heap in every schedule that fits into the time, and prints a table.')
    .option('--minutes <n>', 'how long, about', numeric, 10)
    .option('--json <file>', 'writes all figures there')
    .option('--seed <n>', 'of the random walks', numeric, Math.floor(Math.random() * 2 ** 31))
    .option('--scenario <text>', 'only scenarios whose name has this in it')
    .option('--deaths', 'only schedules in which somebody dies, and no mutants')
    .option('--schedule <list>', 'plays this one schedule of the scenario and tells it')
    .option('--fail-at <n>', 'with --schedule: the request for pages that is refused', numeric, 0)
    .option('--mutant <name>', 'with --schedule: on the sources with this wrong in them')
    .option('--kills <n>', 'real threads to kill, at most', numeric, Infinity)
    .option('--trial <json>', 'kills again as a failed trial did, and nothing else')
    .parse(argv)
    .opts<Options>();
}

/** Plays one schedule; true when it ends well. */
async function playOne(options: Options, schedule: string): Promise<boolean> {
  const { scenario = '', failAt, mutant } = options;
  const edits = mutants.find((it) => it.name === mutant)?.edits ?? [];
  if (mutant !== undefined && edits.length === 0) throw new Error(`no mutant "${mutant}"`);
  const realms = new Realms(readSources(edits));
  const runner = await runnerFor(realms, scenario, failAt);
  console.log(tell(runner, { scenario, schedule: parse(schedule), failAt, mutant }));
  return runner.machine.failure === null;
}

interface Figures {
  readonly seed: number;
  readonly minutes: number;
  readonly scenarios: number;
  readonly schedules: number;
  readonly states: number;
  readonly crashes: number;
  readonly races: number;
  readonly mutants: number;
  readonly shown: number;
  readonly failures: number;
  readonly known: number;
  readonly coverage: Coverage;
}

function figuresOf(plan: Plan, options: Options, coverage: Coverage): Figures {
  const { rows, shown, known } = plan;
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const failed = rows.filter((row) => row.failure !== null && !known.has(row.scenario));
  return {
    seed: options.seed,
    minutes: options.minutes,
    scenarios: new Set(rows.map((row) => row.scenario)).size,
    schedules: sum((row) => row.schedules),
    states: sum((row) => row.states),
    crashes: sum((row) => row.crashes),
    races: failed.filter((row) => row.failure?.includes('failure   race') === true).length,
    mutants: shown.length,
    shown: shown.filter((row) => row.failure !== null || row.scenario in EQUIVALENT).length,
    failures: failed.length,
    known: rows.filter((row) => row.failure !== null).length - failed.length,
    coverage,
  };
}

function print(plan: Plan, figures: Figures): void {
  const table = new Table({
    head: ['scenario', 'part', 'schedules', 'states', 'crashes', 'seen all', 's', ''],
    style: { head: [], border: [], compact: true },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of plan.rows) {
    const verdict = row.failure === null ? '' : plan.known.has(row.scenario) ? 'known' : 'FAILED';
    const { scenario, part, schedules, states, crashes, seconds } = row;
    const all = row.complete ? 'yes' : '';
    table.push([scenario, part, schedules, states, crashes, all, seconds.toFixed(1), verdict]);
  }
  console.log(table.toString());
  const { coverage, ...totals } = figures;
  const { unreached, uncrashed, unmourned, ...sites } = coverage;
  console.log(JSON.stringify({ ...totals, ...sites }, null, 2));
  for (const site of unreached) console.log(`unreached ${site}`);
  for (const site of uncrashed) console.log(`nobody died at ${site}`);
  for (const site of unmourned) console.log(`nobody died recovering at ${site}`);
  for (const row of plan.shown) {
    const seen = row.failure !== null || row.scenario in EQUIVALENT;
    if (!seen) console.log(`mutant not shown: ${row.scenario}`);
  }
}

/** Kills real threads, or the one of a trial. */
async function kill({ seed, kills, minutes, trial }: Options): Promise<Kills | boolean> {
  const build = await holdBuild(new URL('dist/test/crash/hold.js', pathToFileURL(ROOT)));
  try {
    if (trial !== undefined) return await replayTrial(build, trial);
    return await realKills(build, { seed, kills, ms: minutes * 60_000 * KILLS_SHARE });
  } finally {
    build.remove();
  }
}

/** What a scenario's thread has thrown past it (heap/attached.ts `throwLater`) fails the run. */
function hearThrown(): readonly unknown[] {
  const thrown: unknown[] = [];
  process.on('uncaughtException', (error) => {
    thrown.push(error);
    console.log(`thrown past a scenario: ${String(error.stack)}`);
  });
  return thrown;
}

async function verify(options: Options): Promise<boolean> {
  const thrown = hearThrown();
  const realms = new Realms(readSources());
  const whole = options.scenario === undefined && options.kills > 0;
  const minutes = whole ? options.minutes * (1 - KILLS_SHARE) : options.minutes;
  const plan = new Plan(realms, { ...options, minutes });
  await plan.run();
  const kills = whole ? await kill(options) : true;
  const figures = { ...figuresOf(plan, options, coverageOf(realms)), realKills: kills };
  print(plan, figures);
  if (options.json !== undefined) {
    const text = JSON.stringify({ figures, rows: plan.rows, mutants: plan.shown }, null, 2);
    writeFileSync(options.json, text);
  }
  const { unreached, uncrashed, unmourned } = figures.coverage;
  const open = unreached.length + uncrashed.length + unmourned.length;
  const covered = options.scenario !== undefined || open === 0;
  const survived =
    typeof kills === 'boolean' || (kills.failures.length === 0 && kills.bytesLost === 0);
  const sound = figures.failures === 0 && thrown.length === 0;
  return sound && figures.shown === figures.mutants && covered && survived;
}

const options = optionsOf(process.argv);
const { schedule, trial } = options;
const play = schedule === undefined ? verify : (it: Options) => playOne(it, schedule);
const sound = trial === undefined ? await play(options) : await kill(options);
process.exitCode = sound === false ? 1 : 0;
