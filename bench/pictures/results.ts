// Where a full run leaves its pictures: bench/results of the package, also when the program runs
// from dist.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Picture } from './pictures.ts';

/** Writes them; returns the files' paths. */
export function save(pictures: readonly Picture[], folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return pictures.map(({ file, svg }) => {
    const path = join(folder, file);
    writeFileSync(path, `${svg}\n`);
    return path;
  });
}

/** From bench/pictures it is one folder up, from dist/bench/pictures three and down again. */
export function resultsFolder(): string {
  const [near, far] = ['../', '../../../bench/'].map((place) => {
    return fileURLToPath(new URL(place, import.meta.url));
  }) as [string, string];
  return join(existsSync(join(near, 'traces')) ? near : far, 'results');
}
