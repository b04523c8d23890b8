// Memory that is out for good, in a real pool: one worker leaks all of it, the host is told, stops
// that worker, and the allocation that waits for memory gets it.

import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SharedHeap, type OutOfMemory } from '../../src/index.ts';
import type { Fed, HoarderTask } from '../../workers/hoarder.ts';
import { signalWords, SIGNAL } from '../support/threads/signals.ts';
import { IMPORTS, programOf } from '../support/threads/start.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SIZE = 64 * 1024;
/** Longer than any test: whoever is served is not served because its time is over. */
const LONG_MS = 60_000;

interface Play {
  readonly heap: SharedHeap;
  readonly pool: Piscina;
  readonly events: OutOfMemory[];
  /** One more worker has taken so many blocks, or all, and keeps them; what waits for its end. */
  hoard(most: number, adj?: number): Promise<() => Promise<unknown>>;
  wait(): Promise<Fed>;
}

/** A pool of three, and this thread, which stops whom the heap names first. */
function play(options: object = { trackOwners: true }): Play {
  const heap = SharedHeap.create({ size: '8MiB', maxSlots: 6, ...options });
  const filename = programOf('hoarder').href;
  const pool = new Piscina({ filename, minThreads: 3, maxThreads: 3, ...IMPORTS });
  onTestFinished(async () => {
    await pool.destroy();
    heap.detach();
  });
  const events: OutOfMemory[] = [];
  heap.onOutOfMemory((event) => {
    events.push(event);
    const victim = pool.threads.find((it) => it.threadId === event.victims[0]?.threadId);
    void victim?.terminate();
  });
  const signals = signalWords();
  let hoarders = 0;
  const task = (most: number, adj: number): HoarderTask => {
    return { heap: heap.handle, signals, size: SIZE, adj, most };
  };
  return {
    heap,
    pool,
    events,
    hoard: async (most, adj = 0) => {
      const end = pool.run(task(most, adj), { name: 'hoard' }).catch((error: unknown) => error);
      const started = ++hoarders;
      while (Atomics.load(signals, SIGNAL.STARTED) < started) await sleep(1);
      return () => end;
    },
    wait: () => pool.run(task(LONG_MS, 0), { name: 'wait' }) as Promise<Fed>,
  };
}

describe('a worker that leaks all memory', () => {
  test('is stopped, and another worker’s waiting allocation gets its memory', async () => {
    const { heap, events, hoard, wait } = play();
    await hoard(10);
    const hoarder = await hoard(Infinity);
    const fed = await wait();
    expect(fed).toMatchObject({ code: '' });
    expect(await hoarder(), 'its task has ended with it').toBeInstanceOf(Error);
    expect(events[0]).toMatchObject({ requested: SIZE, slot: fed.slot });
    const [first, second] = events[0]!.victims;
    expect(first?.bytes).toBeGreaterThan(50 * SIZE);
    expect(second?.bytes).toBe(10 * SIZE);
    expect(heap.stats().reclaim.pleas).toBe(events.length);
    expect([heap.free(fed.ptr), heap.stats().liveBlocks]).toEqual([true, 10]);
    expect(heap.validate()).toEqual([]);
  });

  test('is spared when it is immune: the next best is stopped', async () => {
    const { heap, events, hoard, wait } = play();
    const small = await hoard(10);
    await hoard(Infinity, -1000);
    expect(await wait()).toMatchObject({ code: '' });
    expect(await small()).toBeInstanceOf(Error);
    expect(events[0]!.victims[0]).toMatchObject({ bytes: 10 * SIZE, adj: 0 });
    expect(heap.validate()).toEqual([]);
  });

  test('is stopped by the very thread that blocks in its allocation', async () => {
    const { heap, events, hoard } = play();
    const hoarder = await hoard(Infinity);
    const got = heap.tryAlloc(SIZE, { waitMs: LONG_MS });
    expect(got.ok).toBe(true);
    expect(events[0]).toMatchObject({ slot: heap.slot, requested: SIZE });
    expect(await hoarder()).toBeInstanceOf(Error);
    expect([heap.stats().liveBlocks, heap.validate()]).toEqual([1, []]);
  });

  test('is stopped for an allocation that is awaited', async () => {
    const { heap, events, hoard } = play();
    const hoarder = await hoard(Infinity);
    const got = await heap.allocAsync(SIZE, { timeoutMs: LONG_MS });
    expect([got.ok, events[0]?.slot]).toEqual([true, heap.slot]);
    expect(await hoarder()).toBeInstanceOf(Error);
    expect([heap.stats().liveBlocks, heap.validate()]).toEqual([1, []]);
  });
});

test('where owners are not tracked a victim’s live blocks stay, others are freed', async () => {
  const { heap, events, hoard, wait } = play({});
  const ptrs: number[] = [];
  for (let i = 0; i < 20; i++) ptrs.push(heap.alloc(SIZE));
  heap.onOutOfMemory(() => void heap.freeMany(ptrs.splice(0)));
  const hoarder = await hoard(Infinity);
  expect(await wait()).toMatchObject({ code: '' });
  expect(await hoarder()).toBeInstanceOf(Error);
  const [first] = events[0]!.victims;
  expect(first?.bytes, 'all that it took').toBeGreaterThan(50 * SIZE);
  expect(first?.returnedBytes, 'what its magazines have').toBeLessThan(10 * SIZE);
  expect(heap.stats().liveBlocks).toBeGreaterThan(50);
  expect(heap.validate()).toEqual([]);
});

test('a process with nothing to do but to listen ends by itself', () => {
  const code = `import('./dist/src/index.js').then(({ SharedHeap }) => {
    const heap = SharedHeap.create({ size: '4MiB' });
    heap.onOutOfMemory(() => console.log('told'));
    while (heap.alloc(65536) !== 0);
    heap.tryAlloc(65536, { waitMs: 1 });
    console.log('done');
  });`;
  const hangs = { cwd: ROOT, encoding: 'utf8', timeout: 30_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', code], hangs);
  expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: 'told\ndone\n' });
});
