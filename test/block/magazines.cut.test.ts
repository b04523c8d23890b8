// Deaths between magazines, shelf and pool, for every way in which they may be filled: whichever
// write is the last one, no block and no array is lost, and none is in two places.

import { describe, expect, test } from 'vitest';
import { cutLayer, MAGAZINES, type Plan, type Step } from '../support/layers.ts';

const STEP: Step = { do: 'take', size: 0, which: 0, align: 0, zone: 'any', who: 0 };
const NEVER = -1;

/** Seat `warmer` has filled what so many blocks fill; who takes some is not who gives one. */
function planOf(warmer: number, warm: number, takes: number, last: Step['do']): Plan {
  const taker = last === 'give' ? 1 : 0;
  const before = Array.from({ length: takes }, () => ({ ...STEP, who: taker }));
  const rest = { after: [], entry: false, outermostFirst: true, twice: NEVER };
  return { warmer, warm, before, last: { ...STEP, do: last }, ...rest };
}

describe.each(['take', 'give', 'reclaim', 'flush'] as const)('a thread that dies at %s', (last) => {
  test.each([
    ['itself', 0],
    ['another seat', 1],
  ])('leaves all arrays and blocks where they are found, filled by %s', (_, warmer) => {
    let writes = 0;
    for (let warm = 0; warm <= 13; warm++) {
      for (let takes = last === 'give' ? 1 : 0; takes <= 4; takes++) {
        writes += cutLayer(MAGAZINES, planOf(warmer, warm, takes, last));
      }
    }
    expect(writes, 'so many deaths').toBeGreaterThan(300);
  });
});

/** A slot with a rack of up to two magazines, of which `gives` blocks have filled some. */
function rackPlan(takes: number, gives: number, last: Step['do']): Plan {
  const before = [
    ...Array.from({ length: takes }, () => STEP),
    ...Array.from({ length: gives }, (): Step => ({ ...STEP, do: 'give' })),
  ];
  return { ...planOf(0, 13, 0, last), before, last: { ...STEP, do: last } };
}

describe('a thread that dies with a rack', () => {
  test.each([
    ['take', [6, 9, 12], [0, 9, 12]],
    ['give', [9, 12], [5, 6, 8]],
    ['flush', [12], [0, 12]],
  ] as const)('at %s leaves all arrays and blocks where they are found', (last, takes, gives) => {
    let writes = 0;
    for (const taken of takes) {
      for (const given of gives) {
        writes += cutLayer(MAGAZINES, rackPlan(taken, Math.min(given, taken), last), {
          magazines: 512,
        });
      }
    }
    expect(writes, 'so many deaths').toBeGreaterThan(30);
  });
});
