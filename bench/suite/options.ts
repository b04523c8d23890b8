// The command line of the bench suite. Whatever is wrong with it is said on stderr, with exit
// status 2.
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Study } from './study.ts';

export const REFUSED = 2;

export interface Options {
  /** Parts of rows' or groups' names; none: all rows. */
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly large: boolean;
  readonly versus: boolean;
  readonly list: boolean;
  /** Whether to draw; not said: after a full run of everything. */
  readonly pictures?: boolean;
  readonly json?: string;
}

/** Reads the arguments that follow the program's name; ends the process if they are no good. */
export function readOptions(argv: readonly string[]): Options {
  const command = new Command('npm run bench --')
    .description('Measures the heap, and its peers alternately with it. Results are ratios.')
    .option('--only <name>', 'rows or groups whose name has this in it; may be repeated', also, [])
    .option('--quick', 'fewer and shorter rounds: three minutes, and wider spreads', false)
    .option('--json <file>', 'write everything that was measured there as JSON')
    .option('--large', 'also 8 GiB of live blocks', false)
    .option('--no-versus', 'only ours and the loop alone, no peers')
    .option('--pictures', 'draw what was measured into bench/results; a full run does so')
    .option('--no-pictures', 'draw nothing')
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

/** What was asked for: all of it, or what has one of the names, and the large only as such. */
export function choose(studies: readonly Study[], options: Options): Study[] {
  const wanted = options.only.map((name) => name.toLowerCase());
  const fitting = studies.filter(({ large }) => large !== true || options.large);
  if (wanted.length === 0) return fitting.filter(({ long }) => long !== true || !options.quick);
  return fitting.filter(({ group, name }) => {
    const names = `${group}\n${name}`.toLowerCase();
    return wanted.some((part) => names.includes(part));
  });
}
