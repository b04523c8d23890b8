// Zones: which one serves a request, and what each keeps back from the traffic of others.

import { describe, expect, test } from 'vitest';
import { PREFERENCES, type ZoneName, type Zones } from '../../src/page/zone.ts';
import { sit, tinyHeap } from '../support/tiny.ts';
import { takeRun } from '../support/zone.ts';

type Sizes = readonly [dma: number, normal: number, high: number];

function zonesOf(sizes: Sizes): Zones {
  return sit(tinyHeap({ zones: sizes, align: 128 })).zones;
}

/** Takes single pages until there are none: how many each zone gave, in order. */
function drain(zones: Zones, preference: readonly number[]): [zone: string, pages: number][] {
  const given: [string, number][] = [];
  const names = ['dma', 'normal', 'high'];
  for (;;) {
    const page = takeRun(zones, 1, preference);
    if (page === 0) return given;
    const name = names[zones.indexOf(page)] as string;
    const last = given.at(-1);
    if (last?.[0] === name) last[1]++;
    else given.push([name, 1]);
  }
}

describe('a request', () => {
  const cases: [keyof typeof PREFERENCES, Sizes, [string, number][]][] = [
    [
      'any',
      [64, 64, 64],
      [
        ['normal', 64],
        ['high', 60],
        ['dma', 60],
      ],
    ],
    [
      'high',
      [64, 64, 64],
      [
        ['high', 64],
        ['normal', 60],
        ['dma', 60],
      ],
    ],
    [
      'normal',
      [64, 64, 64],
      [
        ['normal', 64],
        ['dma', 60],
      ],
    ],
    ['dma', [64, 64, 64], [['dma', 64]]],
    ['any', [64, 0, 0], [['dma', 64]]],
    ['any', [0, 0, 64], [['high', 64]]],
    [
      'any',
      [64, 0, 64],
      [
        ['high', 64],
        ['dma', 60],
      ],
    ],
    [
      'high',
      [64, 64, 0],
      [
        ['normal', 64],
        ['dma', 60],
      ],
    ],
    ['high', [64, 0, 0], [['dma', 64]]],
    ['normal', [64, 0, 64], [['dma', 64]]],
    ['normal', [0, 0, 64], []],
    ['dma', [0, 64, 64], []],
    [
      'any',
      [160, 16, 0],
      [
        ['normal', 16],
        ['dma', 150],
      ],
    ],
    [
      'any',
      [15, 16, 0],
      [
        ['normal', 16],
        ['dma', 15],
      ],
    ],
  ];
  test.each(cases)('for %s of zones of %j pages gets %j', (name, sizes, expected) => {
    expect(drain(zonesOf(sizes), PREFERENCES[name])).toEqual(expected);
  });

  test('falls back for one run and comes home for the next', () => {
    const zones = zonesOf([64, 64, 0]);
    expect(zones.indexOf(takeRun(zones, 40, PREFERENCES.any))).toBe(1);
    expect(zones.indexOf(takeRun(zones, 40, PREFERENCES.any))).toBe(0);
    expect(zones.indexOf(takeRun(zones, 16, PREFERENCES.any))).toBe(1);
  });

  test('that would leave less than the reserve is refused, one that leaves just it is not', () => {
    const zones = zonesOf([64, 0, 64]);
    expect(drain(zones, PREFERENCES.high).at(0)).toEqual(['high', 64]);
    const [dma] = zones.list;
    expect(dma?.buddy.freePages(), 'the reserve').toBe(4);
    expect(takeRun(zones, 1, PREFERENCES.high)).toBe(0);
    expect(takeRun(zones, 4, PREFERENCES.dma), 'whoever names the zone may have it').not.toBe(0);
    expect(dma?.buddy.freePages()).toBe(0);
  });

  test('is aligned also in the zone into which it falls', () => {
    const { zones, large, map } = sit(tinyHeap({ zones: [64, 8, 0], align: 128 }));
    const page = large.alloc(2, 4, PREFERENCES.any) >>> map.granuleShift;
    expect([page % 16, zones.indexOf(page)]).toEqual([0, 0]);
  });

  test('that no zone can serve changes nothing', () => {
    const { zones, large } = sit(tinyHeap({ zones: [64, 64, 64], align: 128 }));
    expect(takeRun(zones, 65, PREFERENCES.any)).toBe(0);
    expect(large.alloc(1, 7, PREFERENCES.any)).toBe(0);
    expect(zones.list.map((zone) => zone.buddy.freePages())).toEqual([64, 64, 64]);
  });
});

describe('a zone', () => {
  test('ends where the next begins, and a page belongs to exactly one', () => {
    const zones = zonesOf([5, 7, 11]);
    const first = zones.map.firstPage;
    expect(zones.list.map(({ buddy }) => [buddy.first - first, buddy.end - first])).toEqual([
      [0, 5],
      [5, 12],
      [12, 23],
    ]);
    const indexes = Array.from({ length: 23 }, (_, i) => zones.indexOf(first + i));
    expect(indexes.join('')).toBe('00000111111122222222222');
  });

  test('does not merge with the next one, however their blocks are aligned', () => {
    const zones = zonesOf([64, 64, 0]);
    const counts = () => zones.list.map((zone) => zone.buddy.counts().at(-1));
    expect(counts()).toEqual([1, 1, undefined]);
    for (const preference of [PREFERENCES.dma, PREFERENCES.normal]) {
      zones.free(takeRun(zones, 64, preference));
      expect(counts()).toEqual([1, 1, undefined]);
    }
  });

  test.each<[ZoneName, number]>([
    ['dma', 0],
    ['normal', 1],
    ['high', 2],
  ])('%s finds itself again by any granule in it', (_, index) => {
    const zones = zonesOf([64, 64, 64]);
    const { buddy } = zones.list[index]!;
    const granules = [buddy.first * 16, buddy.end * 16 - 1];
    expect(granules.map((granule) => zones.of(granule >>> zones.map.granuleShift))).toEqual([
      zones.list[index],
      zones.list[index],
    ]);
  });
});
