// Racks, played by two seats of one thread: a batch that has been to the depot once stays in its
// slot from then on, within the bytes of two magazines, and nothing stays when all is sent home.

import { describe, expect, test, vi } from 'vitest';
import { HEADER, MAGAZINE } from '../../src/word/layout.ts';
import { CACHE } from '../../src/word/records.ts';
import { slowFrees } from '../../src/heap/detour.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { FEW } from '../support/classes.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;
/** Of so many arrays a rack may have two for magazines. */
const ARRAYS = 512;
/** Four magazines of three: the loaded one, the previous one, and a rack of two. */
const BATCH = 12;

function seats(magazines = ARRAYS): [ann: SharedHeap, bob: SharedHeap] {
  const { handle } = tinyHeap({ classes: FEW, magazines });
  return [anotherSeat(handle), anotherSeat(handle)];
}

function take(heap: SharedHeap, count: number): number[] {
  const ptrs = new Array<number>(count).fill(0);
  expect(heap.allocMany(ptrs, SIZE)).toBe(count);
  expect(new Set(ptrs).size).toBe(count);
  return ptrs;
}

/** So many batches, each taken whole and then freed, the oldest block first. */
function turns(heap: SharedHeap, count: number, blocks = BATCH): void {
  for (let i = 0; i < count; i++) expect(heap.freeMany(take(heap, blocks))).toBe(blocks);
}

function rackOf(heap: SharedHeap): number {
  const { memory, magazines } = layersOf(heap);
  return memory.get(magazines.at(1) + CACHE.RACK);
}

/** Arrays that are somebody's. */
function arraysOut(heap: SharedHeap): number {
  const { memory, layout } = layersOf(heap);
  const all = Array.from({ length: ARRAYS }, (_, i) => layout.magazines + i * MAGAZINE.WORDS);
  return all.filter((at) => memory.get(at + MAGAZINE.HOLDER) !== 0).length;
}

describe('a rack', () => {
  test('takes a batch that has come back from the depot, and then no lock is taken', () => {
    const [ann] = seats();
    turns(ann, 1);
    expect(rackOf(ann), 'nobody has needed the depot yet').toBe(0);
    turns(ann, 1);
    const { memory } = layersOf(ann);
    const atomic = vi.spyOn(memory, 'cas');
    turns(ann, 3);
    expect(atomic).not.toHaveBeenCalled();
    expect(layersOf(ann).magazines.countOf(1)).toBe(BATCH);
    expect(ann.stats().slots.find((slot) => slot.self)?.cachedBytes).toBe(BATCH * SIZE);
    expect(ann.validate()).toEqual([]);
  });

  test('has no more magazines than the arrays of the heap allow', () => {
    const [ann] = seats();
    turns(ann, 5, 4 * BATCH);
    expect(layersOf(ann).memory.get(rackOf(ann) + MAGAZINE.COUNT)).toBe(2);
    expect(ann.validate()).toEqual([]);
    const [few] = seats(200);
    turns(few, 5);
    expect(rackOf(few)).toBe(0);
  });

  test('keeps no more bytes than two magazines of the largest blocks', () => {
    const heap = SharedHeap.create({ size: '64MiB', sentinel: false });
    for (const bytes of [16, 64, 256, 1024]) {
      for (let i = 0; i < 4; i++) {
        const made = new Array<number>(4000).fill(0);
        expect(heap.allocMany(made, bytes)).toBe(made.length);
        expect(heap.freeMany(made)).toBe(made.length);
      }
      const kept = heap.stats().slots.find((slot) => slot.self)?.cachedBytes ?? 0;
      expect(kept, `of blocks of ${String(bytes)}`).toBeLessThanOrEqual(
        Math.max(2 * 2 ** 14, 2 * MAGAZINE.CAPACITY * bytes),
      );
      heap.reclaim();
    }
    heap.detach();
  });

  test('gives its blocks to nobody but its slot, and all of them back', () => {
    const [ann, bob] = seats();
    turns(ann, 3);
    const before = new Set(take(ann, BATCH));
    expect(ann.freeMany([...before])).toBe(BATCH);
    const others = take(bob, BATCH);
    expect(others.filter((ptr) => before.has(ptr))).toEqual([]);
    expect(bob.freeMany(others)).toBe(BATCH);
    bob.detach();
    ann.reclaim();
    expect(rackOf(ann)).toBe(0);
    expect(ann.stats()).toMatchObject({ liveBlocks: 0, allocatedBytes: 0 });
    expect(arraysOut(ann)).toBe(0);
    expect(layersOf(ann).memory.get(HEADER.OUT)).toBe(0);
    turns(ann, 2);
    expect(ann.validate()).toEqual([]);
  });

  test('is sent home when somebody waits for memory', () => {
    const [ann, bob] = seats();
    turns(ann, 3);
    const [last = 0] = take(ann, 1);
    layersOf(bob).waits.join(1);
    slowFrees(layersOf(bob));
    expect(ann.free(last)).toBe(true);
    expect(layersOf(ann).magazines.countOf(1)).toBe(0);
    expect(rackOf(ann)).toBe(0);
    layersOf(bob).waits.leave();
  });

  test('drops a stray that comes out of it', () => {
    const [ann, bob] = seats();
    turns(ann, 2);
    const blocks = take(ann, BATCH);
    const [stray = 0] = blocks.slice(6);
    expect(ann.freeMany(blocks)).toBe(BATCH);
    const { states } = layersOf(ann);
    states.mark(stray / 16, 128 + bob.slot); // Bob has freed it in the same instant
    expect(take(ann, BATCH)).not.toContain(stray);
  });
});
