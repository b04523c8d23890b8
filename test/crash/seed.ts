// What the tests of this folder share: a seed, and the hold build, made once a file.

import { afterAll, beforeAll, onTestFailed } from 'vitest';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../model/loader.ts';
import { holdBuild, type HoldBuild } from './build.ts';

/** A new seed each time, or AT_SEED. A failing test says how to repeat it. */
export function seedOf(file: string): number {
  const seed = Number(process.env['AT_SEED'] ?? Math.floor(Math.random() * 2 ** 30));
  onTestFailed(({ task }) => {
    const command = `AT_SEED=${seed} npm run vitest -- crash/${file} -t '${task.name}'`;
    console.error(`seed ${seed}; the same requests, though not the same interleaving: ${command}`);
  });
  return seed;
}

/** The hold build, for as long as the tests of a file run. */
export function useHoldBuild(): () => HoldBuild {
  let build: HoldBuild | undefined;
  beforeAll(async () => {
    build = await holdBuild(new URL(`dist/test/crash/hold.js`, pathToFileURL(ROOT)));
  });
  afterAll(() => build?.remove());
  return () => {
    if (build === undefined) throw new Error('there is no hold build yet');
    return build;
  };
}
