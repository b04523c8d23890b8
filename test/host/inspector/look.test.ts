// What a look says, against heap.stats() and against what was done between two.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { insideOf } from '../../../src/heap/door.ts';
import { Looker } from '../../../src/host/inspector/look.ts';
import { SharedHeap } from '../../../src/index.ts';

let heap: SharedHeap;
beforeEach(() => void (heap = SharedHeap.create({ size: '8MiB', maxSlots: 4 })));
afterEach(() => {
  vi.useRealTimers();
  heap.detach();
});

test('its figures are those of stats, and all of it is plain data', () => {
  const ptrs = Array.from({ length: 500 }, (_, i) => heap.alloc(16 + i * 10));
  ptrs.slice(100).forEach((ptr) => heap.free(ptr));
  heap.free(ptrs[200]!);
  heap.alloc(2 ** 30);
  heap.transaction((tx) => tx.alloc(64));
  const picture = new Looker(heap).look();
  const stats = heap.stats();
  expect(picture.headline).toMatchObject({
    liveBytes: stats.allocatedBytes,
    liveBlocks: stats.liveBlocks,
    peakBytes: stats.peakBytes,
    totalBytes: stats.totalBytes,
    usedPages: stats.pages - stats.freePages,
    failures: 1,
    badFrees: 1,
    committed: 1,
    rolledBack: 0,
    allocRate: 0, // nothing to compare with
  });
  expect(picture.workers).toEqual([
    expect.objectContaining({ slot: heap.slot, self: true, commits: 1, mostMicroseconds: null }),
  ]);
  expect(picture.sizes).toEqual(stats.classes.map((c) => c.blockBytes));
  const live = picture.classes.reduce((sum, c) => sum + c.liveBlocks, 0);
  expect(live).toBe(stats.liveBlocks);
  expect(JSON.parse(JSON.stringify(picture))).toEqual(picture);
});

test('rates are what was done since the look before, by the time that has passed', () => {
  vi.useFakeTimers();
  const looker = new Looker(heap);
  looker.look();
  const ptrs = Array.from({ length: 300 }, () => heap.alloc(64));
  ptrs.slice(100).forEach((ptr) => heap.free(ptr));
  heap.transaction((tx) => tx.free(ptrs[0]!));
  heap.beginTransaction().rollback();
  vi.advanceTimersByTime(500);
  const { seconds, headline, workers } = looker.look();
  expect(seconds).toBe(0.5);
  expect(headline).toMatchObject({ allocRate: 600, freeRate: 402, commitRate: 2, rollbackRate: 2 });
  expect(workers).toEqual([
    expect.objectContaining({ allocRate: 600, freeRate: 402, mostMicroseconds: 1e6 / 1002 }),
  ]);
  vi.advanceTimersByTime(500);
  expect(looker.look().headline).toMatchObject({ allocRate: 0, freeRate: 0, commitRate: 0 });
});

test('fragmentation is told for each order of each zone that has pages', () => {
  const { zones } = new Looker(heap).look();
  const stats = heap.stats().zones.filter((zone) => zone.pages > 0);
  expect(zones.map(({ name }) => name)).toEqual(stats.map(({ name }) => name));
  for (const [index, { orders, freeBytes }] of zones.entries()) {
    expect(orders.map((order) => order.external)).toEqual(stats[index]!.externalFragmentation);
    const free = orders.reduce((sum, { bytes, freeBlocks }) => sum + bytes * freeBlocks, 0);
    expect(free).toBe(freeBytes);
  }
});

test('locks are named, the most contended first, and add up to what stats has', () => {
  const on = insideOf(heap)((session) => session.on);
  const [dma] = on.zones.list;
  on.memory.set(dma!.lock.word + 1, 5);
  on.memory.set(dma!.lock.word + 2, 2);
  on.memory.set(on.slotLock.word + 1, 7);
  const { locks, headline } = new Looker(heap).look();
  expect(locks).toEqual([
    { name: 'all others', contended: 7, waits: 0, contendedRate: 0 },
    { name: 'zone dma', contended: 5, waits: 2, contendedRate: 0 },
  ]);
  expect(headline).toMatchObject({ contended: 12, lockWaits: 2 });
});

test('nothing of what is in blocks is in it', () => {
  const ptr = heap.alloc(64);
  heap.u8.set(new TextEncoder().encode('the secret of a user'), ptr);
  const { map, ...rest } = new Looker(heap).look();
  expect(JSON.stringify(rest)).not.toContain('secret');
  for (const { kinds, fullness, owners } of map.zones) {
    expect(`${kinds}${fullness}${owners}`).toMatch(/^[0-q]*$/);
  }
});

test('a look takes no lock and writes nothing', () => {
  heap.alloc(64);
  const looker = new Looker(heap);
  const on = insideOf(heap)((session) => session.on);
  const locks = [...on.zones.list.map((zone) => zone.lock), on.slotLock];
  locks.forEach((lock) => lock.lock());
  const before = Buffer.from(new Uint8Array(heap.handle.buffer)); // a copy
  looker.look(); // it would wait for itself, and throw
  expect(before.equals(new Uint8Array(heap.handle.buffer))).toBe(true);
  locks.forEach((lock) => lock.unlock());
});

test('who has left the heap sees it no more', () => {
  const looker = new Looker(heap);
  heap.detach();
  expect(() => looker.look()).toThrow(expect.objectContaining({ code: 'DETACHED' }));
});
