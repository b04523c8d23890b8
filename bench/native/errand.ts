// An errand: a program in C that does one thing under a library, says what came of it, and ends.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Library } from './libraries.ts';

/** The environment in which a program runs under a library. */
export function surroundingsFor({ path }: Library): NodeJS.ProcessEnv {
  const { LD_PRELOAD: _others, ...env } = process.env;
  return path === null ? env : { ...env, LD_PRELOAD: path };
}

/** Whether a malloc that comes from the file `origin` is the library's. */
export function isUnder({ name, path }: Library, origin: string): boolean {
  return path === null || origin.includes(name);
}

/** The lines that the program prints, but for the first, which says whose malloc it has. */
export async function runErrand(
  program: string,
  library: Library,
  args: readonly string[],
): Promise<string[]> {
  const { stdout } = await promisify(execFile)(program, args, { env: surroundingsFor(library) });
  const [origin = '', ...lines] = stdout.trimEnd().split('\n');
  if (!isUnder(library, origin)) throw new Error(`malloc came from ${origin}`);
  return lines;
}
