// How much a depot keeps: a little always, more where that has been too little, and nothing of it
// when memory is short.

import { describe, expect, test } from 'vitest';
import { CLASS } from '../../src/word/layout.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { FEW } from '../support/classes.ts';
import { anotherSeat, layersOf, tinyHeap, type TinyOptions } from '../support/tiny.ts';

const SIZE = 64;

function seats(options: TinyOptions): [ann: SharedHeap, bob: SharedHeap] {
  const { handle } = tinyHeap({ classes: FEW, ...options });
  return [anotherSeat(handle), anotherSeat(handle)];
}

function take(heap: SharedHeap, count: number): number[] {
  const ptrs = new Array<number>(count).fill(0);
  expect(heap.allocMany(ptrs, SIZE)).toBe(count);
  return ptrs;
}

function inDepotBlocks(heap: SharedHeap): number {
  const { memory, layout } = layersOf(heap);
  return memory.get(layout.classes + CLASS.WORDS + CLASS.DEPOT_BLOCKS);
}

function cached(heap: SharedHeap): number {
  return heap.stats().classes[0]?.cachedBlocks ?? 0;
}

describe('a depot', () => {
  test('keeps no more than 64 KiB of a class; the others go home to the slabs', () => {
    const pages = 2 ** 24 / 256; // of 16 MiB
    const [ann] = seats({ zones: [0, pages, 0], magazines: 2000 });
    const most = 65536 / SIZE;
    ann.freeMany(take(ann, 4000));
    expect(cached(ann)).toBeLessThanOrEqual(most + 3 * 60);
    expect(cached(ann)).toBeGreaterThan(most / 2);
    expect(ann.stats().freePages).toBeGreaterThan(pages - most / 2);
    expect(ann.validate()).toEqual([]);
  });

  test('keeps less in a small heap: one block in 64 of the class', () => {
    const [ann] = seats({ zones: [0, 1200, 0], magazines: 2000 });
    ann.freeMany(take(ann, 4000));
    expect(inDepotBlocks(ann)).toBeLessThanOrEqual(4000 / 60);
  });

  test('keeps what had to go home and came again, until it is not needed for a while', () => {
    const [ann, bob] = seats({ zones: [0, 1200, 0], magazines: 2000 });
    const rounds = [1, 2, 3].map(() => {
      ann.freeMany(take(ann, 4000));
      return cached(ann);
    });
    expect([rounds[0]! < 500, rounds[2]! > 3500]).toEqual([true, true]);
    const cooled = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(() => {
      layersOf(bob).depots[1]?.cool();
      return inDepotBlocks(ann);
    });
    expect(cooled[0]).toBeLessThan(rounds[2]! - 1000);
    expect(cooled.at(-1)).toBeLessThan(300);
  });

  test('keeps nothing of it when memory is short', () => {
    const [ann, bob] = seats({ zones: [0, 1200, 0], magazines: 2000 });
    for (let round = 0; round < 3; round++) ann.freeMany(take(ann, 4000));
    expect(inDepotBlocks(ann)).toBeGreaterThan(3000);
    while (bob.alloc(16 * 256) !== 0);
    expect(inDepotBlocks(ann)).toBe(0);
  });
});
