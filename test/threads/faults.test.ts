// Several threads whose requests are refused by one plan: counts are exact, whoever counts when,
// while plans come and go, and when some of the threads are killed.

import { describe, expect, test } from 'vitest';
import { drawFor, CERTAIN } from '../../src/heap/injector.ts';
import { SharedHeap, type FaultPlan } from '../../src/index.ts';
import type { RefusedOrders, RefusedReport } from '../../workers/refused.ts';
import { barrierWords, Barrier } from '../support/threads/barrier.ts';
import { launch } from '../support/threads/launch.ts';
import { expectEmpty, meanwhile, start } from '../support/threads/start.ts';

const PARTIES = 4;
const REQUESTS = 5000;
const SIZE = 64;

function ordersFor(heap: SharedHeap, parties: number, more: Partial<RefusedOrders> = {}) {
  return {
    heap: heap.handle,
    requests: REQUESTS,
    size: SIZE,
    transactions: false,
    barrier: barrierWords(),
    parties,
    ...more,
  } satisfies RefusedOrders;
}

function crew(heap: SharedHeap, more: Partial<RefusedOrders> = {}): Promise<RefusedReport>[] {
  const orders = ordersFor(heap, PARTIES, more);
  return Array.from({ length: PARTIES }, () => start<RefusedReport>('refused', orders));
}

function sum(reports: readonly RefusedReport[]): number {
  expect(
    reports.reduce((total, it) => total + it.other, 0),
    'there was memory',
  ).toBe(0);
  return reports.reduce((total, it) => total + it.injected, 0);
}

const ALL = PARTIES * REQUESTS;

function drawn(probability: number, seed: number): number {
  const due = (i: number) => drawFor(seed, i + 1) < Math.ceil(probability * CERTAIN);
  return Array.from({ length: ALL }, (_, i) => i).filter(due).length;
}

describe('threads under one plan', () => {
  test.each([
    [{ nth: 1 }, 1],
    [{ nth: ALL }, 1],
    [{ nth: ALL + 1 }, 0],
    [{ nth: ALL / 2, times: Infinity }, ALL / 2 + 1],
    [{ every: 7 }, Math.floor(ALL / 7)],
    [{ every: 7, times: 100 }, 100],
    [{ every: 1, times: 100 }, 100],
    [{ probability: 0.1, seed: 5 }, drawn(0.1, 5)],
    [{ probability: 0.1, seed: 5, times: 100 }, 100],
    [{ every: 1, slots: [] }, 0],
  ] as [FaultPlan, number][])(
    'are refused as often as it says, no more: %j',
    async (plan, times) => {
      const heap = SharedHeap.create({ size: '8MiB' });
      heap.faults.inject(plan);
      expect(sum(await Promise.all(crew(heap)))).toBe(times);
      const requests = plan.slots === undefined ? ALL : 0;
      expect(heap.faults.counts()).toEqual({ requests, failures: times });
      expect(heap.stats().injectedFailures).toBe(times);
      heap.faults.inject(null);
      expectEmpty(heap);
    },
  );

  test('in transactions, too', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    heap.faults.inject({ every: 3, times: 1000 });
    expect(sum(await Promise.all(crew(heap, { transactions: true })))).toBe(1000);
    expect(heap.stats()).toMatchObject({
      injectedFailures: 1000,
      transactions: { committed: ALL - 1000, rolledBack: 1000 },
    });
    heap.faults.inject(null);
    expectEmpty(heap);
  });

  test('are all counted while plans come and go', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    let [turns, failures] = [0, 0];
    const end = () => {
      heap.faults.inject(null);
      failures += heap.faults.counts().failures;
    };
    heap.faults.inject({ every: 3 });
    const reports = await meanwhile(crew(heap, { requests: 20 * REQUESTS }), () => {
      if (heap.faults.counts().requests === 0) return; // nobody has met this plan yet
      end();
      heap.faults.inject(turns++ % 2 === 0 ? { probability: 0.5, seed: turns } : { every: 3 });
    });
    end();
    expect(sum(reports)).toBe(failures);
    expect(heap.stats().injectedFailures).toBe(failures);
    expect(failures).toBeGreaterThan(0);
    expectEmpty(heap);
  });

  test('that are killed leave the others no more refusals than there were to be', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    heap.faults.inject({ every: 2 });
    for (let round = 0; round < 5; round++) {
      const orders = ordersFor(heap, 3, { requests: 10 ** 9 });
      const victims = [1, 2].map(() => launch('refused', orders));
      new Barrier(orders.barrier, 3).meet();
      for (let i = 0; i < 200; i++) heap.free(heap.alloc(SIZE));
      await Promise.all(victims.map((it) => it.kill()));
    }
    heap.recover();
    const { requests, failures } = heap.faults.counts();
    expect(failures).toBeLessThanOrEqual(Math.floor(requests / 2));
    expect(failures).toBeGreaterThanOrEqual(Math.floor(requests / 2) - 10);
    heap.faults.inject({ nth: 2 });
    expect([heap.alloc(SIZE) > 0, heap.alloc(SIZE), heap.alloc(SIZE) > 0]).toEqual([true, 0, true]);
    expect(heap.validate()).toEqual([]);
  });
});
