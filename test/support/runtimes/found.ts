// The runtimes that there are to play the tests: this Node, more of them in NODES, and Bun and Deno
// where BUN or DENO, a package of theirs or the PATH has them.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Runtime {
  /** Such as `Bun 1.4.5`. */
  readonly name: string;
  /** What plays a program, before the program's name. */
  readonly command: readonly [string, ...string[]];
}

const { env } = process;

/** How each is told to play a program as Node does; npm packages that have it in them. */
const KINDS = {
  Node: { args: [], scope: '', inside: '' },
  Bun: { args: ['--bun'], scope: '@oven', inside: 'bin/bun' },
  Deno: { args: ['run', '-A', '--no-lock'], scope: '@deno', inside: 'deno' },
} as const;
type Kind = keyof typeof KINDS;

/** All that were found, this Node first; `root` has node_modules. */
export function findRuntimes(root: string): Runtime[] {
  const nodes = [process.execPath, ...pathsIn(env['NODES'])];
  const [bun, deno] = [find('Bun', env['BUN'], root), find('Deno', env['DENO'], root)];
  const all = [nodes.map((path) => runtimeAt('Node', path)), bun, deno].flat();
  return all.filter((it) => it !== null);
}

/** What is not there, in words. */
export function missingAmong(runtimes: readonly Runtime[]): string[] {
  const advice = { Bun: 'BUN=<path>', Deno: 'DENO=<path>' };
  return Object.entries(advice)
    .filter(([kind]) => !runtimes.some(({ name }) => name.startsWith(kind)))
    .map(([kind, way]) => `SKIPPED: no ${kind} here; put it into the PATH, or say ${way}`);
}

/** One that was named is the one, or an error; of others, the first that answers. */
function find(kind: Kind, named: string | undefined, root: string): Runtime | null {
  if (named !== undefined && named !== '') {
    const runtime = runtimeAt(kind, named);
    if (runtime === null) throw new Error(`${kind.toUpperCase()} is ${named}, which is no ${kind}`);
    return runtime;
  }
  const file = kind.toLowerCase();
  const inPath = pathsIn(env['PATH']).map((folder) => join(folder, file));
  for (const path of [...packaged(kind, root), ...inPath]) {
    const runtime = existsSync(path) ? runtimeAt(kind, path) : null;
    if (runtime !== null) return runtime;
  }
  return null;
}

function packaged(kind: Kind, root: string): string[] {
  const { scope, inside } = KINDS[kind];
  const folder = join(root, 'node_modules', scope);
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, inside)) : [];
}

function runtimeAt(kind: Kind, path: string): Runtime | null {
  const { stdout, status } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  const version = status === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined;
  if (version === undefined) return null;
  return { name: `${kind} ${version}`, command: [path, ...KINDS[kind].args] };
}

function pathsIn(list = ''): string[] {
  return list.split(delimiter).filter((path) => path !== '');
}
