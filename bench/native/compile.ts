// The program in C, compiled with whatever compiler the machine has, for the time of one run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILERS = ['cc', 'gcc', 'clang'];
// Without the second and third, a compiler that knows malloc may leave out whole pairs.
const FLAGS = ['-O2', '-fno-builtin-malloc', '-fno-builtin-free', '-pthread'];
const NAME = 'atomalloc-bench';

export interface Program {
  readonly path: string;
  /** The compiler's own name for itself. */
  readonly compiler: string;
  remove(): void;
}

/** The program, or why there is none. */
export function compile(): Program | string {
  if (process.platform === 'win32') return 'C peers are measured on Unix only';
  const source = sourceFile();
  if (source === undefined) return `there is no ${NAME}.c beside this program`;
  const compiler = COMPILERS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (compiler === undefined) return `no C compiler (${COMPILERS.join(', ')})`;
  const folder = mkdtempSync(join(tmpdir(), `${NAME}-`));
  const remove = (): void => rmSync(folder, { recursive: true });
  const path = join(folder, NAME);
  const { status, stderr } = spawnSync(compiler, [...FLAGS, '-o', path, source, '-lm', '-ldl']);
  if (status === 0) return { path, compiler: nameOf(compiler), remove };
  remove();
  return `${compiler} could not compile ${NAME}.c: ${stderr.toString().split('\n')[0]}`;
}

function nameOf(compiler: string): string {
  return spawnSync(compiler, ['--version']).stdout.toString().split('\n')[0]!;
}

// From bench/native it is here, from dist/bench/native three folders up and down again.
function sourceFile(): string | undefined {
  const places = [`./${NAME}.c`, `../../../bench/native/${NAME}.c`];
  return places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(path));
}
