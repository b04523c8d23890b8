// The state map: which numbers name a granule, and which states name a class.

import { describe, expect, test } from 'vitest';
import { classOfState } from '../../src/block/statemap.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const { states, layout } = sit(tinyHeap({ zones: [0, 16, 0] }));
const first = layout.firstGranule * 16;
const end = layout.endGranule * 16;

describe('a pointer', () => {
  const named: [what: string, ptr: number, granule: number][] = [
    ['the first granule', first, layout.firstGranule],
    ['the last granule', end - 16, layout.endGranule - 1],
    ['null', 0, -1],
    ['minus null', -0, -1],
    ['the granule before the pages', first - 16, -1],
    ['the end of the pages', end, -1],
    ['one byte further', first + 1, -1],
    ['eight bytes further', first + 8, -1],
    ['half a byte further', first + 0.5, -1],
    ['minus sixteen', -16, -1],
    ['minus the first granule', -first, -1],
    ['2^32 beyond a granule', first + 2 ** 32, -1],
    ['2^53', 2 ** 53, -1],
    ['infinity', Infinity, -1],
    ['minus infinity', -Infinity, -1],
    ['not a number', NaN, -1],
  ];
  test.each(named)('to %s names granule %#', (_, ptr, granule) => {
    expect(states.granuleOf(ptr)).toBe(granule);
  });
});

test('a state is read where it was written, and clearing takes no other state along', () => {
  for (let granule = 10; granule < 20; granule++) states.mark(layout.firstGranule + granule, 200);
  states.clear(layout.firstGranule + 12, layout.firstGranule + 18);
  const read = Array.from({ length: 10 }, (_, i) => states.get(layout.firstGranule + 10 + i));
  expect(read).toEqual([200, 200, 0, 0, 0, 0, 0, 0, 200, 200]);
  states.clear(layout.firstGranule, layout.endGranule);
});

test('only a live state of a class names that class', () => {
  const classes = Array.from({ length: 256 }, (_, state) => classOfState(state));
  expect(classes.filter((id) => id !== 0)).toEqual(Array.from({ length: 63 }, (_, i) => i + 1));
  expect(classes[1]).toBe(1);
});
