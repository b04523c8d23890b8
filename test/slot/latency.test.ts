// Latency: which calls are timed, into which bucket they go, and whose that is.

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  EVERY,
  boundOf,
  bucketOf,
  latencyOf,
  quantile,
  startOf,
  wordOf,
} from '../../src/slot/latency.ts';
import { COUNTER } from '../../src/word/records.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { LatencyStats } from '../../src/heap/stats.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const LAST = COUNTER.BUCKETS - 1;
const NOTHING = { samples: 0, p50Microseconds: 0, p99Microseconds: 0, maxMicroseconds: 0 };

describe('a bucket', () => {
  test.each([
    [0, 0],
    [-1, 0],
    [0.01, 0],
    [0.25, 0],
    [0.2501, 1],
    [0.5, 1],
    [0.51, 2],
    [1, 2],
    [1.01, 3],
    [2, 3],
    [2.01, 4],
    [1024, 12],
    [1024.1, 13],
    [131_072, LAST - 1],
    [131_073, LAST],
    [262_144, LAST],
    [262_145, LAST],
    [1e12, LAST],
    [Infinity, LAST],
  ])('of %d µs is number %d', (microseconds, bucket) => {
    expect(bucketOf(microseconds)).toBe(bucket);
    expect(wordOf(microseconds / 1000)).toBe(COUNTER.SLOW_ALLOCS + bucket);
  });

  test('is the first whose bound is not less', () => {
    assertProperty(
      500,
      fc.property(fc.double({ min: 0.001, max: 262_144, noNaN: true }), (microseconds) => {
        const bucket = bucketOf(microseconds);
        expect(boundOf(bucket)).toBeGreaterThanOrEqual(microseconds);
        expect(bucket === 0 || boundOf(bucket - 1) < microseconds).toBe(true);
      }),
    );
  });
});

describe('a quantile', () => {
  test('of nothing is 0', () => {
    expect(quantile([0, 0, 0], 0.5)).toBe(0);
    expect(latencyOf([0, 0, 0])).toEqual(NOTHING);
  });

  test('is the bound of the bucket in which so many are full', () => {
    const counts = [0, 50, 49, 0, 1]; // to 0.5, 1 and 4 µs
    const of = (share: number) => quantile(counts, share);
    expect([of(0), of(0.5), of(0.51), of(0.99), of(0.991), of(1)]).toEqual([0.5, 0.5, 1, 1, 4, 4]);
  });

  test('of one call is its bound, whatever the share', () => {
    expect(latencyOf([0, 0, 0, 1])).toEqual({
      samples: 1,
      p50Microseconds: 2,
      p99Microseconds: 2,
      maxMicroseconds: 2,
    });
  });
});

describe('what is timed', () => {
  let asked = 0;
  beforeEach(() => {
    asked = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => ++asked * 0.003); // 3 µs for each
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  const latency = (heap: SharedHeap, slot = heap.slot): LatencyStats => {
    const found = heap.stats().slots.find((it) => it.slot === slot);
    return found?.slowAllocLatency as LatencyStats;
  };
  /** Takes a run of pages from a zone, and gives it back: two slow calls. */
  const turnOver = (heap: SharedHeap, times: number) => {
    for (let i = 0; i < times; i++) expect(heap.free(heap.alloc(20_000))).toBe(true);
  };

  test('is one slow alloc of so many slow calls, though each is followed by a slow free', () => {
    const heap = anotherSeat(tinyHeap().handle);
    turnOver(heap, (EVERY - 1) / 2);
    expect(latency(heap)).toMatchObject(NOTHING);
    turnOver(heap, 1);
    expect(latency(heap)).toMatchObject({ samples: 1, p50Microseconds: 4, maxMicroseconds: 4 });
    turnOver(heap, EVERY * 9);
    expect(latency(heap)).toMatchObject({ samples: 10, p99Microseconds: 4 });
    expect(latency(heap).counts).toEqual(
      Array.from({ length: COUNTER.BUCKETS }, (_, bucket) => (bucket === bucketOf(3) ? 10 : 0)),
    );
    expect(asked, 'the clock is asked for nothing else').toBe(20);
  });

  test('is nothing that a magazine serves', () => {
    const heap = anotherSeat(tinyHeap().handle);
    for (let i = 0; i < EVERY * 100; i++) heap.free(heap.alloc(64));
    expect(asked).toBe(0);
    expect(latency(heap)).toMatchObject(NOTHING);
  });

  test('is also what is refused in the end', () => {
    const heap = anotherSeat(tinyHeap().handle);
    for (let i = 0; i < EVERY; i++) expect(heap.alloc(2 ** 20)).toBe(0);
    expect(latency(heap)).toMatchObject({ samples: 1 });
  });

  test('counts for the seat on which it was, and goes on with the next who sits there', () => {
    const { handle } = tinyHeap();
    const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
    turnOver(bob, EVERY * 3);
    expect(latency(ann)).toMatchObject(NOTHING);
    expect(latency(ann, bob.slot)).toMatchObject({ samples: 3 });
    expect(latency(ann, bob.slot)).toEqual(latency(bob));
    turnOver(ann, EVERY);
    expect([latency(bob, ann.slot).samples, latency(bob).samples]).toEqual([1, 3]);
    bob.detach();
    const cid = anotherSeat(handle);
    expect(cid.slot).toBe(bob.slot);
    expect(latency(cid)).toMatchObject({ samples: 3 });
    turnOver(cid, EVERY);
    expect([latency(ann).samples, latency(cid).samples]).toEqual([1, 4]);
  });

  test('does not touch the other counters', () => {
    const heap = anotherSeat(tinyHeap().handle);
    const { counters, memory } = layersOf(heap);
    for (let bucket = 0; bucket <= LAST; bucket++) counters.bump(wordOf(boundOf(bucket) / 1000));
    expect(latency(heap).counts).toEqual(new Array<number>(COUNTER.BUCKETS).fill(1));
    const others = [...Array(COUNTER.WORDS * 2).keys()].filter(
      (word) => word < COUNTER.SLOW_ALLOCS || word > COUNTER.SLOW_ALLOCS + LAST,
    );
    expect(others.filter((word) => memory.getCount(word) !== 0)).toEqual([]);
  });

  test('is nothing where there is no clock', async () => {
    expect(startOf(EVERY - 1)).toBeGreaterThan(0);
    vi.stubGlobal('performance', undefined);
    vi.resetModules();
    const here = await import('../../src/slot/latency.ts');
    expect(here.startOf(EVERY - 1)).toBe(-1);
  });
});
