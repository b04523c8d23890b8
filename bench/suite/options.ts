// The command line of the bench suite. Whatever is wrong with it is said on stderr, with exit
// status 2.
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Contest } from './contest.ts';

export const REFUSED = 2;

export interface Options {
  /** Parts of rows' or groups' names; none: all rows. */
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly versus: boolean;
  readonly list: boolean;
  readonly json?: string;
}

/** Reads the arguments that follow the program's name; ends the process if they are no good. */
export function readOptions(argv: readonly string[]): Options {
  const command = new Command('npm run bench --')
    .description('Measures the heap, and its peers alternately with it. Results are ratios.')
    .option('--only <name>', 'rows or groups whose name has this in it; may be repeated', also, [])
    .option('--quick', 'fewer and shorter rounds: half a minute, and wider spreads', false)
    .option('--json <file>', 'write everything that was measured there as JSON')
    .option('--no-versus', 'only ours and the loop alone, no peers')
    .option('--list', 'name the rows and end', false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : REFUSED));
  command.parse(argv, { from: 'user' });
  const given = command.opts<Options>();
  return given.json === undefined ? given : { ...given, json: fromUser(given.json) };
}

function also(name: string, names: readonly string[]): string[] {
  return [...names, name];
}

// npm starts a program in the package's folder; the user's paths begin where the user was.
function fromUser(path: string): string {
  const { npm_lifecycle_event: event, INIT_CWD: start } = process.env;
  return event === 'bench' && start !== undefined ? resolve(start, path) : resolve(path);
}

/** The rows that were asked for. */
export function choose(contests: readonly Contest[], only: readonly string[]): Contest[] {
  const wanted = only.map((name) => name.toLowerCase());
  return contests.filter(({ group, name }) => {
    const names = `${group}\n${name}`.toLowerCase();
    return wanted.length === 0 || wanted.some((part) => names.includes(part));
  });
}
