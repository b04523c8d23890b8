// What a look says, against heap.stats() and against what was done between two.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { insideOf } from '../../../src/heap/door.ts';
import { Looker } from '../../../src/host/inspector/look.ts';
import { SharedHeap } from '../../../src/index.ts';
import { wordOf } from '../../../src/slot/latency.ts';
import { anotherSeat } from '../../support/tiny.ts';

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

/** As if slow allocs of this thread had taken so long. */
function timed(it: SharedHeap, microseconds: number, times: number): void {
  const { counters } = insideOf(it)((session) => session.on);
  for (let i = 0; i < times; i++) counters.bump(wordOf(microseconds / 1000));
}

const none = { samples: 0, p50Microseconds: 0, p99Microseconds: 0, maxMicroseconds: 0 };

test('latencies are each worker’s own, of what was timed in the last ten seconds', () => {
  vi.useFakeTimers();
  const other = anotherSeat(heap.handle);
  timed(heap, 900, 7); // before anybody looked
  const looker = new Looker(heap);
  const latencies = () => {
    const { workers } = looker.look();
    return workers.map(({ slot, slowAllocLatency }) => [slot, slowAllocLatency]);
  };
  expect(latencies()).toEqual([heap.slot, other.slot].map((slot) => [slot, none]));
  timed(heap, 0.4, 60);
  timed(heap, 3, 38);
  timed(heap, 100, 2);
  timed(other, 5000, 1);
  const heaps = { samples: 100, p50Microseconds: 0.5, p99Microseconds: 128, maxMicroseconds: 128 };
  const others = { samples: 1, p50Microseconds: 8192, p99Microseconds: 8192 };
  const both = [
    [heap.slot, heaps],
    [other.slot, { ...others, maxMicroseconds: 8192 }],
  ];
  for (let ms = 0; ms < 10_000; ms += 2500) {
    vi.advanceTimersByTime(2500);
    if (ms === 5000) timed(other, 4500, 1);
    expect(latencies()[0]).toEqual(both[0]);
    if (ms < 5000) expect(latencies()).toEqual(both);
  }
  vi.advanceTimersByTime(2500);
  const [ours, theirs] = latencies();
  expect(ours).toEqual([heap.slot, none]);
  expect(theirs, 'the later one').toMatchObject([other.slot, { samples: 1 }]);
  other.detach();
});

test('latencies of a seat go on when another thread takes it, as all its counts do', () => {
  vi.useFakeTimers();
  const looker = new Looker(heap);
  const first = anotherSeat(heap.handle);
  looker.look();
  timed(first, 100, 2);
  first.detach();
  const next = anotherSeat(heap.handle);
  timed(next, 1, 2);
  vi.advanceTimersByTime(500);
  const [, { slot, slowAllocLatency } = {}] = looker.look().workers;
  expect([slot, next.slot]).toEqual([first.slot, first.slot]);
  expect(slowAllocLatency).toMatchObject({ samples: 4, p50Microseconds: 1, p99Microseconds: 128 });
  next.detach();
  looker.look();
  const last = anotherSeat(heap.handle);
  expect(looker.look().workers[1], 'unknown after a look at which nobody sat there').toMatchObject({
    slot: last.slot,
    slowAllocLatency: none,
  });
  last.detach();
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
