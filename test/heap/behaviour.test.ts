// Behaviours that other allocators' own suites ask for, in every mode: Maestro's order of frees and
// its repeated block, dlmalloc's random mix, and a heap that gives back what it got.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/heap/heap.ts';
import type { AllocOptions } from '../../src/heap/patient.ts';
import { MODES } from '../../src/heap/mode.ts';
import { Dice } from '../support/dice.ts';
import { assertProperty, seeds } from '../support/random.ts';
import { layersOf, shapeOf } from '../support/tiny.ts';
import { Twin } from '../support/twin.ts';

const SIZES = [1, 16, 64, 100, 1000, 4096, 5000, 8192, 20_000, 65_536, 100_000];

/** Runs on a heap whose pages have to be as they were when it is over. */
function onHeap(mode: (typeof MODES)[number], checked: boolean, run: (heap: SharedHeap) => void) {
  const heap = SharedHeap.create({ size: '24MiB', maxSlots: 4, mode, checked });
  const before = shapeOf(layersOf(heap));
  run(heap);
  heap.reclaim();
  expect(heap.stats()).toMatchObject({ liveBlocks: 0, allocatedBytes: 0 });
  expect(shapeOf(layersOf(heap)), 'page usage is restored').toEqual(before);
  expect(heap.validate()).toEqual([]);
  heap.detach();
}

const tiers = ['two-tier', 'simple-heap'] as const;
const kinds = tiers.flatMap((mode) => [false, true].map((checked) => ({ mode, checked })));

describe.each(kinds)('a heap ($mode, checked: $checked)', ({ mode, checked }) => {
  test.each(SIZES)('gives and takes back 100 blocks of %d bytes, last first', (size) => {
    onHeap(mode, checked, (heap) => {
      const blocks = Array.from({ length: 100 }, () => heap.alloc(size));
      expect(new Set(blocks).size).toBe(100);
      expect(blocks).not.toContain(0);
      for (const ptr of blocks.toReversed()) expect(heap.free(ptr)).toBe(true);
    });
  });

  test.each(SIZES)('gives and takes back 100 blocks of %d bytes, first first', (size) => {
    onHeap(mode, checked, (heap) => {
      const blocks = Array.from({ length: 100 }, () => heap.alloc(size));
      for (const ptr of blocks) expect(heap.free(ptr)).toBe(true);
    });
  });

  test.each(SIZES)('gives the same block of %d bytes each time it was freed', (size) => {
    onHeap(mode, checked, (heap) => {
      const first = heap.alloc(size);
      heap.free(first);
      for (let i = 0; i < 100; i++) {
        const ptr = heap.alloc(size);
        expect([ptr, heap.free(ptr)]).toEqual([first, true]);
      }
    });
  });
});

/** dlmalloc's mix: sizes mostly small, realloc 1 %, zeroed 2 %, aligned from 8 to 256. */
function mix(twin: Twin, dice: Dice, steps: number): void {
  for (let step = 0; step < steps; step++) {
    const size = 1 + dice.below(2 ** dice.between(1, 17));
    const block = twin.pick(dice.below(100_000));
    if (block !== undefined && dice.chance(1)) twin.realloc(block, size);
    else if (block !== undefined && dice.below(400) < twin.blocks.length) twin.free(block);
    else if (dice.chance(2)) twin.tryAlloc(size, { zero: true });
    else if (dice.chance(10)) twin.tryAlloc(size, alignedAtRandom(dice));
    else twin.alloc(size);
    if (step % 50 === 0) twin.check();
  }
}

function alignedAtRandom(dice: Dice): AllocOptions {
  return { align: 2 ** dice.between(3, 8), zero: dice.chance(2) };
}

test.each(MODES)('dlmalloc’s random mix of operations leaves mode %s sound and empty', (mode) => {
  assertProperty(
    2,
    fc.property(seeds, (seed) => {
      const heap = SharedHeap.create({ size: '16MiB', maxSlots: 4, mode });
      const twin = new Twin(heap);
      mix(twin, new Dice(seed), 1500);
      twin.checkAll();
      twin.empty();
      heap.detach();
    }),
  );
});

test('one block may be as long as the pages that stand free side by side, up to the zone', () => {
  const heap = SharedHeap.create({ size: '64MiB', zones: { dmaEnd: 0 } });
  const { pages, pageBytes } = heap.stats();
  for (const share of [1 / 4, 1 / 2, 3 / 4, 1]) {
    const bytes = Math.floor(pages * share) * pageBytes;
    const ptr = heap.alloc(bytes);
    expect(heap.usableSize(ptr), `${String(share)} of the zone`).toBe(bytes);
    expect(heap.free(ptr)).toBe(true);
  }
  heap.detach();
});
