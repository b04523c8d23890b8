// The map: its regions stand side by side, each for one access width, and it is the same map for
// every thread that reads the geometry.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIXED, layoutOf, type Geometry } from '../../src/word/geometry.ts';
import {
  CLASS,
  HEADER,
  LOCK,
  MAGAZINE,
  ROOT,
  SLOT,
  STATE,
  TABLE,
  ZONE,
} from '../../src/word/layout.ts';
import {
  BUDGET,
  CACHE,
  COUNTER,
  DEBUG,
  DEBUGGING,
  FAULT,
  NOTICE,
  PAGE,
  SAMPLE,
  TAPE,
  TX,
} from '../../src/word/records.ts';
import { standardClasses } from '../../src/block/sizeclass.ts';
import { assertProperty } from '../support/random.ts';

/** Words for texts, by what DEBUG says; at most one for each granule. */
const TEXTS = [0, DEBUGGING.TAGS, DEBUGGING.TEXTS];

const geometries: fc.Arbitrary<Geometry> = fc
  .record({
    pageShift: fc.integer({ min: 8, max: 12 }),
    maxSlots: fc.integer({ min: 1, max: SLOT.MAX }),
    magazines: fc.integer({ min: 1, max: 16384 }),
    safety: fc.constantFrom<
      [checked: boolean, tracked: boolean, budgeted: boolean, debug: number][]
    >(
      [false, false, false, 0],
      [true, false, false, 0],
      [true, true, false, 0],
      [true, false, true, 0],
      [true, true, true, 0],
      [true, false, false, 1],
      [true, true, true, 2],
    ),
    base: fc.oneof(fc.constant(0), fc.nat(2 ** 20)),
    pages: fc.oneof(
      fc.integer({ min: 4096, max: 2 ** 16 }),
      fc.integer({ min: 4096, max: 2 ** 22 }),
    ),
  })
  .map(({ pageShift, base, pages, safety: [checked, tracked, budgeted, debug], ...rest }) => ({
    ...rest,
    checked,
    tracked,
    budgeted,
    debug,
    pageShift,
    byteOffset: base * 2 ** pageShift,
    byteEnd: (base + pages) * 2 ** pageShift,
    dmaEnd: 0,
    highStart: 0,
    classes: [],
  }))
  .filter((g) => layoutOf(g).endPage - layoutOf(g).firstPage >= 16);

describe('for any geometry', () => {
  test('regions do not overlap, and words come before doubles before bytes', () => {
    assertProperty(
      500,
      fc.property(geometries, (g) => {
        const at = layoutOf(g);
        const pages = at.endPage - at.firstPage;
        const granules = at.endGranule - at.firstGranule;
        const ends: [region: string, from: number, words: number, next: number][] = [
          ['roots', at.roots, ROOT.COUNT * ROOT.WORDS, at.zones],
          ['zones', at.zones, ZONE.COUNT * ZONE.WORDS, at.classes],
          ['classes', at.classes, (CLASS.MAX + 1) * CLASS.WORDS, at.slots],
          ['slots', at.slots, (g.maxSlots + SLOT.SPARES) * SLOT.WORDS, at.journals],
          ['journals', at.journals, g.maxSlots * TX.PER_SLOT * TX.WORDS, at.magazines],
          ['magazines', at.magazines, g.magazines * MAGAZINE.WORDS, at.pageMap],
          ['page map', at.pageMap, pages * PAGE.WORDS, at.generations],
          ['generations', at.generations, g.checked ? granules : 0, at.tapes],
          ['tapes', at.tapes, (g.maxSlots + SLOT.SPARES) * TAPE.WORDS, at.budgets],
          ['budgets', at.budgets, g.budgeted ? BUDGET.COUNT * BUDGET.WORDS : 0, at.debugMap],
          ['debug map', at.debugMap, g.debug > 0 ? granules * DEBUG.WORDS : 0, at.texts],
          ['texts', at.texts, Math.min(TEXTS[g.debug] as number, granules), at.endWords],
        ];
        for (const [region, from, words, next] of ends) {
          expect(from + words, region).toBeLessThanOrEqual(next);
        }
        expect(at.countersByte).toBe(at.endWords * 4);
        expect(at.bytesByte).toBe(at.countersByte + (g.maxSlots + SLOT.SPARES) * COUNTER.WORDS * 8);
        const states = TABLE.BYTES + granules + 1;
        expect(at.owners, 'behind the states, or nowhere').toBe(g.tracked ? states : 0);
        const owned = states + (g.tracked ? granules : 0);
        expect(at.budgetBytes, 'behind those, or nowhere').toBe(g.budgeted ? owned : 0);
        const poison = owned + (g.budgeted ? granules : 0);
        expect(at.poison, 'behind these, or nowhere').toBe(g.debug > 0 ? poison : 0);
        expect(at.endByte).toBe(at.bytesByte + poison + (g.debug > 0 ? granules : 0));
      }),
    );
  });

  test('the metadata stands behind the pages to the heap’s end, and costs no page more', () => {
    assertProperty(
      500,
      fc.property(geometries, (g) => {
        const at = layoutOf(g);
        const page = 2 ** g.pageShift;
        expect(at.metadataByte, 'behind a guard page').toBe((at.endPage + 1) * page);
        const end = at.metadataByte + at.endByte;
        expect(end).toBeLessThanOrEqual(g.byteEnd);
        const debug = g.debug > 0 ? 1 + 4 * DEBUG.WORDS + 4 : 0; // and a word of text
        const maps = (g.tracked ? 1 : 0) + (g.budgeted ? 1 : 0) + debug;
        const granule = 1 + (g.checked ? 4 : 0) + maps;
        const another = page + PAGE.WORDS * 4 + (page / 16) * granule;
        const gaps = 2 * MAGAZINE.WORDS * 4;
        expect(end + another + gaps).toBeGreaterThan(g.byteEnd);
        expect(at.firstPage * page).toBe(Math.max(g.byteOffset, page));
      }),
    );
  });

  test('doubles and magazines lie where their width and their index trick want them', () => {
    assertProperty(
      500,
      fc.property(geometries, (g) => {
        const at = layoutOf(g);
        const granules = 2 ** (g.pageShift - 4);
        expect((at.metadataByte + at.countersByte) % 8).toBe(0);
        expect(at.magazines % MAGAZINE.WORDS).toBe(0);
        expect([at.firstGranule, at.endGranule]).toEqual([
          at.firstPage * granules,
          at.endPage * granules,
        ]);
        expect(at.endGranule).toBeLessThanOrEqual(2 ** 31 - 1);
      }),
    );
  });

  test('moving the heap in its buffer moves its pages by the same, and nothing else', () => {
    assertProperty(
      200,
      fc.property(geometries, fc.nat(1000), (g, pages) => {
        const bytes = pages * 2 ** g.pageShift;
        const moved = { byteOffset: g.byteOffset + bytes, byteEnd: g.byteEnd + bytes };
        fc.pre(g.byteOffset > 0); // the buffer's own first page is nobody's
        const { firstPage, endPage, firstGranule, endGranule, metadataByte, ...regions } =
          layoutOf(g);
        const granules = bytes / 16;
        expect(layoutOf({ ...g, ...moved })).toEqual({
          ...regions,
          metadataByte: metadataByte + bytes,
          firstPage: firstPage + pages,
          endPage: endPage + pages,
          firstGranule: firstGranule + granules,
          endGranule: endGranule + granules,
        });
      }),
    );
  });
});

describe('the records', () => {
  test('that hold rows have room for them', () => {
    expect(ZONE.HEADS + ZONE.ORDERS).toBeLessThanOrEqual(ZONE.COUNTS);
    expect(ZONE.COUNTS + ZONE.ORDERS).toBeLessThanOrEqual(ZONE.WORDS);
    expect(CLASS.PARTIAL + ZONE.COUNT).toBeLessThanOrEqual(CLASS.EMPTY);
    expect(PAGE.BITS + PAGE.BITS_WORDS).toBeLessThanOrEqual(PAGE.WORDS);
    expect(ROOT.NAME + ROOT.NAME_BYTES / 4).toBe(ROOT.WORDS);
    expect(SLOT.CACHES + CACHE.WORDS).toBeLessThanOrEqual(SLOT.WORDS);
    expect(CACHE.PREVIOUS - CACHE.TOP).toBeGreaterThan(CLASS.MAX);
    expect(CACHE.WORDS - CACHE.LIMIT, 'one for each state').toBe(256);
    expect(CACHE.LIMIT - CACHE.TOP, 'no state has a LIMIT for its top').toBeGreaterThan(255);
    expect(MAGAZINE.ENTRIES + MAGAZINE.CAPACITY).toBe(MAGAZINE.WORDS);
    expect(HEADER.NOTICES + NOTICE.COUNT * NOTICE.WORDS).toBeLessThanOrEqual(HEADER.FAULT_LOCK);
    expect(HEADER.SAMPLES + SAMPLE.COUNT * SAMPLE.WORDS).toBeLessThanOrEqual(HEADER.WORDS);
    expect(COUNTER.SLOW_ALLOCS + COUNTER.BUCKETS).toBeLessThanOrEqual(COUNTER.WORDS);
    expect(FAULT.SLOTS_WORDS * 32).toBeGreaterThanOrEqual(SLOT.MAX);
    expect(HEADER.FAULT + FAULT.WORDS).toBeLessThanOrEqual(HEADER.STALL);
    expect(2 ** ZONE.ORDERS).toBeGreaterThan(2 ** 22);
  });

  test('give every field a word of its own, and every lock its four', () => {
    const locks = (name: string) => (name === 'LOCK' || name.endsWith('_LOCK') ? LOCK.WORDS : 1);
    for (const record of [HEADER, NOTICE, FAULT, SAMPLE, ZONE, CLASS, SLOT, CACHE, PAGE, COUNTER]) {
      const fields = Object.entries(record).filter(([name]) => !SIZES.has(name));
      const words = fields.flatMap(([name, at]) =>
        Array.from({ length: locks(name) }, (_, i) => at + i),
      );
      expect(new Set(words).size, JSON.stringify(record)).toBe(words.length);
      expect(Math.max(...words)).toBeLessThan(record.WORDS);
    }
  });

  test('that attach reads first lie at the same words in every heap', () => {
    assertProperty(
      100,
      fc.property(geometries, (g) => {
        expect(layoutOf(g)).toMatchObject({ classes: FIXED.CLASSES, slots: FIXED.END });
      }),
    );
  });

  test('number classes and slots so that every state fits a byte', () => {
    expect(standardClasses(12, 2 ** 30).length).toBeLessThanOrEqual(CLASS.MAX);
    const others = Object.values(STATE).filter((state) => state !== STATE.FREE);
    expect(CLASS.MAX).toBeLessThan(Math.min(...others));
    expect(STATE.CACHED + SLOT.MAX - 1).toBeLessThanOrEqual(255);
    expect(STATE.DIGIT + 31).toBeLessThan(STATE.CACHED);
  });
});

/** What a record says beside its fields' places. */
const SIZES = new Set([
  'WORDS',
  'MAX',
  'COUNT',
  'ORDERS',
  'BITS_WORDS',
  'BUCKETS',
  'ARENA',
  'TRANSIT',
  'SPARES',
  'SHIFT',
  'NAME_BYTES',
  'SLOTS_WORDS',
]);
