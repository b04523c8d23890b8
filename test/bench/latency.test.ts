// Histograms of times, and what is said of locks: pure arithmetic, held against plain lists.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, bucketOf, endOf, quantile, sumOf } from '../../bench/latency/histogram.ts';
import { lockRows } from '../../bench/latency/locks.ts';
import { delays } from '../../bench/workloads/delays.ts';
import { SharedHeap } from '../../src/index.ts';

function countsOf(times: readonly number[]): number[] {
  const counts = Array.from({ length: BUCKETS }, () => 0);
  for (const time of times) counts[bucketOf(time)]!++;
  return counts;
}

describe('a histogram', () => {
  const time = fc.integer({ min: 0, max: 0x7fffffff });

  test('has every time in one bucket, whose end is at most a sixteenth beyond it', () => {
    fc.assert(
      fc.property(time, (ns) => {
        const bucket = bucketOf(ns);
        expect(bucket).toBeLessThan(BUCKETS);
        expect(endOf(bucket)).toBeGreaterThan(ns);
        expect(endOf(bucket)).toBeLessThanOrEqual(Math.max(ns + 1, (ns * 17) / 16 + 1));
      }),
    );
  });

  test('has longer times in no lower buckets', () => {
    fc.assert(
      fc.property(time, time, (a, b) => {
        expect(Math.sign(bucketOf(a) - bucketOf(b)) * Math.sign(a - b)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('has times that are absurd in its first and last', () => {
    expect(bucketOf(-5)).toBe(0);
    expect(bucketOf(1e15)).toBe(bucketOf(0x7fffffff));
  });

  test('knows the time that a share of all do not exceed', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1 }), fc.double({ min: 0, max: 1 }), (all, share) => {
        if (Number.isNaN(share)) return;
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(all.length * share)) - 1]!;
        expect(quantile(countsOf(all), share)).toBe(endOf(bucketOf(exact)));
      }),
    );
  });

  test('of several threads is the sum of theirs', () => {
    const counts = Int32Array.from([...countsOf([3, 5]), ...countsOf([5])]);
    expect([...sumOf(counts, 2)]).toEqual(countsOf([3, 5, 5]));
  });
});

describe('the watch', () => {
  test('counts every alloc of its thread among the thread’s own words', () => {
    const heap = SharedHeap.create({ size: '16MiB' });
    const shared = new Int32Array(3 * BUCKETS);
    const job = { workload: 'delays', threads: 3, size: 64, live: 100 } as const;
    const work = delays({ heap, words: heap.i32 }, { ...job, thread: 1, shared });
    shared.fill(0);
    for (let turn = 0; turn < 3; turn++) work.turn();
    work.finish();
    const sum = (from: number): number =>
      shared.subarray(from * BUCKETS, (from + 1) * BUCKETS).reduce((a, b) => a + b, 0);
    expect([0, 1, 2].map(sum)).toEqual([0, 3 * work.ops, 0]);
    heap.detach();
  });
});

describe('the table of locks', () => {
  test('has all of them, the zones, the rest, and the classes that others wanted', () => {
    const heap = SharedHeap.create({ size: '4MiB' });
    heap.free(heap.alloc(64));
    const stats = heap.stats();
    heap.detach();
    const classes = stats.classes.map((it, index) => {
      return index === 3 ? { ...it, lock: { contended: 30, waits: 20 } } : it;
    });
    const rows = lockRows({
      ...stats,
      classes,
      allocCount: 2_000_000,
      lockContention: 36,
      lockWaits: 20,
    });
    const table = rows.map(({ name, sides }) => [name, ...sides.map(({ median }) => median)]);
    expect(table).toEqual([
      ['all', 18, 10],
      ['zone dma', 0, 0],
      ['zone normal', 0, 0],
      ['zone high', 0, 0],
      ['slots, roots, recovery, pool, simple', 3, 0],
      ['class of 64 B', 15, 10],
    ]);
  });
});
