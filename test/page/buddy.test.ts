// The buddy system of one zone: what is given, what is trimmed, and that all merges back.
// Several cases are those that Linux (its KUnit suite) and Pageman hold their buddies against.

import { describe, expect, test } from 'vitest';
import { orderOf } from '../../src/page/buddy.ts';
import { freeAll, zoneOf } from '../support/zone.ts';

describe('a zone with one block of each order 0 to 16', () => {
  test('gives one block of each, and then is full', () => {
    const { buddy, alloc, findings } = zoneOf(2 ** 17 - 1, 2 ** 17);
    expect(buddy.counts()).toEqual(new Array(17).fill(1));
    for (let order = 0; order <= 16; order++) {
      expect(alloc(2 ** order, 0), `order ${order}`).toBeGreaterThan(0);
    }
    expect(buddy.freePages()).toBe(0);
    expect(alloc(1, 0)).toBe(0);
    expect(findings()).toEqual([]);
  });
});

describe('a zone that is one block of order 10', () => {
  const ORDER = 10;
  const whole = () => zoneOf(2 ** ORDER, 2 ** ORDER);

  test('has one page left after a block of each order below, and then nothing', () => {
    const { buddy, alloc } = whole();
    for (let order = 0; order < ORDER; order++) alloc(2 ** order, 0);
    expect(buddy.freePages()).toBe(1);
    expect(alloc(1, 0)).toBeGreaterThan(0);
    for (let order = ORDER; order >= 0; order--) {
      expect(alloc(2 ** order, 0), `order ${order}`).toBe(0);
    }
  });

  test('offers each order again as the blocks are freed from the smallest up', () => {
    const { buddy, alloc, findings } = whole();
    const blocks = Array.from({ length: ORDER }, (_, order) => alloc(2 ** order, 0));
    const last = alloc(1, 0);
    buddy.freeLocked(last);
    blocks.forEach((block, order) => {
      expect(alloc(2 ** (order + 1), 0)).toBe(0);
      buddy.freeLocked(block);
      const merged = alloc(2 ** (order + 1), 0);
      expect(merged, `order ${order + 1}`).toBeGreaterThan(0);
      buddy.freeLocked(merged);
    });
    expect(alloc(2 ** ORDER, 0)).toBe(2 ** ORDER);
    expect(findings()).toEqual([]);
  });

  test('half free in single pages has no block of order 1 or above', () => {
    const { buddy, alloc, findings } = whole();
    const pages = Array.from({ length: 2 ** ORDER }, () => alloc(1, 0));
    for (const page of pages) if (page % 2 === 1) buddy.freeLocked(page);
    expect(buddy.freePages()).toBe(2 ** (ORDER - 1));
    for (let order = 1; order <= ORDER; order++) {
      expect(alloc(2 ** order, 0), `order ${order}`).toBe(0);
    }
    expect(alloc(1, 0)).toBeGreaterThan(0);
    expect(findings()).toEqual([]);
  });

  test('whittled down by cutting up its largest block ends in holes of one page', () => {
    const { buddy, alloc, findings } = whole();
    const blocks: number[] = [];
    const holes: number[] = [];
    for (let top = ORDER; top > 0; top--) {
      const largest = blocks.shift();
      if (largest !== undefined) buddy.freeLocked(largest);
      for (let order = top - 1; order >= 0; order--) blocks.push(alloc(2 ** order, 0));
      holes.push(alloc(1, 0));
      expect(alloc(2 ** top, 0), `order ${top}`).toBe(0);
    }
    expect([...blocks, ...holes]).not.toContain(0);
    freeAll(buddy, holes);
    expect(buddy.freePages()).toBe(ORDER);
    for (let order = 1; order <= ORDER; order++) expect(alloc(2 ** order, 0)).toBe(0);
    expect(findings()).toEqual([]);
  });

  test.each([2 ** 10 + 1, 2 ** 11, 2 ** 22, 2 ** 23, 2 ** 24, 2 ** 24 + 1, 2 ** 30])(
    'has no run of %d pages: more than it is long, also beyond the largest order',
    (pages) => {
      const { alloc, words } = whole();
      const before = words();
      expect(alloc(pages, 0)).toBe(0);
      expect(alloc(1, orderOf(pages))).toBe(0);
      expect(words()).toEqual(before);
    },
  );
});

describe('a run whose length is no power of two', () => {
  test.each([3, 5, 6, 7, 9, 11, 13, 100, 129, 255])(
    'of %d pages takes exactly so many',
    (pages) => {
      const { buddy, alloc, words, findings } = zoneOf(256, 256);
      const before = words();
      const page = alloc(pages, 0);
      expect(page).toBe(256);
      expect(buddy.freePages()).toBe(256 - pages);
      expect(findings()).toEqual([]);
      expect(alloc(1, 0), 'the trimmed tail can be had').toBe(256 + pages);
      buddy.freeLocked(256 + pages);
      buddy.freeLocked(page);
      expect(words()).toEqual(before);
    },
  );

  test('leaves a page of each block of four: 64 runs of 3 pages fit into 256', () => {
    const { buddy, alloc, words, findings } = zoneOf(256, 256);
    const before = words();
    const runs: number[] = [];
    for (let run = alloc(3, 0); run !== 0; run = alloc(3, 0)) runs.push(run);
    expect(runs).toHaveLength(64);
    expect(buddy.freePages()).toBe(64);
    freeAll(buddy, runs);
    expect(words()).toEqual(before);
    expect(findings()).toEqual([]);
  });
});

describe('merging', () => {
  // 64 pages at 192, 32 at 160, 16 at 144, 8 at 136, 4 at 132, 2 at 130, 1 at 129.
  test('of 129 of 256 pages, freed in Pageman’s order, ends in one block', () => {
    const { buddy, alloc, words, findings } = zoneOf(256, 256);
    const before = words();
    const low = alloc(129, 0);
    const at = [192, 160, 144, 136, 132, 130, 129].map((page) => page + 256);
    const lengths = [64, 32, 16, 8, 4, 2, 1];
    const taken = lengths.toReversed().map((pages) => alloc(pages, 0));
    expect(low).toBe(256);
    expect(taken.toReversed()).toEqual(at);
    expect(buddy.freePages()).toBe(0);
    buddy.freeLocked(low);
    expect(buddy.counts()).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 0]);
    at.forEach((page, i) => expect(buddy.freeLocked(page)).toBe(lengths[i]));
    expect(buddy.counts(), 'one block of 256').toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(words()).toEqual(before);
    expect(findings()).toEqual([]);
  });

  test('does not reach beyond the zone: its neighbours may be free too', () => {
    const { buddy, alloc, words } = zoneOf(6, 8);
    expect(buddy.counts()).toEqual([0, 1, 1]);
    const four = alloc(4, 0);
    const two = alloc(2, 0);
    expect(words()).toEqual([4, 0, 0, 0, 2, 0]);
    freeAll(buddy, [two, four]);
    expect(words()).toEqual([-3, 0, 0, 0, -2, 0]);
  });

  test('of a zone that begins and ends at odd pages gives back its first shape', () => {
    const { buddy, alloc, words, findings } = zoneOf(1001, 1024, 3);
    const before = words();
    const taken: number[] = [];
    for (let pages = 1; pages < 60; pages++) {
      const page = alloc(pages, 0);
      if (page !== 0) taken.push(page);
    }
    expect(taken.length).toBeGreaterThan(20);
    expect(findings()).toEqual([]);
    freeAll(buddy, taken);
    expect(words()).toEqual(before);
  });
});

describe('a run that no block holds', () => {
  test('is made of free blocks that stand side by side, to the whole zone', () => {
    const { buddy, alloc, words, findings } = zoneOf(1001, 1024, 3);
    const before = words();
    for (const pages of [1001, 1000, 600, 513]) {
      const page = alloc(pages, 0);
      expect(page, `${pages} pages`).toBeGreaterThan(0);
      expect(buddy.freePages()).toBe(1001 - pages);
      expect(findings()).toEqual([]);
      expect(buddy.freeLocked(page)).toBe(pages);
      expect(words()).toEqual(before);
    }
  });

  test('is not had over a page in use, nor when it is to be aligned', () => {
    const { buddy, alloc, words } = zoneOf(12, 16, 4);
    expect(buddy.counts()).toEqual([0, 0, 1, 1]);
    const before = words();
    expect(alloc(12, 1)).toBe(0);
    expect(alloc(13, 0)).toBe(0);
    expect(words()).toEqual(before);
    const five = alloc(5, 0);
    expect([five, alloc(7, 0)], 'four before it, three behind').toEqual([24, 0]);
    expect([alloc(4, 0), alloc(3, 0)]).toEqual([20, 29]);
    expect(buddy.freePages()).toBe(0);
  });
});

describe('a run in use', () => {
  test('is cut where it stands, and its tail merges with what is free behind it', () => {
    const { buddy, alloc, words, findings } = zoneOf(256, 256);
    const page = alloc(100, 0);
    buddy.shrinkLocked(page, 64);
    expect(words().slice(0, 1)).toEqual([64]);
    expect(buddy.counts()).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 0]);
    buddy.shrinkLocked(page, 1);
    expect(buddy.counts()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(findings()).toEqual([]);
  });

  test('grows over as many free blocks as it takes, and leaves the rest free', () => {
    const { buddy, alloc, words, findings } = zoneOf(256, 256);
    const before = words();
    const page = alloc(1, 0);
    for (const pages of [2, 3, 7, 100, 129, 256]) {
      expect(buddy.growLocked(page, pages), `${pages} pages`).toBe(true);
      expect(buddy.freePages()).toBe(256 - pages);
      expect(findings()).toEqual([]);
    }
    expect(buddy.growLocked(page, 257), 'the zone ends there').toBe(false);
    expect(buddy.freeLocked(page)).toBe(256);
    expect(words()).toEqual(before);
  });

  test('does not grow into its neighbour, and nothing changes', () => {
    const { buddy, alloc, words } = zoneOf(256, 256);
    const page = alloc(4, 0);
    alloc(4, 0);
    const neighbour = alloc(8, 0);
    buddy.freeLocked(page + 4);
    const before = words();
    expect(neighbour).toBe(page + 8);
    expect(buddy.growLocked(page, 9)).toBe(false);
    expect(words()).toEqual(before);
    expect(buddy.growLocked(page, 8)).toBe(true);
  });
});

describe('an aligned run', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'of one page starts on a multiple of 2^%d pages',
    (order) => {
      const { buddy, alloc, words, findings } = zoneOf(511, 512, 1);
      const before = words();
      const runs: number[] = [];
      for (;;) {
        const page = alloc(1, order);
        if (page === 0) break;
        runs.push(page);
      }
      expect(runs.filter((page) => page % 2 ** order !== 0)).toEqual([]);
      expect(runs.length, 'as many as there are such pages').toBe(Math.floor(511 / 2 ** order));
      expect(findings()).toEqual([]);
      freeAll(buddy, runs);
      expect(words()).toEqual(before);
    },
  );

  test('is cut from a block as long as its alignment, of which the rest stays free', () => {
    const { buddy, alloc, findings } = zoneOf(24, 16, 4);
    expect(buddy.counts()).toEqual([0, 0, 2, 2, 0]);
    expect(alloc(1, 4), 'no block is as long').toBe(0);
    expect(alloc(3, 3) % 8).toBe(0);
    expect(buddy.counts()).toEqual([1, 0, 3, 1, 0]);
    expect(findings()).toEqual([]);
  });
});

test('the order of a run is the smallest whose block holds it', () => {
  const pages = [1, 2, 3, 4, 5, 8, 9, 255, 256, 257, 2 ** 22];
  expect(pages.map(orderOf)).toEqual([0, 1, 2, 2, 3, 3, 4, 8, 8, 9, 22]);
});
