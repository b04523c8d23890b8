// Every protocol mutant is shown by its scenario: the model sees what it claims to see.

import { expect, test } from 'vitest';
import { showMutant } from './campaign.ts';
import { EQUIVALENT, mutants } from './mutants.ts';

const CLOCK = { ms: 50_000, schedules: 20_000 };
/** Those that are argued to be no wrong are looked for at length in the long run only. */
const IN_VAIN = { ms: 50_000, schedules: 300 };

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('%s', async (name, mutant) => {
  const { failure } = await showMutant(mutant, name in EQUIVALENT ? IN_VAIN : CLOCK);
  expect(failure === null && !(name in EQUIVALENT), 'nobody has seen it').toBe(false);
});

test('there are enough of them, no two alike', () => {
  expect(new Set(mutants.map((it) => it.name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(25);
});
