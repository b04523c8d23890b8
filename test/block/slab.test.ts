// Slabs: how they come, grow and go, and that bits, counts and states say the same at every step.

import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { PREFERENCES } from '../../src/page/zone.ts';
import { CLASS } from '../../src/word/layout.ts';
import type { Slabs } from '../../src/block/slab.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { validate } from '../../src/heap/validate.ts';
import { FEW, SMALL } from '../support/classes.ts';
import { assertProperty } from '../support/random.ts';
import { shapeOf, sit, tinyHeap } from '../support/tiny.ts';
import { takeRun } from '../support/zone.ts';

const { any, dma, high, normal } = PREFERENCES;
const LIVE = 1; // in the first class

function slabsOf(zones: [number, number, number] = [0, 256, 0]): { on: Attachment; slabs: Slabs } {
  const on = sit(tinyHeap({ zones, classes: FEW }));
  return { on, slabs: on.depots[1]?.source as Slabs };
}

function take(slabs: Slabs, count: number): number[] {
  return Array.from({ length: count }, () => slabs.takeLocked(any, LIVE));
}

function give(slabs: Slabs, blocks: readonly number[]): void {
  for (const block of blocks) slabs.returnLocked(block);
  slabs.trimLocked();
}

function usedPages(on: Attachment): number {
  return on.zones.list.reduce((sum, zone) => sum + zone.pages - zone.buddy.freePages(), 0);
}

function slabLengths(on: Attachment): number[] {
  return shapeOf(on).filter((run) => run > 0);
}

describe('a slab', () => {
  test('gives its blocks lowest first, and the next slab is made when it has none left', () => {
    const { on, slabs } = slabsOf();
    const blocks = take(slabs, 5);
    const [first = 0] = blocks;
    expect(blocks.slice(0, 4)).toEqual([0, 4, 8, 12].map((offset) => first + offset));
    expect([usedPages(on), validate(on)]).toEqual([2, []]);
    slabs.returnLocked(first + 4);
    expect(take(slabs, 1), 'from the slab that has one').toEqual([first + 4]);
  });

  test('goes back to its zone when its last block comes home, but one empty one stays', () => {
    const { on, slabs } = slabsOf();
    const blocks = take(slabs, 12);
    expect(usedPages(on)).toBe(3);
    give(slabs, blocks.slice(0, 11));
    expect(usedPages(on), 'two are empty, one of them went').toBe(2);
    give(slabs, blocks.slice(11));
    expect(usedPages(on)).toBe(1);
    slabs.releaseLocked(1);
    expect(usedPages(on), 'the one that may stay').toBe(1);
    slabs.releaseLocked(0);
    expect([usedPages(on), validate(on)]).toEqual([0, []]);
  });

  test('that is empty stays while few are, then half of those go', () => {
    const { on, slabs } = slabsOf();
    const blocks = take(slabs, 1000);
    const pages = usedPages(on);
    const freed: number[] = [];
    for (let kept = 0; usedPages(on) === pages && freed.length < 1000;) {
      const next = blocks[freed.length] as number;
      freed.push(next);
      give(slabs, [next]);
      const empty = on.memory.get(slabs.record + CLASS.EMPTY);
      if (usedPages(on) === pages) kept = empty;
      else expect([kept >= pages >> 4, empty <= pages >> 5]).toEqual([true, true]);
    }
    expect(usedPages(on)).toBeLessThan(pages);
    for (const block of blocks.slice(freed.length)) give(slabs, [block]);
    expect(usedPages(on), 'of the last ones one, if it is a first one').toBeLessThanOrEqual(1);
    expect(validate(on)).toEqual([]);
  });

  test('gives what it has, and the next ones the rest, to one refill', () => {
    const { on, slabs } = slabsOf();
    const blocks = take(slabs, 12);
    give(
      slabs,
      [0, 4, 8].map((slab) => blocks[slab] as number),
    );
    const asked = vi.spyOn(on.zones, 'allocIn');
    expect(on.depots[1]?.refill()).toBe(true);
    expect(on.magazines.loaded(1)).toBe(3);
    expect(asked).not.toHaveBeenCalled();
    expect(validate(on)).toEqual([]);
  });

  test('is not made and given back again for one block more and one less', () => {
    const { on, slabs } = slabsOf();
    take(slabs, 4);
    give(slabs, take(slabs, 1));
    const asked = vi.spyOn(on.zones, 'allocIn');
    for (let i = 0; i < 100; i++) give(slabs, take(slabs, 1));
    expect(asked).not.toHaveBeenCalled();
  });

  test('that is full stands in no list and comes back to one with its first free block', () => {
    const { on, slabs } = slabsOf();
    const blocks = take(slabs, 8);
    const partial = on.layout.classes + CLASS.WORDS + CLASS.PARTIAL;
    const lists = () => [0, 1, 2].map((zone) => on.memory.get(partial + zone));
    expect(lists()).toEqual([0, 0, 0]);
    give(slabs, [blocks[6] as number]);
    expect(lists()).toEqual([0, (blocks[4] as number) >> 4, 0]);
  });

  test('is larger the more pages its class has, up to the most', () => {
    const { on, slabs } = slabsOf();
    take(slabs, 8 * 4);
    expect(slabLengths(on)).toEqual(new Array(8).fill(1));
    take(slabs, 8 * 4 + 1);
    expect(Math.max(...slabLengths(on))).toBe(2);
    take(slabs, 500);
    expect(Math.max(...slabLengths(on)), 'the most').toBe(SMALL.maxPages);
    expect(validate(on)).toEqual([]);
  });

  test('is a small one when its zone has no room for a large one', () => {
    const { on, slabs } = slabsOf([0, 64, 0]);
    take(slabs, 40 * 4);
    while (takeRun(on.zones, 2, normal) !== 0);
    expect(on.zones.list[1]?.buddy.freePages()).toBeLessThan(4);
    while (slabs.takeLocked(any, LIVE) !== 0);
    expect(on.zones.list[1]?.buddy.freePages(), 'to the last page').toBe(0);
  });

  test('that cannot be had is no block, and nothing changes', () => {
    const { on, slabs } = slabsOf([0, 16, 0]);
    expect(take(slabs, 16 * 4)).not.toContain(0);
    const before = shapeOf(on);
    expect(slabs.takeLocked(any, LIVE)).toBe(0);
    expect([shapeOf(on), validate(on)]).toEqual([before, []]);
  });
});

describe('a block taken by zone', () => {
  test('lies in that zone when it is strict, whatever other slabs have room', () => {
    const { on, slabs } = slabsOf([16, 16, 16]);
    take(slabs, 1);
    const block = slabs.takeLocked(dma, LIVE);
    expect(on.zones.of(block >>> on.map.granuleShift)).toBe(on.zones.list[0]);
  });

  test('lies in the zone preferred while that has pages, whatever other slabs have room', () => {
    const { on, slabs } = slabsOf([16, 16, 16]);
    take(slabs, 1);
    const block = slabs.takeLocked(high, LIVE);
    expect(on.zones.indexOf(block >> 4), 'High, though a slab in Normal has room').toBe(2);
  });

  test('goes home to a slab of its own zone', () => {
    const { on, slabs } = slabsOf([16, 16, 16]);
    const blocks = [dma, normal, high, dma, normal, high].map((it) => slabs.takeLocked(it, LIVE));
    give(slabs, blocks);
    slabs.releaseLocked(0);
    expect([usedPages(on), validate(on)]).toEqual([0, []]);
  });
});

const steps = fc.array(fc.oneof(fc.constant(-1), fc.nat(1000)), { maxLength: 300, size: 'max' });

test('bits, counts and states agree after any takes and returns, and no block is out twice', () => {
  assertProperty(
    100,
    fc.property(fc.integer({ min: 1, max: 3 }), steps, (id, sequence) => {
      const on = sit(tinyHeap({ zones: [8, 60, 20], classes: FEW }));
      const source = on.depots[id]?.source as Slabs;
      const out: number[] = [];
      for (const step of sequence) {
        if (step >= 0 && out.length > 0) {
          const [block = 0] = out.splice(step % out.length, 1);
          source.returnLocked(block);
        } else {
          const block = source.takeLocked(any, id);
          if (block !== 0) {
            expect(out).not.toContain(block);
            out.push(block);
          }
        }
        expect(validate(on)).toEqual([]);
      }
      give(source, out);
      source.releaseLocked(0);
      expect(usedPages(on)).toBe(0);
    }),
  );
});
