// A crowd of workers on one heap, killed at random moments, or ending in every other way that there
// is, while the others go on.

import { expect, test } from 'vitest';
import { Crowd } from './crowd.ts';
import { seedOf, useHoldBuild } from './seed.ts';

const build = useHoldBuild();

test.each([
  ['plain', false],
  ['checked', true],
])('a crowd on a %s heap loses workers all the time, and no byte', async (_, checked) => {
  const seed = seedOf('crowd');
  const programs = build().url;
  const report = await new Crowd({ seed, kills: 100, ms: 10_000, checked, programs }).run();
  expect(report.failures).toEqual([]);
  expect(report.lostBytes).toBe(0);
  expect(report.accounts).toBeGreaterThan(0);
});
