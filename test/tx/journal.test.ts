// A journal's place: twelve entries in its record, further ones in arrays of the pool, 31 each.
// What is written there by another transaction, or by nobody, counts for nothing.

import { describe, expect, test } from 'vitest';
import { MAGAZINE } from '../../src/word/layout.ts';
import { ENTRY, TX } from '../../src/word/records.ts';
import { Journal, kindNumber, KINDS, kindWord } from '../../src/tx/journal.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const INLINE = 12;
const IN_ARRAY = 31;
const SEVERAL = INLINE + 3 * IN_ARRAY + 1;
const INDEX = 5;

interface Place {
  readonly on: Attachment;
  readonly journal: Journal;
  readonly record: number;
}

/** The journal of record 5 in a heap with so many arrays, all of them full of old entries. */
function placeIn(magazines: number): Place {
  const on = sit(tinyHeap({ magazines }));
  const { memory, layout, pool } = on;
  for (let i = 0; i < magazines; i++) {
    const array = layout.magazines + i * MAGAZINE.WORDS;
    for (let at = array + MAGAZINE.ENTRIES; at < array + MAGAZINE.WORDS; at++) {
      memory.set(at, kindWord(7, KINDS.ALLOC));
    }
  }
  const record = layout.journals + INDEX * TX.WORDS;
  return { on, journal: new Journal(memory, pool, record, INDEX), record };
}

/** Writes entries 0 … count - 1 for a transaction, as far as there is room; where they stand. */
function fill({ on, journal }: Place, count: number, number = 7): number[] {
  const places: number[] = [];
  for (let position = 0; position < count; position++) {
    const at = journal.entryAt(position);
    if (at === 0) break;
    on.memory.set(at + ENTRY.BLOCK, position);
    on.memory.store(at + ENTRY.KIND, kindWord(number, KINDS.ALLOC));
    places.push(at);
  }
  return places;
}

function blocksOf({ on, journal }: Place, number = 7): number[] {
  return journal.entries(number).map((at) => on.memory.get(at + ENTRY.BLOCK));
}

/** The arrays that are in the journal's name. */
function arraysOf({ on }: Place): number[] {
  const { memory, layout, geometry } = on;
  const all = Array.from(
    { length: geometry.magazines },
    (_, i) => layout.magazines + i * MAGAZINE.WORDS,
  );
  return all.filter((at) => memory.get(at + MAGAZINE.HOLDER) === MAGAZINE.JOURNAL + INDEX);
}

describe('a journal', () => {
  test.each([
    [1, 0],
    [INLINE, 0],
    [INLINE + 1, 1],
    [INLINE + IN_ARRAY, 1],
    [INLINE + IN_ARRAY + 1, 2],
    [INLINE + 4 * IN_ARRAY + 1, 5],
  ])('of %d entries takes %d arrays of the pool, and gives them all back', (entries, arrays) => {
    const place = placeIn(6);
    fill(place, entries);
    expect(arraysOf(place)).toHaveLength(arrays);
    place.journal.clear();
    expectNoArrayLost(place.on);
    place.journal.clear();
    expectNoArrayLost(place.on);
  });

  test('keeps its entries apart from each other, in the record and in its arrays', () => {
    const place = placeIn(6);
    const places = fill(place, SEVERAL);
    const arrays = arraysOf(place);
    const inside = (at: number) => {
      const [from, first, end] =
        at < place.on.layout.magazines
          ? [place.record, TX.ENTRIES, TX.WORDS]
          : [at & ~MAGAZINE.MASK, MAGAZINE.ENTRIES, MAGAZINE.WORDS];
      return at >= from + first && at + ENTRY.WORDS <= from + end;
    };
    expect(new Set(places).size).toBe(SEVERAL);
    expect(places.every((at) => at % ENTRY.WORDS === 0 && inside(at))).toBe(true);
    const homes = new Set(places.slice(INLINE).map((at) => at & ~MAGAZINE.MASK));
    expect(homes).toEqual(new Set(arrays));
  });

  test('lists its entries in the order in which they came', () => {
    const place = placeIn(6);
    fill(place, SEVERAL);
    expect(blocksOf(place)).toEqual(Array.from({ length: SEVERAL }, (_, i) => i));
  });

  test('finds an entry where it was, and takes no array for it again', () => {
    const place = placeIn(6);
    const places = fill(place, INLINE + IN_ARRAY + 1);
    expect(places.map((_, position) => place.journal.entryAt(position))).toEqual(places);
    expect(arraysOf(place)).toHaveLength(2);
  });

  test.each([
    [0, INLINE],
    [1, INLINE + IN_ARRAY],
    [3, INLINE + 3 * IN_ARRAY],
  ])('in a heap with %d arrays has room for %d entries, and says so', (magazines, room) => {
    const place = placeIn(magazines);
    expect(fill(place, 200)).toHaveLength(room);
    expect(place.journal.entryAt(room), 'asked again').toBe(0);
    expect(blocksOf(place), 'what was there stays').toHaveLength(room);
  });

  test('goes on when the pool has an array again', () => {
    const place = placeIn(2);
    const { pool, layout } = place.on;
    const other = pool.take(1, layout.journals + TX.NOTE);
    expect(fill(place, 200)).toHaveLength(INLINE + IN_ARRAY);
    pool.give(other);
    expect(fill(place, 200)).toHaveLength(INLINE + 2 * IN_ARRAY);
  });

  test('does not count what stood in an array, or in the record, before it came', () => {
    const place = placeIn(6);
    fill(place, 40, 6);
    place.journal.clear();
    fill(place, INLINE + 1);
    expect(blocksOf(place)).toEqual(Array.from({ length: INLINE + 1 }, (_, i) => i));
    expect(blocksOf(place, 6)).toEqual([]);
  });

  test('does not count entries that are inert', () => {
    const place = placeIn(6);
    const places = fill(place, 30);
    for (const at of places.filter((_, i) => i % 3 !== 0)) place.on.memory.store(at, 0);
    expect(blocksOf(place)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
  });
});

describe('a KIND word', () => {
  test.each([0, 1, 2 ** 20, 2 ** 28 - 1])('carries the number %d, whatever the kind', (number) => {
    for (const kind of Object.values(KINDS)) {
      const place = placeIn(0);
      const at = place.journal.entryAt(0);
      place.on.memory.store(at + ENTRY.KIND, kindWord(number, kind));
      expect(place.journal.kindOf(at)).toBe(kind);
      expect(kindNumber(place.on.memory.load(at + ENTRY.KIND))).toBe(number);
      expect(place.journal.entries(number)).toEqual([at]);
    }
  });
});

describe('an array in NOTE, when the holder of the record’s lock has died,', () => {
  test('goes back to the pool if the chain does not name it yet', () => {
    const place = placeIn(2);
    const { memory, pool } = place.on;
    pool.take(MAGAZINE.JOURNAL + INDEX, place.record + TX.NOTE);
    place.journal.settle();
    expect(memory.get(place.record + TX.NOTE)).toBe(0);
    expectNoArrayLost(place.on);
    place.journal.settle();
    expectNoArrayLost(place.on);
  });

  test.each([0, 1, 2])('stays if it is array %d of the chain', (which) => {
    const place = placeIn(4);
    fill(place, INLINE + 3 * IN_ARRAY);
    const home = place.journal.entryAt(INLINE + which * IN_ARRAY) - MAGAZINE.ENTRIES;
    place.on.memory.set(place.record + TX.NOTE, home);
    place.journal.settle();
    expect(arraysOf(place)).toHaveLength(3);
    expect(blocksOf(place)).toHaveLength(INLINE + 3 * IN_ARRAY);
  });

  test('stays if it is somebody else’s by now', () => {
    const place = placeIn(2);
    const { pool, memory, layout } = place.on;
    const theirs = pool.take(1, layout.journals + TX.NOTE);
    memory.set(place.record + TX.NOTE, theirs);
    place.journal.settle();
    expect(memory.get(theirs + MAGAZINE.HOLDER)).toBe(1);
    pool.give(theirs);
    expectNoArrayLost(place.on);
  });
});
