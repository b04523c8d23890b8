// The simple heap against plain lists: every block lies where first fit says, every row of blocks
// and holes is what the lists say, and when all is freed no page is in use.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HEADER, STATE } from '../../src/word/layout.ts';
import { PAGE } from '../../src/word/records.ts';
import { PREFERENCES } from '../../src/page/zone.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { forEachBlock } from '../support/arena.ts';
import { FirstFit, rowOf, type Stretch } from '../support/firstfit.ts';
import { losePatience } from '../support/patience.ts';
import { assertProperty } from '../support/random.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

type Step =
  | { readonly do: 'alloc'; readonly granules: number; readonly align: number }
  | { readonly do: 'free'; readonly which: number }
  | { readonly do: 'resize'; readonly which: number; readonly granules: number };

const lengths = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 8 }) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 80 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2500 }) },
);
const aligns = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.constantFrom(2, 4, 16, 64));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('alloc' as const), granules: lengths, align: aligns }),
    fc.record({ do: fc.constant('free' as const), which: fc.nat(1000) }),
    fc.record({ do: fc.constant('resize' as const), which: fc.nat(1000), granules: lengths }),
  ),
  { maxLength: 100, size: 'max' },
);

/** Tells the model about an arena that the heap has just got. */
function learnArena({ map }: Attachment, model: FirstFit, block: number): void {
  const arena = map.get(block >>> map.granuleShift, PAGE.HEAD);
  const [from, pages] = [arena << map.granuleShift, map.run(arena)];
  model.arenas.unshift({
    start: from + 1,
    end: from + (pages << map.granuleShift) - 1,
    blocks: [],
  });
}

function alloc(on: Attachment, model: FirstFit, granules: number, align: number): void {
  const place = model.place(granules, align);
  const block = on.simple.alloc(granules, align, PREFERENCES.any);
  if (place === 0 && block !== 0) learnArena(on, model, block);
  expect(block, 'where first fit says').toBe(block === 0 ? 0 : model.place(granules, align));
  expect(block === 0 && place !== 0, 'refused although a hole is long enough').toBe(false);
  if (block !== 0) model.add(block, granules);
}

function play(on: Attachment, model: FirstFit, step: Step): void {
  if (step.do === 'alloc') return alloc(on, model, step.granules, step.align);
  const { live } = model;
  const block = live[step.which % live.length]?.start;
  if (block === undefined) return;
  if (step.do === 'free') {
    expect(on.simple.free(block)).toBe(true);
    expect(on.simple.free(block), 'once only').toBe(false);
    model.remove(block);
    return;
  }
  const fits = step.granules <= model.roomAt(block);
  expect(on.simple.resize(block, step.granules)).toBe(fits);
  if (fits) model.resize(block, step.granules);
}

function rowsOf(on: Attachment): Stretch[][] {
  const rows: Stretch[][] = [];
  for (let arena = on.memory.get(HEADER.SIMPLE_ARENAS); arena !== 0;) {
    const row: Stretch[] = [];
    forEachBlock(on, arena, (start, granules) => {
      row.push({ start, granules, live: on.states.get(start) === STATE.SIMPLE_LIVE });
    });
    rows.push(row);
    arena = on.map.get(arena, PAGE.NEXT);
  }
  return rows;
}

test('any sequence of alloc, free and resize goes as first fit does on plain lists', () => {
  assertProperty(
    150,
    fc.property(steps, (sequence) => {
      const on = sit(tinyHeap({ zones: [0, 160, 0] }));
      const { memory } = on;
      const renew = losePatience(memory);
      const model = new FirstFit();
      for (const step of sequence) {
        renew();
        play(on, model, step);
        expect(rowsOf(on)).toEqual(model.arenas.map(rowOf));
        const { live } = model;
        expect(memory.get(HEADER.SIMPLE_BLOCKS)).toBe(live.length);
        const granules = live.reduce((sum, block) => sum + block.granules, 0);
        expect(memory.get(HEADER.SIMPLE_GRANULES)).toBe(granules);
        for (const block of live) expect(on.simple.lengthOf(block.start)).toBe(block.granules);
      }
      for (const { start } of model.live) expect(on.simple.free(start)).toBe(true);
      expect(on.zones.list[1]?.buddy.freePages(), 'no arena stays').toBe(160);
    }),
  );
});
