// Boundary tags: the length that was written is read from both ends of the block, whatever stood in
// the state map before and whatever its neighbours are.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Boundary } from '../../src/block/boundary.ts';
import type { StateMap } from '../../src/block/statemap.ts';
import { STATE } from '../../src/word/layout.ts';
import { assertProperty } from '../support/random.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const { SIMPLE_LIVE, SIMPLE_FREE, SIMPLE_END, DIGIT } = STATE;
const starts = fc.constantFrom(SIMPLE_LIVE, SIMPLE_FREE, SIMPLE_END);
const lengths = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 1100 }),
  fc.integer({ min: 1, max: 100_000 }),
);

const { states } = sit(tinyHeap({ zones: [0, 8192, 0] }));

function litter(from: number, granules: number, state: number): StateMap {
  for (let granule = from; granule < from + granules; granule++) states.mark(granule, state);
  return states;
}

test('a length from 1 to 100,000 granules is read back from the front and from behind', () => {
  const from = states.firstGranule + 1;
  const old = fc.oneof(starts, fc.integer({ min: DIGIT, max: DIGIT + 31 }));
  assertProperty(
    300,
    fc.property(lengths, starts, starts, old, (length, start, behind, state) => {
      const tags = new Boundary(litter(from - 1, length + 2, state));
      tags.write(from, length);
      states.mark(from, start);
      states.mark(from + length, behind);
      expect(tags.length(from)).toBe(length);
      expect(tags.lengthBefore(from + length)).toBe(length);
    }),
  );
});

test('each length on which the tags change their form is read back', () => {
  const from = states.firstGranule + 1;
  const tags = new Boundary(states);
  for (const base of [
    1, 2, 3, 7, 8, 14, 15, 16, 31, 32, 33, 34, 1023, 1024, 1025, 32768, 100_000,
  ]) {
    tags.write(from, base);
    states.mark(from, SIMPLE_LIVE);
    states.mark(from + base, SIMPLE_END);
    expect([tags.length(from), tags.lengthBefore(from + base)], `${base}`).toEqual([base, base]);
  }
});

test('a row of blocks is walked to its end, and back to its beginning', () => {
  assertProperty(
    100,
    fc.property(fc.array(fc.tuple(lengths, starts), { minLength: 1, maxLength: 8 }), (blocks) => {
      const tags = new Boundary(states);
      const from = states.firstGranule + 1;
      const row = blocks.map(([length]) => Math.min(length, 4000));
      let at = from;
      row.forEach((length, i) => {
        tags.write(at, length);
        states.mark(at, blocks[i]?.[1] ?? SIMPLE_LIVE);
        at += length;
      });
      states.mark(at, SIMPLE_END);
      const there: number[] = [];
      for (let block = from; block < at; block += there.at(-1) ?? 1) there.push(tags.length(block));
      expect(there).toEqual(row);
      const back: number[] = [];
      for (let block = at; block > from; block -= back.at(-1) ?? 1)
        back.push(tags.lengthBefore(block));
      expect(back).toEqual(row.toReversed());
    }),
  );
});

test('writing a tag changes no state outside the block, nor its start', () => {
  const from = states.firstGranule + 1;
  for (const length of [1, 2, 3, 32, 33, 40, 500]) {
    const tags = new Boundary(litter(from - 1, length + 2, SIMPLE_LIVE));
    tags.write(from, length);
    expect([from - 1, from, from + length].map((granule) => states.get(granule))).toEqual(
      new Array(3).fill(SIMPLE_LIVE),
    );
  }
});
