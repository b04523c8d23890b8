// The command line of the replay. Whatever is wrong with it is said on stderr, with exit status 2.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Mode } from '../../src/index.ts';

export const REFUSED = 2;
const MAX_WORKERS = 120;
const MAX_COPIES = 1024;
const DEFAULT_COPIES = 4;
const MIN_WORKERS = 4;
const MAX_KILL_EVERY_MS = 60_000;
const DEFAULT_KILL_EVERY_MS = 10;
const DASHBOARD_PORT = 7077;
/** For those who watch, when nothing is said: long enough to see something. */
const WATCHED_SECONDS = 120;

export interface Options {
  readonly trace: readonly string[];
  readonly workers: number;
  readonly copies: number;
  readonly seconds: number;
  readonly mode?: Mode;
  readonly size?: number | string;
  readonly json?: string;
  /** Milliseconds between two kills in the last phase; there is none without. */
  readonly killEvery?: number;
  /** The port under which a browser sees the heap; 0 is any. */
  readonly dashboard?: number;
  /** Whether the terminal shows it, in the place of a progress bar. */
  readonly watch: boolean;
}

type Given = Partial<Options> & { readonly kill?: boolean };

const WITHOUT_SECONDS = `one round; ${WATCHED_SECONDS} with --dashboard or --watch`;
const SECONDS_TEXT = `repeat until so many seconds have passed (default: ${WITHOUT_SECONDS})`;
const KILL_TEXT = 'milliseconds between two kills of a worker, after the replay';

/** Reads the arguments that follow the program's name; ends the process if they are no good. */
export function readOptions(argv: readonly string[]): Options {
  const command = new Command('npm start --')
    .description('Replays real programs’ allocation traffic with real threads on one shared heap.')
    .option('--trace <file...>', 'traces to replay (default: all that ship in bench/traces)')
    .addOption(countOption('--workers <n>', 'threads of the pool', MAX_WORKERS, defaultWorkers()))
    .addOption(
      countOption('--copies <n>', 'copies of each trace at once', MAX_COPIES, DEFAULT_COPIES),
    )
    .addOption(new Option('--seconds <s>', SECONDS_TEXT).argParser(parseSeconds))
    .addOption(
      new Option('--mode <mode>', 'mode of the heap').choices([
        'simple-heap',
        'two-tier',
        'hybrid',
      ]),
    )
    .option('--size <size>', 'size of the heap, such as 256MiB (default: what the traces need)')
    .option('--json <file>', 'write the figures there as JSON')
    .addOption(
      countOption('--kill-every <ms>', KILL_TEXT, MAX_KILL_EVERY_MS, DEFAULT_KILL_EVERY_MS),
    )
    .option('--no-kill', 'leave that phase out')
    .addOption(dashboardOption())
    .option('--watch', 'show the heap as it lives in the terminal')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : REFUSED));
  command.parse(argv, { from: 'user' });
  return complete(command.opts<Given>());
}

function defaultWorkers(): number {
  return Math.max(MIN_WORKERS, availableParallelism());
}

function countOption(flags: string, text: string, most: number, byDefault: number): Option {
  return new Option(flags, text).default(byDefault).argParser((value) => {
    const count = /^\d+$/.test(value) ? Number(value) : 0;
    if (count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  });
}

function dashboardOption(): Option {
  const text = `show the heap as it lives to a browser (port: ${DASHBOARD_PORT}; 0: any)`;
  return new Option('--dashboard [port]', text)
    .preset(String(DASHBOARD_PORT))
    .argParser((value) => {
      const port = /^\d+$/.test(value) ? Number(value) : -1;
      if (port >= 0 && port <= 65_535) return port;
      throw new InvalidArgumentError('It must be a port, from 0 to 65535.');
    });
}

function parseSeconds(value: string): number {
  const seconds = /^\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (seconds <= 1e6) return seconds;
  throw new InvalidArgumentError('It must be a number of seconds, such as 60 or 0.5.');
}

function complete({ kill, killEvery, ...given }: Given): Options {
  const { workers = defaultWorkers(), copies = DEFAULT_COPIES, watch = false } = given;
  const seconds = given.seconds ?? (watch || given.dashboard !== undefined ? WATCHED_SECONDS : 0);
  const trace = given.trace?.map(fromUser) ?? shippedTraces();
  const phase = kill === false || killEvery === undefined ? {} : { killEvery };
  const asked = { ...given, ...phase, trace, workers, copies, seconds, watch };
  if (given.json !== undefined) return { ...asked, ...sizeOf(given), json: fromUser(given.json) };
  return { ...asked, ...sizeOf(given) };
}

// A bare number is a number of bytes.
function sizeOf({ size }: Partial<Options>): { size?: number | string } {
  if (size === undefined) return {};
  return { size: /^\d+$/.test(String(size)) ? Number(size) : size };
}

// npm starts a program in the package's folder; the user's paths begin where the user was.
function fromUser(path: string): string {
  const { npm_lifecycle_event: event, INIT_CWD: start } = process.env;
  return event === 'start' && start !== undefined ? resolve(start, path) : resolve(path);
}

// From bench/replay the traces are one folder up, from dist/bench/replay three and down again.
function shippedTraces(): string[] {
  const folders = ['../traces', '../../../bench/traces'].map((folder) =>
    fileURLToPath(new URL(folder, import.meta.url)),
  );
  const folder = folders.find((path) => existsSync(path));
  if (folder === undefined) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.atrc.gz'));
  return files.toSorted().map((file) => join(folder, file));
}
