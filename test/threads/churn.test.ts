// Real workers on one heap, each with blocks of its own: random sizes, random times, every block
// stamped from end to end. The main thread looks on, switches modes, or sleeps.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SharedHeap, type HeapOptions, type Mode } from '../../src/index.ts';
import type { ChurnOrders } from '../../workers/churn.ts';
import { blockUntil, isSet, SIGNAL, signal, signalWords } from '../support/threads/signals.ts';
import { expectClean, expectEmpty, meanwhile, seedOf, start } from '../support/threads/start.ts';
import type { Tally } from '../support/threads/stamped.ts';

const MODES: readonly Mode[] = ['two-tier', 'simple-heap', 'hybrid'];
const TRAFFIC = { steps: 3000, live: 60, leastBytes: 1, mostBytes: 200 * 1024, resizes: 0.1 };

type Traffic = Partial<Omit<ChurnOrders, 'heap' | 'owner' | 'signals'>> & { readonly seed: number };

function churn(heap: SharedHeap, threads: number, traffic: Traffic, signals = signalWords()) {
  return Array.from({ length: threads }, (_, owner) => {
    const seed = traffic.seed + owner * 7919;
    const orders = { heap: heap.handle, owner, signals, ...TRAFFIC, ...traffic, seed };
    return start<Tally>('churn', orders satisfies ChurnOrders);
  });
}

/** All that a monitor may rely on while others are inside the heap. */
function expectPlausible(heap: SharedHeap): void {
  const { pages, freePages, peakPages, totalBytes, peakBytes, ...stats } = heap.stats();
  expect(freePages).toBeGreaterThanOrEqual(0);
  expect(freePages).toBeLessThanOrEqual(pages);
  expect(peakPages).toBeLessThanOrEqual(pages);
  expect(peakBytes).toBeLessThanOrEqual(totalBytes);
  expect(stats).toMatchObject({ doubleFrees: 0, invalidFrees: 0, corruptions: 0 });
}

describe('threads that allocate and free independently', () => {
  test.each<[string, HeapOptions]>([
    ['two tiers', { mode: 'two-tier' }],
    ['the simple heap', { mode: 'simple-heap' }],
    ['a hybrid heap that is too small for them', { mode: 'hybrid', size: '6MiB' }],
    ['a checked heap', { checked: true }],
  ])('never share a byte, and leave a sound and empty heap: %s', async (_, options) => {
    const seed = seedOf('churn');
    const heap = SharedHeap.create({ size: '64MiB', ...options });
    const tallies = await meanwhile(churn(heap, 4, { seed }), () => {
      expect(heap.validate()).toEqual([]);
      expectPlausible(heap);
    });
    expectClean(tallies);
    expectEmpty(heap);
    const { allocCount, freeCount, slots } = heap.stats();
    expect(tallies.reduce((sum, tally) => sum + tally.frees, 0)).toBeLessThanOrEqual(freeCount);
    expect(allocCount).toBeGreaterThan(TRAFFIC.steps);
    expect(slots.map(({ slot }) => slot)).toEqual([heap.slot]);
  });

  test.each(MODES)('lose nothing when there are twelve of them: %s', async (mode) => {
    const seed = seedOf('churn');
    const heap = SharedHeap.create({ size: '64MiB', mode });
    const tallies = await meanwhile(churn(heap, 12, { seed, steps: 1000 }), () => {
      expect(heap.validate()).toEqual([]);
    });
    expectClean(tallies);
    expectEmpty(heap);
  });

  test('go on while the main thread is blocked', () => {
    const signals = signalWords();
    const heap = SharedHeap.create({ size: '32MiB' });
    const tallies = churn(heap, 3, { seed: seedOf('churn') }, signals);
    expect(blockUntil(signals, SIGNAL.FINISHED, 3, 30_000)).toBe(true);
    return Promise.all(tallies).then(expectClean);
  });

  test('grow and shrink blocks beside each other, and contents stay', async () => {
    const seed = seedOf('churn');
    const heap = SharedHeap.create({ size: '48MiB' });
    const large = { leastBytes: 20_000, mostBytes: 400_000, resizes: 0.6, live: 12, steps: 2000 };
    const tallies = await Promise.all(churn(heap, 4, { seed, ...large }));
    expectClean(tallies);
    expect(tallies.reduce((sum, tally) => sum + tally.grownInPlace, 0)).toBeGreaterThan(100);
    expectEmpty(heap);
  });
});

describe('a mode switch', () => {
  test('while eight threads have live blocks of all tiers loses and mixes up nothing', async () => {
    const seed = seedOf('churn');
    const signals = signalWords();
    const heap = SharedHeap.create({ size: '64MiB' });
    const tallies = churn(heap, 8, { seed, steps: 1e9 }, signals);
    const uses = new Set<string>();
    for (let i = 0; i < 150 || (uses.size < 4 && i < 3000); i++) {
      heap.setMode(MODES[i % 3]!);
      for (const { use } of heap.extents()) uses.add(use);
      await sleep(3);
    }
    signal(signals, SIGNAL.STOP);
    expect(isSet(signals, SIGNAL.STARTED)).toBe(true);
    expectClean(await Promise.all(tallies));
    expect([...uses].sort()).toEqual(['free', 'run', 'simple', 'slab']);
    expectEmpty(heap);
  });
});
