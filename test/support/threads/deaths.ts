// What must be true of deaths whichever way they are seen: a suite that runs once for threads that
// ask the system, and once for threads that cannot.

import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Recovered, SharedHeap } from '../../../src/index.ts';
import type { HostageTask } from '../../../workers/hostage.ts';
import {
  comesTrue,
  doom,
  expectRecovered,
  library,
  recovered,
  type BuiltLibrary,
} from './doomed.ts';
import { SIGNAL, signalWords } from './signals.ts';
import { IMPORTS, programOf } from './start.ts';

export function deathsAreSeen(blind: boolean): void {
  let lib: BuiltLibrary;
  beforeAll(async () => void (lib = await library()));
  const heapFor = (): SharedHeap => {
    const heap = lib.SharedHeap.create({ size: '16MiB' });
    onTestFinished(() => heap.detach());
    return heap;
  };

  test.each(['park', 'spin', 'wait', 'lock', 'rest'] as const)(
    'a worker that is terminated is recovered though nobody waits for it: %s',
    async (how) => {
      const heap = heapFor();
      const { worker } = await doom(heap, how, blind);
      await worker.terminate();
      await recovered(heap, 1);
      expectRecovered(heap, how === 'spin' ? heap.stats().liveBlocks : 20);
      if (how === 'lock') expect(heap.stats().recoveries.locks).toBe(1);
    },
  );

  test('a worker that is watched is recovered once it has ended, and not before', async () => {
    const heap = heapFor();
    const { worker, signals } = await doom(heap, 'spin', blind);
    heap.watch(worker);
    await worker.terminate();
    const seen = Atomics.load(signals, SIGNAL.TURNS);
    await sleep(500);
    const runsOn = Atomics.load(signals, SIGNAL.TURNS) !== seen; // as in Deno
    if (!runsOn) await recovered(heap, 1);
    expect(heap.stats().recoveries.count).toBe(runsOn ? 0 : 1);
    if (!runsOn) expect(heap.validate()).toEqual([]);
  });

  test.each(['throw', 'exit', 'slow'] as const)(
    'a worker that ends by itself without detaching leaves nothing to recover: %s',
    async (how) => {
      const heap = heapFor();
      const { ended } = await doom(heap, how, blind);
      await ended;
      expectRecovered(heap, 20);
      expect(heap.stats().recoveries.count).toBe(0);
    },
  );

  test('a worker that overflows its stack in the heap goes on, on another seat', async () => {
    const heap = heapFor();
    const { ended } = await doom(heap, 'overflow', blind);
    const [report] = await ended;
    expect(report?.goesOn).toBe(true);
    expect(report?.crashes).toBeGreaterThan(0);
    heap.recover();
    expectRecovered(heap, heap.stats().liveBlocks);
  });

  test('a worker that ends its child, which held a lock, goes on through that lock', async () => {
    const heap = heapFor();
    const { ended } = await doom(heap, 'nest', blind, SIGNAL.FINISHED);
    await ended;
    await recovered(heap, 1);
    expectRecovered(heap, 40);
    expect(heap.stats().recoveries.count).toBe(1);
  });

  test('a thread that is slow is never taken for dead', async () => {
    const heap = heapFor();
    const { signals, ended } = await doom(heap, 'slow', blind);
    await comesTrue(() => {
      expect(heap.recover()).toEqual([]);
      return Atomics.load(signals, SIGNAL.FINISHED) > 0;
    });
    await ended;
    expect(heap.stats().recoveries.count).toBe(0);
  });

  test('who listens hears of each recovery once, and of none when it has stopped', async () => {
    const heap = heapFor();
    const heard: Recovered[] = [];
    const stop = heap.on('recovered', (it) => void heard.push(it));
    const [first, second] = [await doom(heap, 'park', blind), await doom(heap, 'park', blind)];
    const ids = [first.worker.threadId, second.worker.threadId];
    await first.worker.terminate();
    await second.worker.terminate();
    await comesTrue(() => heard.length >= 2);
    expect(heard.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(heard.map(({ threadId }) => threadId).sort()).toEqual(ids.sort());
    expect(heard.map((it) => it.unreturnedBlocks)).toEqual([20, 20]);
    const { unreturnedBlocks, cachedBlocks, worstMs } = heap.stats().recoveries;
    expect(unreturnedBlocks).toBe(40);
    expect(cachedBlocks).toBe(heard.reduce((sum, it) => sum + it.cachedBlocks, 0));
    expect(worstMs).toBe(Math.max(...heard.map((it) => it.milliseconds)));
    stop();
    const third = await doom(heap, 'park', blind);
    await third.worker.terminate();
    await recovered(heap, 3);
    expect(heard).toHaveLength(2);
  });

  test.each(['sync', 'async', 'disabled'] as const)(
    'a task that its pool of piscina gives up is recovered, and the pool goes on: atomics %s',
    async (atomics) => {
      const heap = heapFor();
      const options = { minThreads: 1, maxThreads: 1, atomics, ...IMPORTS } as const;
      const pool = new Piscina({ filename: programOf('hostage').href, ...options });
      onTestFinished(() => pool.destroy());
      const task: HostageTask = { heap: heap.handle, signals: signalWords(), blind };
      const abort = new AbortController();
      const held = pool.run(task, { name: 'hold', signal: abort.signal });
      await comesTrue(() => Atomics.load(task.signals, SIGNAL.STARTED) > 0);
      abort.abort();
      await expect(held).rejects.toThrow('abort');
      await recovered(heap, 1);
      expect(await pool.run(task, { name: 'visit' })).not.toBe(heap.slot);
      expect(heap.validate()).toEqual([]);
    },
  );
}
