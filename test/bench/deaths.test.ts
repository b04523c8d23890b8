// What the studies of deaths and of set-up rest on: real workers, from dist, as they are programs.
import { describe, expect, test } from 'vitest';
import type { dieIn as dieInSource } from '../../bench/deaths/recovery.ts';
import type { arrive as arriveSource } from '../../bench/setup/studies.ts';
import { QUICK } from '../../bench/suite/measure.ts';
import type { Study } from '../../bench/suite/study.ts';
import type { SharedHeap as SharedHeapSource } from '../../src/index.ts';

const dist = new URL('../../dist/', import.meta.url);
const load = async (path: string): Promise<unknown> => import(new URL(path, dist).href);
const { SharedHeap } = (await load('src/index.js')) as { SharedHeap: typeof SharedHeapSource };

describe('a victim', () => {
  test('leaves as much in its magazines as it was told to, and is recovered', async () => {
    const { dieIn } = (await load('bench/deaths/recovery.js')) as { dieIn: typeof dieInSource };
    const heap = SharedHeap.create({ size: '64MiB' });
    const empty = await dieIn(heap, 'empty');
    const full = await dieIn(heap, 'full');
    expect(empty.cachedBlocks).toBe(0);
    expect(full.cachedBlocks).toBeGreaterThan(1000);
    expect(full.callMs).toBeGreaterThanOrEqual(full.insideMs);
    expect(heap.stats()).toMatchObject({ liveBlocks: 0, recoveries: { count: 2 } });
    expect(heap.validate()).toEqual([]);
    heap.detach();
  });
});

describe('a crew under fire', () => {
  test('plays every round, and leaves its heap sound and empty', async () => {
    const { TOLL_STUDY } = (await load('bench/deaths/toll.js')) as { TOLL_STUDY: Study };
    const rows = await TOLL_STUDY.play({ pace: QUICK, quick: true, versus: false, natives: null });
    for (const { sides, verdict, failures } of rows) {
      expect(failures).toEqual([]);
      expect(sides.map(({ rounds }) => rounds.length)).toEqual([2, 2, 2]);
      expect(sides.every(({ median }) => median > 0)).toBe(true);
      expect(verdict.ratio).not.toBeNull();
    }
  });
});

describe('a settler', () => {
  test.each(['create', 'attach', 'buffer'] as const)('tells how it went: %s', async (act) => {
    const { arrive } = (await load('bench/setup/studies.js')) as { arrive: typeof arriveSource };
    const heaps = [1, 2].map(() => SharedHeap.create({ size: '4MiB' }));
    const [first, second] = heaps.map(({ handle }) => handle);
    const settled = await arrive({ act, bytes: 2 ** 22, handles: [first!, second!] });
    expect(settled.firstMs).toBeGreaterThan(0);
    expect(settled.secondMs).toBeGreaterThan(0);
    expect(settled.startMs).toBeGreaterThan(0);
    expect(settled.residentBytes).toBeGreaterThanOrEqual(0);
    for (const heap of heaps) {
      expect(heap.stats().slots.filter(({ self }) => !self)).toEqual([]);
      heap.detach();
    }
  });
});
