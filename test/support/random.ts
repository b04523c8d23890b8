// The one place that decides what is random in the tests. Every run draws a fresh seed. A failing
// property prints its seed, the path to the smallest failing case and the case itself;
//
//   AT_SEED=<seed> npx vitest run test/…     draws the same cases again
//   AT_RUNS=<factor> npx vitest run test/…   draws so many times as many cases

import * as fc from 'fast-check';

const { AT_SEED, AT_RUNS } = process.env;

/** Checks a property on `numRuns` cases; on the same ones each time if `always` is their seed. */
export function assertProperty<T>(
  numRuns: number,
  property: fc.IProperty<T>,
  always?: number,
): void {
  const seed = AT_SEED === undefined ? always : Number(AT_SEED);
  fc.assert(property, {
    ...(seed === undefined ? {} : { seed }),
    numRuns: Math.ceil(numRuns * Number(AT_RUNS ?? 1)),
  });
}

/** Seeds for `Dice`. They do not shrink: a smaller seed is no simpler case. */
export const seeds: fc.Arbitrary<number> = fc.noShrink(fc.integer());
