// Budgets with real workers: two share one, a third is not kept from the memory that it leaves, and
// what a worker had is given back to the budget when it is ended by force.

import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { expect, onTestFinished, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import type { HoarderTask } from '../../workers/hoarder.ts';
import { signalWords, SIGNAL } from '../support/threads/signals.ts';
import { IMPORTS, programOf } from '../support/threads/start.ts';

const MIB = 2 ** 20;

test.each([64, 5000, 100_000])(
  'workers that take all of a budget have no more than that: blocks of %d bytes',
  async (size) => {
    const heap = SharedHeap.create({ size: '16MiB', budgets: true, trackOwners: true });
    const budget = heap.budget('hoarders', { max: '2MiB' });
    const filename = programOf('hoarder').href;
    const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2, ...IMPORTS });
    onTestFinished(async () => {
      await pool.destroy();
      heap.detach();
    });
    const signals = signalWords();
    const task = { heap: heap.handle, signals, size, adj: 0, budget: 'hoarders' };
    const ends = [Infinity, 5].map((most) => {
      const run = pool.run({ ...task, most } satisfies HoarderTask, { name: 'hoard' });
      return run.catch((error: unknown) => error);
    });
    while (Atomics.load(signals, SIGNAL.STARTED) < 2) await sleep(1);
    const full = budget.usage();
    expect(full.usedBytes).toBe(heap.stats().allocatedBytes);
    expect(full.usedBytes).toBeLessThanOrEqual(2 * MIB);
    expect(full.failures).toBeGreaterThanOrEqual(1);
    expect(heap.alloc(4 * MIB), 'of nobody’s budget').toBeGreaterThan(0);
    for (const worker of pool.threads) void worker.terminate();
    await Promise.all(ends);
    for (; heap.stats().slots.length > 1; await sleep(1)) heap.recover();
    expect(budget.usage()).toMatchObject({ usedBytes: 0, peakBytes: full.peakBytes });
    expect([heap.stats().liveBlocks, heap.validate()]).toEqual([1, []]);
  },
);
