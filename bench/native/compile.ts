// The programs in C, compiled with whatever compiler the machine has, for the time of one run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILERS = ['cc', 'gcc', 'clang'];
// Without the second and third, a compiler that knows malloc may leave out whole pairs.
const FLAGS = ['-O2', '-fno-builtin-malloc', '-fno-builtin-free', '-pthread'];
const FOLDER = 'atomalloc-bench-';

const SOURCES = {
  workloads: 'atomalloc-bench',
  space: 'atomalloc-space',
  latency: 'atomalloc-latency',
} as const;

type ProgramName = keyof typeof SOURCES;

export interface Programs {
  readonly paths: Readonly<Record<ProgramName, string>>;
  readonly folder: string;
  /** The compiler's own name for itself. */
  readonly compiler: string;
  remove(): void;
}

/** The programs, or why there are none. */
export function compile(): Programs | string {
  if (process.platform === 'win32') return 'C peers are measured on Unix only';
  const compiler = COMPILERS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (compiler === undefined) return `no C compiler (${COMPILERS.join(', ')})`;
  const folder = mkdtempSync(join(tmpdir(), FOLDER));
  const remove = (): void => rmSync(folder, { recursive: true });
  const names = Object.keys(SOURCES) as ProgramName[];
  const reasons = names.map((name) => compileOne(compiler, folder, SOURCES[name]));
  const reason = reasons.find((found) => found !== null);
  if (reason !== undefined) {
    remove();
    return reason;
  }
  const paths = names.map((name) => [name, join(folder, SOURCES[name])] as const);
  const all = Object.fromEntries(paths) as Record<ProgramName, string>;
  return { paths: all, folder, compiler: nameOf(compiler), remove };
}

// null: it is in the folder now.
function compileOne(compiler: string, folder: string, name: string): string | null {
  const source = sourceFile(name);
  if (source === undefined) return `there is no ${name}.c beside this program`;
  const args = [...FLAGS, '-o', join(folder, name), source, '-lm', '-ldl'];
  const { status, stderr } = spawnSync(compiler, args);
  if (status === 0) return null;
  return `${compiler} could not compile ${name}.c: ${stderr.toString().split('\n')[0]}`;
}

function nameOf(compiler: string): string {
  return spawnSync(compiler, ['--version']).stdout.toString().split('\n')[0]!;
}

// From bench/native it is here, from dist/bench/native three folders up and down again.
function sourceFile(name: string): string | undefined {
  const places = [`./${name}.c`, `../../../bench/native/${name}.c`];
  return places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(path));
}
