// The first half of the protocol mutants, and what has to hold of all of them: see showing.ts.

import { expect, test } from 'vitest';
import { mutants } from './mutants.ts';
import { everyOtherIsShown } from './showing.ts';

everyOtherIsShown(0);

test('there are enough of them, no two alike', () => {
  expect(new Set(mutants.map((it) => it.name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(25);
});
