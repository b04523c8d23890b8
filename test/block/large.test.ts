// Large runs, whole pages straight from a zone, and blocks of whole pages: counted exactly.

import { describe, expect, test } from 'vitest';
import { PREFERENCES } from '../../src/page/zone.ts';
import { HEADER, STATE, ZONE } from '../../src/word/layout.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { validate } from '../../src/heap/validate.ts';
import { FEW } from '../support/classes.ts';
import { shapeOf, sit, tinyHeap } from '../support/tiny.ts';

const { any } = PREFERENCES;

function counts(on: Attachment): number[] {
  const { record } = on.zones.list[1]!;
  return [on.memory.get(record + ZONE.LARGE_RUNS), on.memory.get(record + ZONE.LARGE_PAGES)];
}

describe('a large run', () => {
  test('has its pages, its state and its place in the counts, and leaves none of them', () => {
    const on = sit(tinyHeap());
    const before = shapeOf(on);
    const runs = [20, 33, 1].map((pages) => on.large.alloc(pages, 0, any));
    expect(runs.map((run) => on.large.pagesOf(run))).toEqual([20, 33, 1]);
    expect(runs.map((run) => on.states.get(run))).toEqual(new Array(3).fill(STATE.LARGE));
    expect([counts(on), on.memory.get(HEADER.OUT)]).toEqual([[3, 54], 54 * 16]);
    expect(validate(on)).toEqual([]);
    expect(runs.map((run) => on.large.free(run))).toEqual([true, true, true]);
    expect([counts(on), on.memory.get(HEADER.OUT)]).toEqual([[0, 0], 0]);
    expect(shapeOf(on)).toEqual(before);
    expect(on.memory.get(HEADER.OUT_PEAK), 'the peak stays').toBe(54 * 16);
  });

  test('is freed once, and only by its first granule', () => {
    const on = sit(tinyHeap());
    const run = on.large.alloc(5, 0, any);
    expect([run + 1, run + 16, run - 16].map((it) => on.large.free(it))).toEqual(
      new Array(3).fill(false),
    );
    expect([on.large.free(run), on.large.free(run)]).toEqual([true, false]);
    expect(counts(on)).toEqual([0, 0]);
  });

  test('that is not to be had is 0 and not counted', () => {
    const on = sit(tinyHeap());
    expect(on.large.alloc(257, 0, any)).toBe(0);
    expect([counts(on), on.memory.get(HEADER.OUT_PEAK)]).toEqual([[0, 0], 0]);
  });

  test('grows and shrinks where it stands, or says no and stays', () => {
    const on = sit(tinyHeap());
    const run = on.large.alloc(20, 0, any);
    expect(on.large.resize(run, 30)).toBe(true);
    expect([on.large.pagesOf(run), counts(on)]).toEqual([30, [1, 30]]);
    expect(on.large.resize(run, 257)).toBe(false);
    expect([on.large.pagesOf(run), counts(on)]).toEqual([30, [1, 30]]);
    expect(on.large.resize(run, 7)).toBe(true);
    expect([on.large.pagesOf(run), counts(on)]).toEqual([7, [1, 7]]);
    expect(on.memory.get(HEADER.OUT)).toBe(7 * 16);
    expect(validate(on)).toEqual([]);
  });
});

describe('a class of blocks of whole pages', () => {
  const RUN = 3;

  test('has a first slab of one block', () => {
    const on = sit(tinyHeap({ classes: FEW }));
    const before = shapeOf(on);
    const source = on.depots[RUN]?.source;
    const block = source?.takeLocked(any, RUN) ?? 0;
    expect(on.map.run(block >> 4)).toBe(3);
    expect(validate(on)).toEqual([]);
    source?.returnLocked(block);
    source?.releaseLocked(0);
    expect([shapeOf(on), validate(on)]).toEqual([before, []]);
  });

  test('fills a magazine with what one slab has', () => {
    const on = sit(tinyHeap({ classes: FEW }));
    expect(on.depots[RUN]?.refill()).toBe(true);
    expect(on.magazines.loaded(RUN)).toBe(1);
    const block = on.magazines.pop(RUN);
    expect(on.states.get(block)).toBe(RUN);
    expect(validate(on)).toEqual([]);
  });
});
