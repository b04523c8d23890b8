// The page map's two services beside plain records: doubly linked lists through the pages, and the
// question whether a page lies in a free block.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import { PAGE } from '../../src/word/records.ts';
import { PREFERENCES } from '../../src/page/zone.ts';
import { assertProperty } from '../support/random.ts';
import { sit, tinyHeap } from '../support/tiny.ts';
import { takeRun } from '../support/zone.ts';

const HEAD = HEADER.SIMPLE_ARENAS;

test('a list has the pages that were linked and not unlinked, the latest first', () => {
  assertProperty(
    100,
    fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (toggles) => {
      const { map, memory } = sit(tinyHeap());
      let model: number[] = [];
      for (const page of toggles.map((n) => map.firstPage + n)) {
        const on = model.includes(page);
        if (on) map.unlink(HEAD, page);
        else map.link(HEAD, page);
        model = on ? model.filter((it) => it !== page) : [page, ...model];
        const listed: number[] = [];
        for (let at = memory.get(HEAD); at !== 0; at = map.get(at, PAGE.NEXT)) listed.push(at);
        expect(listed).toEqual(model);
      }
    }),
  );
});

test('a page is free exactly if it lies in a free block, at its start or inside', () => {
  const { map, zones } = sit(tinyHeap({ zones: [0, 100, 0], align: 4 }));
  const runs = [1, 5, 2, 9, 3, 17].map((pages) => takeRun(zones, pages, PREFERENCES.any));
  zones.free(runs[1] as number);
  zones.free(runs[3] as number);
  const used = new Set<number>();
  for (const page of [0, 2, 4, 5].map((i) => runs[i] as number)) {
    for (let i = 0; i < map.run(page); i++) used.add(page + i);
  }
  for (let page = map.firstPage; page < map.endPage; page++) {
    expect(map.isFree(page), `page ${page}`).toBe(!used.has(page));
  }
});
