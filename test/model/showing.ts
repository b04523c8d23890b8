// Every protocol mutant is shown by its scenario: the model sees what it claims to see. A test for
// each of them, in two files, so that two threads of the test runner share them.

import { expect, test } from 'vitest';
import { showMutant } from './campaign.ts';
import { EQUIVALENT, mutants } from './mutants.ts';

const CLOCK = { ms: 50_000, schedules: 20_000 };
/** Those that are argued to be no wrong are looked for at length in the long run only. */
const IN_VAIN = { ms: 50_000, schedules: 300 };

/** Tests for every other mutant, from the first or from the second on. */
export function everyOtherIsShown(from: 0 | 1): void {
  const mine = mutants.filter((_, i) => i % 2 === from);
  test.each(mine.map((mutant) => [mutant.name, mutant] as const))('%s', async (name, mutant) => {
    const { failure } = await showMutant(mutant, name in EQUIVALENT ? IN_VAIN : CLOCK);
    expect(failure === null && !(name in EQUIVALENT), 'nobody has seen it').toBe(false);
  });
}
