// Statistics: figures that add up, fragmentation as Linux computes it, health, and the texts.

import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { externalFragmentation, fragmentationIndex } from '../../src/heap/stats.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import { PREFERENCES } from '../../src/page/zone.ts';
import { COUNTER } from '../../src/word/records.ts';
import { Dice } from '../support/dice.ts';
import { assertProperty, seeds } from '../support/random.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';
import { takeRun } from '../support/zone.ts';

const { any } = PREFERENCES;

describe('fragmentation', () => {
  test('of 8 free single pages asked for order 3 is an index of 0.750', () => {
    expect(fragmentationIndex([8], 3)).toBe(0.75);
    expect(fragmentationIndex([8, 0, 0, 0, 0], 3)).toBe(0.75);
  });

  test('of a zone with a suitable block is an index of -1', () => {
    expect(fragmentationIndex([8, 0, 0, 1], 3)).toBe(-1);
    expect(fragmentationIndex([8, 0, 0, 0, 1], 3)).toBe(-1);
    expect(fragmentationIndex([8], 0)).toBe(-1);
  });

  test('of little memory is an index near 0, of many pieces one near 1', () => {
    expect(fragmentationIndex([0, 0, 1], 3)).toBeCloseTo(-0.5);
    expect(fragmentationIndex([1000], 3)).toBeGreaterThan(0.85);
    expect(fragmentationIndex([], 3)).toBe(0);
    expect(fragmentationIndex([0, 0, 0], 1)).toBe(0);
  });

  test('of 4 single pages and a block of order 2, asked for order 2, is 0.5 externally', () => {
    expect(externalFragmentation([4, 0, 1], 2)).toBe(0.5);
    expect(externalFragmentation([4, 0, 1], 0)).toBe(0);
    expect(externalFragmentation([4, 0, 1], 3)).toBe(1);
    expect(externalFragmentation([0, 0, 0], 2)).toBe(0);
  });

  test('of a zone is in its statistics, per order', () => {
    const heap = anotherSeat(tinyHeap({ zones: [0, 16, 0], align: 16 }).handle);
    const on = layersOf(heap);
    const pages = Array.from({ length: 16 }, () => takeRun(on.zones, 1, any));
    for (const page of pages) if (page % 2 === 0) on.zones.free(page);
    const zone = heap.stats().zones[1];
    expect(zone?.fragmentationIndex).toHaveLength(5);
    expect(zone?.fragmentationIndex[3]).toBe(0.75);
    expect(zone?.externalFragmentation).toEqual([0, 1, 1, 1, 1]);
  });

  test('inside slabs is the share of their bytes that is in no live block', () => {
    const heap = anotherSeat(tinyHeap().handle);
    expect(heap.stats().fragmentationRatio).toBe(0);
    heap.alloc(64);
    expect(heap.stats().fragmentationRatio, 'one of four').toBe(0.75);
    heap.alloc(64);
    expect(heap.stats().fragmentationRatio).toBe(0.5);
  });
});

/** Allocates and frees, and compares all totals after each step; the most live bytes there were. */
function useAtRandom(heap: SharedHeap, dice: Dice, steps: number): number {
  const live: number[] = [];
  let [highest, mostPages] = [0, 0];
  for (let step = 0; step < steps; step++) {
    const [ptr = 0] = dice.chance(45) ? live.splice(dice.below(live.length), 1) : [];
    const got = ptr === 0 ? heap.alloc(dice.between(1, 2 ** dice.between(4, 13))) : 0;
    if (ptr !== 0) expect(heap.free(ptr)).toBe(true);
    if (got !== 0) live.push(got);
    const bytes = live.reduce((sum, it) => sum + heap.usableSize(it), 0);
    const { pages, freePages } = heap.stats();
    highest = Math.max(highest, bytes);
    mostPages = Math.max(mostPages, pages - freePages);
    expectTotals(heap, live.length, bytes, highest, mostPages);
  }
  return highest;
}

function expectTotals(
  heap: SharedHeap,
  blocks: number,
  bytes: number,
  most: number,
  pages: number,
) {
  const stats = heap.stats();
  expect(stats).toMatchObject({ liveBlocks: blocks, allocatedBytes: bytes });
  expect(stats.peakBytes).toBeGreaterThanOrEqual(most);
  expect(stats.peakPages).toBeGreaterThanOrEqual(pages);
  expect(stats.zones.reduce((sum, zone) => sum + zone.freePages, 0)).toBe(stats.freePages);
  expect(stats.classes.reduce((sum, it) => sum + it.liveBlocks, 0)).toBeLessThanOrEqual(blocks);
  const counts = stats.classes.flatMap((it) => [it.liveBlocks, it.cachedBlocks, it.freeBlocks]);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(0);
}

describe('the figures', () => {
  test('of an untouched heap are all nothing', () => {
    const stats = anotherSeat(tinyHeap().handle).stats();
    expect(stats).toMatchObject({
      totalBytes: 256 * 256,
      pages: 256,
      freePages: 256,
      pageBytes: 256,
      allocatedBytes: 0,
      liveBlocks: 0,
      peakBytes: 0,
      peakPages: 0,
      allocCount: 0,
      freeCount: 0,
      failureCount: 0,
      failureRate: 0,
      oomEvents: 0,
      doubleFrees: 0,
      invalidFrees: 0,
      corruptions: 0,
      fragmentationRatio: 0,
      lockContention: 0,
      lockWaits: 0,
    });
    const none = { samples: 0, p50Microseconds: 0, p99Microseconds: 0, maxMicroseconds: 0 };
    const counts = new Array<number>(COUNTER.BUCKETS).fill(0);
    const slowAllocLatency = { ...none, counts };
    const did = { allocCount: 0, freeCount: 0, cachedBytes: 0, slowAllocLatency };
    expect(stats.slots).toEqual([{ slot: 0, incarnation: 0, ...did, self: true }]);
  });

  test.each(MODES)('add up at every step in mode %s, and peaks are never below them', (mode) => {
    assertProperty(
      3,
      fc.property(seeds, (seed) => {
        const heap = anotherSeat(tinyHeap({ zones: [64, 400, 64], mode }).handle);
        const highest = useAtRandom(heap, new Dice(seed), 300);
        expect(heap.stats().peakBytes, 'and not far above').toBeLessThan(2 * highest + 65_536);
      }),
    );
  });

  test('of a seat are what it holds, and one seat is this thread’s own', () => {
    const { handle } = tinyHeap();
    const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
    bob.free(ann.alloc(64));
    const { slots } = bob.stats();
    expect(slots.map((slot) => [slot.slot, slot.self])).toEqual([
      [0, false],
      [1, true],
    ]);
    expect(slots.map((slot) => slot.cachedBytes)).toEqual([3 * 64, 64]);
  });

  test('of a failure rate are failures against attempts', () => {
    const heap = anotherSeat(tinyHeap().handle);
    for (let i = 0; i < 3; i++) heap.alloc(64);
    heap.alloc(0);
    expect(heap.stats()).toMatchObject({ failureCount: 1, failureRate: 0.25 });
  });
});

describe('health', () => {
  test('is lost above 5 % of failures and comes back below', () => {
    const heap = anotherSeat(tinyHeap().handle);
    expect(heap.isHealthy()).toBe(true);
    heap.alloc(0);
    expect(heap.isHealthy()).toBe(false);
    for (let i = 0; i < 19; i++) heap.free(heap.alloc(64));
    expect(heap.isHealthy(), 'one in twenty is 5 %').toBe(false);
    heap.free(heap.alloc(64));
    expect(heap.isHealthy()).toBe(true);
  });

  test('is lost with the tenth time out of memory', () => {
    const heap = anotherSeat(tinyHeap().handle);
    for (let i = 0; i < 1000; i++) heap.free(heap.alloc(64));
    heap.alloc(64);
    for (let i = 0; i < 9; i++) heap.alloc(65_536);
    expect(heap.isHealthy()).toBe(true);
    heap.alloc(65_536);
    expect([heap.isHealthy(), heap.stats().oomEvents]).toEqual([false, 10]);
  });

  test('is not touched by wrong frees, and lost with damage', () => {
    const heap = anotherSeat(tinyHeap().handle);
    for (let i = 0; i < 100; i++) heap.free(7);
    expect(heap.isHealthy()).toBe(true);
    layersOf(heap).map.setRun(layersOf(heap).layout.firstPage, 0);
    expect(heap.validate()).not.toEqual([]);
    expect([heap.isHealthy(), heap.stats().corruptions > 0]).toEqual([false, true]);
  });
});

describe('extents', () => {
  test.each(MODES)(
    'tell in mode %s what every page is used for, in order and without gaps',
    (mode) => {
      const heap = anotherSeat(tinyHeap({ zones: [40, 300, 40], mode }).handle);
      const ptrs = [16, 64, 1000, 3000, 6000, 200].map((size) => heap.alloc(size));
      heap.setMode('simple-heap');
      ptrs.push(heap.alloc(500));
      heap.free(ptrs[3] as number);
      const extents = heap.extents();
      const { zones } = heap.stats();
      let at = zones[0]?.startPtr;
      for (const extent of extents) {
        expect(extent.ptr).toBe(at);
        expect(extent.bytes).toBeGreaterThan(0);
        at = extent.ptr + extent.bytes;
        const zone = zones.find((it) => extent.ptr >= it.startPtr && extent.ptr < it.endPtr);
        expect(extent.zone).toBe(zone?.name);
      }
      expect(at).toBe(zones[2]?.endPtr);
      const free = extents.filter((it) => it.use === 'free').reduce((sum, it) => sum + it.bytes, 0);
      expect(free).toBe(heap.stats().freePages * 256);
    },
  );

  test('tell of a slab the size of its blocks, and how many have left it', () => {
    const heap = anotherSeat(tinyHeap().handle);
    heap.alloc(64);
    const slab = heap.extents().find((it) => it.use === 'slab');
    expect(slab).toMatchObject({
      bytes: 256,
      blockBytes: 64,
      blocks: 4,
      blocksInUse: 4,
      zone: 'normal',
    });
  });
});

function cellsOf(table: string): string[][] {
  return table.split('\n').map((line) => line.trim().split(/\s+/));
}

describe('the text', () => {
  test('of buddyinfo has a line per zone with the free blocks of each order', () => {
    const heap = anotherSeat(tinyHeap({ zones: [16, 32, 0], align: 32 }).handle);
    const lines = cellsOf(heap.buddyinfo());
    expect(lines).toEqual([
      ['zone', 'dma', '0', '0', '0', '0', '1'],
      ['zone', 'normal', '0', '0', '0', '0', '2', '0'],
      ['zone', 'high'],
    ]);
  });

  test('of slabinfo has a line per class in use', () => {
    const heap = anotherSeat(tinyHeap().handle);
    heap.alloc(64);
    heap.alloc(1000);
    const rows = cellsOf(heap.slabinfo());
    expect(rows).toEqual([
      ['bytes', 'live', 'cached', 'free', 'slabs', 'contended', 'waits'],
      ['64', '1', '3', '0', '1', '0', '0'],
      ['1024', '1', '0', '0', '1', '0', '0'],
    ]);
  });

  test('of util.inspect is one line that says how the heap is', () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    heap.alloc(2 ** 20);
    const text = inspect(heap);
    expect(text).toMatch(
      /^SharedHeap \{ 1\.0 of \d\.\d MiB live, 1 blocks, 256 of \d+ pages in use/,
    );
    expect(text).toMatch(/two-tier, slot 0, healthy \}$/);
    heap.alloc(0);
    expect(inspect(heap)).toContain('not healthy');
    heap.detach();
  });
});
