// Affinity: a thread's blocks come from the zone that it has chosen, also when others work on the
// same classes, until that zone is full; and when it has crashed and sits elsewhere.

import { describe, expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import type { ZoneName } from '../../src/page/zone.ts';
import { anotherSeat, layersOf, tinyHeap, type TinyOptions } from '../support/tiny.ts';

const ZONES: readonly ZoneName[] = ['dma', 'normal', 'high'];
const SIZES = [16, 100, 300, 1000, 2000];

const heapOf = (options: TinyOptions = {}): SharedHeap =>
  anotherSeat(tinyHeap({ zones: [160, 160, 160], ...options }).handle);

function zoneOf(heap: SharedHeap, ptr: number): ZoneName | undefined {
  const { zones, map } = layersOf(heap);
  return ZONES[zones.indexOf((ptr / 16) >>> map.granuleShift)];
}

function zonesOf(heap: SharedHeap, ptrs: readonly number[]): Set<ZoneName | undefined> {
  return new Set(ptrs.map((ptr) => zoneOf(heap, ptr)));
}

describe.each(MODES)('in mode %s', (mode) => {
  test.each(ZONES)('blocks of all sizes come from %s', (zone) => {
    const heap = heapOf({ mode });
    heap.freeMany(SIZES.map((size) => heap.alloc(size))); // what is cached then
    heap.setAffinity(zone);
    const ptrs = SIZES.flatMap((size) => [heap.alloc(size), heap.alloc(size)]);
    expect(zonesOf(heap, ptrs)).toEqual(new Set([zone]));
    const done = heap.transaction((tx) => SIZES.map((size) => tx.alloc(size)));
    expect(done.ok && zonesOf(heap, done.value)).toEqual(new Set([zone]));
    expect(heap.validate()).toEqual([]);
  });
});

test('when its zone is full a thread has what the others have, all of it', () => {
  const heap = heapOf();
  heap.setAffinity('high');
  const ptrs: number[] = [];
  for (let ptr = heap.alloc(256); ptr !== 0; ptr = heap.alloc(256)) ptrs.push(ptr);
  const order = ptrs.map((ptr) => zoneOf(heap, ptr));
  expect(order.lastIndexOf('high')).toBeLessThan(order.indexOf('normal'));
  expect(order.lastIndexOf('normal')).toBeLessThan(order.indexOf('dma'));
  expect(order.filter((zone) => zone === 'high').length).toBeGreaterThan(150);
});

test('two threads stay each in its own zone, though they share the depots', () => {
  const one = heapOf();
  const two = anotherSeat(one.handle);
  one.setAffinity('normal');
  two.setAffinity('high');
  for (let round = 0; round < 20; round++) {
    const ones = Array.from({ length: 60 }, () => one.alloc(64));
    const twos = Array.from({ length: 60 }, () => two.alloc(64));
    expect([zonesOf(one, ones), zonesOf(two, twos)]).toEqual([
      new Set(['normal']),
      new Set(['high']),
    ]);
    one.freeMany(ones);
    two.freeMany(twos);
  }
  expect(one.validate()).toEqual([]);
});

test('null is where everybody is, and what is no zone is refused', () => {
  const heap = heapOf();
  heap.setAffinity('dma');
  expect(zoneOf(heap, heap.alloc(64))).toBe('dma');
  heap.setAffinity(null);
  const ptrs = Array.from({ length: 40 }, () => heap.alloc(64));
  expect(zoneOf(heap, ptrs.at(-1) as number)).toBe('normal');
  const wrong = 'low' as ZoneName;
  expect(() => heap.setAffinity(wrong)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
});

test('who has crashed inside the heap is still at home', () => {
  const heap = heapOf();
  heap.setAffinity('high');
  const { slot } = heap;
  const layers = heap as unknown as { inside(work: () => never): unknown };
  const overflow = () => {
    throw new RangeError('as V8 throws it');
  };
  expect(() => layers.inside(overflow)).toThrow(RangeError);
  expect(zoneOf(heap, heap.alloc(64))).toBe('high');
  expect(heap.slot).not.toBe(slot);
});
