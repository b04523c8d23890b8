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

/** Small numbers, repeatable from a seed that fast-check draws: for mixes of many steps. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** A whole number from 0 to `sides` - 1 (mulberry32). */
  below(sides: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

/** Seeds for `Dice`. They do not shrink: a smaller seed is no simpler case. */
export const seeds: fc.Arbitrary<number> = fc.noShrink(fc.integer());
