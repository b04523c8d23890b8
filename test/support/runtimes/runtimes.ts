// `npm run runtimes`: plays the tests of threads by each runtime that is there, and says what holds
// where. `--short` plays a few, `--only bun` is one runtime, `--seconds` is how long `npm start`.
//
//   exit status   0   what a runtime allows holds
//                 1   something does not, or a runtime could not be played
//                 2   a bad option

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Facts } from './facts.ts';
import { findRuntimes, missingAmong, type Runtime } from './found.ts';
import { Player } from './play.ts';
import { LIMITS, PROMISES } from './promises.ts';
import { failuresOf, tableOf, type Column } from './table.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const REPLAY_MS = 10 * 60_000;
const BAD_OPTION = 2;

interface Options {
  readonly short: boolean;
  readonly only: string;
  readonly seconds: string;
}

function readOptions(): Options {
  const options = {
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '10' },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exit(BAD_OPTION);
  }
}

async function play(runtime: Runtime, { short, seconds }: Options): Promise<Column> {
  const player = new Player(runtime, ROOT);
  const facts = await player.facts();
  const rows = PROMISES.filter((row) => row.short === true || !short);
  const files = [...new Set(rows.flatMap((row) => row.files))];
  const without = LIMITS.filter(({ fact }) => !facts[fact]).map(({ tests }) => tests);
  const outcomes = await player.tests(files, without);
  const replay = short ? null : await isSound(player, facts, seconds);
  return { name: runtime.name, facts, outcomes, replay };
}

/** The siege puts another thread in a dead one's place at its exit, so that must be its end. */
async function isSound(player: Player, { exitIsEnd }: Facts, seconds: string): Promise<boolean> {
  const replay = ['dist/workers/replay.js', '--seconds', seconds];
  const all = exitIsEnd ? replay : [...replay, '--no-kill'];
  const { status, output } = await player.run(all, REPLAY_MS);
  return status === 0 && output.includes('Sound: whatever the dead had begun') === exitIsEnd;
}

const options = readOptions();
const all = findRuntimes(ROOT);
const chosen = all.filter(({ name }) => name.toLowerCase().startsWith(options.only.toLowerCase()));
for (const line of missingAmong(all)) console.warn(line);
if (chosen.length === 0) throw new Error(`there is no runtime ${options.only} here`);
const columns: Column[] = [];
for (const runtime of chosen) {
  console.warn(`${runtime.name} …`);
  columns.push(await play(runtime, options)); // one at a time: each has as many threads as it likes
}
console.log(tableOf(columns));
const failures = columns.flatMap(failuresOf);
for (const failure of failures) console.error(`\n${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
