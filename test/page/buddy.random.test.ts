// The buddy system against a plain array of pages: after each step of any sequence every RUN word
// is what the array says it has to be, and the audit finds nothing.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderOf } from '../../src/page/buddy.ts';
import { PageModel } from '../support/pages.ts';
import { assertProperty } from '../support/random.ts';
import { zoneOf, type ZoneUnderTest } from '../support/zone.ts';

type Step =
  | { readonly do: 'alloc'; readonly pages: number; readonly alignOrder: number }
  | { readonly do: 'free'; readonly which: number }
  | { readonly do: 'resize'; readonly which: number; readonly pages: number };

const lengths = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }) },
);
const orders = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 9 }));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('alloc' as const), pages: lengths, alignOrder: orders }),
    fc.record({ do: fc.constant('free' as const), which: fc.nat(1000) }),
    fc.record({ do: fc.constant('resize' as const), which: fc.nat(1000), pages: lengths }),
  ),
  { maxLength: 120, size: 'max' },
);
const shapes = fc.record({
  pages: fc.integer({ min: 1, max: 200 }),
  offset: fc.integer({ min: 0, max: 70 }),
});

function take({ alloc }: ZoneUnderTest, model: PageModel, pages: number, alignOrder: number): void {
  const order = Math.max(orderOf(pages), alignOrder);
  const page = alloc(pages, alignOrder);
  const block = model.hasBlock(order);
  const span = alignOrder === 0 && model.hasSpan(pages);
  expect(page !== 0, 'a run is had when a block of its order is free, or a span').toBe(
    block || span,
  );
  if (page === 0) return;
  if (block) expect(page % 2 ** order).toBe(0);
  expect(model.isFree(page, pages)).toBe(true);
  model.take(page, pages);
}

function free({ buddy }: ZoneUnderTest, model: PageModel, page: number): void {
  expect(buddy.freeLocked(page)).toBe(model.runs.get(page));
  model.give(page);
}

function resize({ buddy }: ZoneUnderTest, model: PageModel, page: number, pages: number): void {
  const from = model.runs.get(page) ?? 0;
  if (pages < from) buddy.shrinkLocked(page, pages);
  else if (pages > from) {
    const room = model.isFree(page + from, pages - from);
    expect(buddy.growLocked(page, pages), 'a run grows exactly when there is room').toBe(room);
    if (!room) return;
  }
  model.give(page);
  model.take(page, pages);
}

function play(zone: ZoneUnderTest, model: PageModel, step: Step): void {
  if (step.do === 'alloc') return take(zone, model, step.pages, step.alignOrder);
  const runs = [...model.runs.keys()];
  const page = runs[step.which % runs.length];
  if (page === undefined) return;
  if (step.do === 'free') free(zone, model, page);
  else resize(zone, model, page, step.pages);
}

test('after any sequence the words are those that a plain array of pages implies', () => {
  assertProperty(
    150,
    fc.property(shapes, steps, ({ pages, offset }, sequence) => {
      const zone = zoneOf(pages, 64, offset);
      const model = new PageModel(zone.buddy.first, zone.buddy.end);
      expect(zone.words()).toEqual(model.words());
      for (const step of sequence) {
        play(zone, model, step);
        expect(zone.words()).toEqual(model.words());
        expect(zone.buddy.freePages()).toBe(model.freePages);
        expect(zone.findings()).toEqual([]);
      }
      for (const page of [...model.runs.keys()]) free(zone, model, page);
      expect(zone.words(), 'the first shape').toEqual(model.words());
    }),
  );
});
