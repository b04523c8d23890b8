// The map against heap.extents(), which walks under locks: on a heap where nothing moves, they say
// the same of every page.

import { afterEach, expect, test } from 'vitest';
import { insideOf } from '../../../src/heap/door.ts';
import { pagesOf, type ZoneMap } from '../../../src/host/inspector/pages.ts';
import { cellOf, tierBytes, type Tier } from '../../../src/host/inspector/wording.ts';
import {
  SharedHeap,
  type HeapExtent,
  type HeapOptions,
  type HeapStats,
  type Mode,
} from '../../../src/index.ts';
import { Dice } from '../../support/dice.ts';

const heaps: SharedHeap[] = [];
afterEach(() => heaps.splice(0).forEach((heap) => heap.detach()));

function newHeap(options: HeapOptions): SharedHeap {
  const heap = SharedHeap.create(options);
  heaps.push(heap);
  return heap;
}

function attachmentOf(heap: SharedHeap) {
  return insideOf(heap)((session) => session.on);
}

/** Blocks of all sizes, half of them freed. */
function fill(heap: SharedHeap, bytes: number, mode: Mode): number[] {
  const dice = new Dice(7);
  heap.setMode(mode);
  const ptrs: number[] = [];
  for (let taken = 0; taken < bytes;) {
    const size = dice.logUniform(16, 400_000);
    ptrs.push(heap.alloc(size));
    taken += size;
  }
  return ptrs.filter((ptr, index) => index % 2 === 0 || !heap.free(ptr));
}

const TIER_OF: Readonly<Record<HeapExtent['use'], Tier>> = {
  free: 'free',
  slab: 'slab',
  run: 'large',
  simple: 'simple',
};

/** Every page, in the words of the map and in those of the extents. */
function bothOf(heap: SharedHeap) {
  const stats = heap.stats();
  const { pageBytes } = stats;
  const { zones, cellBytes } = pagesOf(attachmentOf(heap));
  expect(cellBytes).toBe(pageBytes);
  const drawn = zones.flatMap((zone) => Array.from(zone.kinds, (_, i) => pageOf(stats, zone, i)));
  const known = heap.extents().flatMap((extent) =>
    Array.from({ length: extent.bytes / pageBytes }, (_, i) => {
      const ptr = extent.ptr + i * pageBytes;
      return `${extent.zone} ${ptr}: ${TIER_OF[extent.use]} of ${extent.blockBytes ?? 0}`;
    }),
  );
  return { drawn, known };
}

function pageOf({ pageBytes, classes }: HeapStats, zone: ZoneMap, index: number): string {
  const { tier, id } = cellOf(zone, index);
  const blockBytes = classes[id - 1]?.blockBytes ?? 0;
  return `${zone.name} ${zone.startPtr + index * pageBytes}: ${tier} of ${blockBytes}`;
}

test('each page is shown as what it is used for, in its zone', () => {
  const heap = newHeap({ size: '15MiB', maxSlots: 2 });
  fill(heap, 4 * 2 ** 20, 'two-tier');
  fill(heap, 2 * 2 ** 20, 'simple-heap');
  const { drawn, known } = bothOf(heap);
  expect(drawn.join('\n')).toBe(known.join('\n'));
  const tiers = drawn.map((page) => /: (\w+) /.exec(page)?.[1]);
  expect(new Set(tiers)).toEqual(new Set(['free', 'slab', 'large', 'simple']));
});

test('a slab is as full as blocks have left it, and an arena as its granules', () => {
  const heap = newHeap({ size: '8MiB', maxSlots: 2 });
  fill(heap, 3 * 2 ** 20, 'two-tier');
  const [zone] = pagesOf(attachmentOf(heap)).zones as [ZoneMap];
  const { pageBytes } = heap.stats();
  const slabs = heap.extents().filter((extent) => extent.use === 'slab');
  expect(slabs.length).toBeGreaterThan(20);
  for (const { ptr, blocks = 1, blocksInUse = 0 } of slabs) {
    const { fullness } = cellOf(zone, (ptr - zone.startPtr) / pageBytes);
    expect(fullness).toBe(Math.ceil((blocksInUse / blocks) * 9));
  }
  heap.setMode('simple-heap');
  const before = pagesOf(attachmentOf(heap)).zones[0]!.kinds;
  heap.alloc(16);
  const after = pagesOf(attachmentOf(heap)).zones[0]!;
  const arena = [...after.kinds].findIndex((kind, i) => kind !== before[i]);
  expect(cellOf(after, arena)).toMatchObject({ tier: 'simple', fullness: 1 });
});

test('a cell of many pages shows what most of them are, and all cells make up the zone', () => {
  const heap = newHeap({ size: '24MiB', maxSlots: 2 });
  const large = heap.alloc(2 ** 20);
  fill(heap, 2 ** 20, 'two-tier');
  const { zones, cellBytes, runs } = pagesOf(attachmentOf(heap), 100);
  expect(zones.map(({ name }) => name)).toEqual(['dma', 'normal']);
  expect(runs).toBe(heap.extents().length);
  for (const { startPtr, endPtr, kinds, fullness } of zones) {
    expect(kinds.length).toBe(Math.ceil((endPtr - startPtr) / cellBytes));
    expect(fullness.length).toBe(kinds.length);
  }
  const home = zones.find(({ startPtr, endPtr }) => startPtr <= large && large < endPtr)!;
  const middle = Math.floor((large + 2 ** 19 - home.startPtr) / cellBytes);
  expect(cellOf(home, middle)).toEqual({ tier: 'large', id: 0, fullness: 9, owner: -1 });
  const bytes = Object.values(tierBytes(home, cellBytes)).reduce((a, b) => a + b);
  expect(bytes).toBe(home.endPtr - home.startPtr);
});

test('where owners are tracked a page shows whose a live block on it is', () => {
  const heap = newHeap({ size: '8MiB', maxSlots: 4, trackOwners: true });
  const ptrs = [heap.alloc(64), heap.alloc(100_000), heap.alloc(2 ** 20)];
  const nobodys = heap.alloc(20_000);
  heap.give(nobodys, 'shared');
  const { pageBytes } = heap.stats();
  const [zone] = pagesOf(attachmentOf(heap)).zones as [ZoneMap];
  const ownerAt = (ptr: number) =>
    cellOf(zone, Math.floor((ptr - zone.startPtr) / pageBytes)).owner;
  expect(ptrs.map(ownerAt)).toEqual([heap.slot, heap.slot, heap.slot]);
  expect(ownerAt(nobodys)).toBe(-1);
  ptrs.forEach((ptr) => heap.free(ptr));
  expect(ptrs.map(ownerAt)).toEqual([heap.slot, heap.slot, heap.slot]); // of the old look
  const [later] = pagesOf(attachmentOf(heap)).zones as [ZoneMap];
  expect(new Set(later.owners)).toEqual(new Set(['0']));
});

test('the map is drawn while others hold every zone’s lock', () => {
  const heap = newHeap({ size: '8MiB', maxSlots: 2 });
  heap.alloc(64);
  const on = attachmentOf(heap);
  on.zones.list.forEach((zone) => zone.lock.lock());
  const [zone] = pagesOf(on).zones as [ZoneMap]; // it would wait for itself, and throw
  on.zones.list.forEach((it) => it.lock.unlock());
  expect(zone).toEqual(pagesOf(on).zones[0]);
});
