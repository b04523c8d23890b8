// What a pool of a heap makes of all that is out of the ordinary: workers that are killed or leave,
// tasks of the wrong kind, pools that fail.

import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { describe, expect, onTestFinished, test } from 'vitest';
import { heapPool, runTask, useHeap, type WorkerPool } from '../../src/host/piscina.ts';
import { SharedHeap } from '../../src/index.ts';
import type { Order } from '../support/threads/orders.ts';
import { expectExact, Workshop, type PoolClass } from '../support/threads/crafts.ts';
import { signal, SIGNAL, signalWords } from '../support/threads/signals.ts';
import { IMPORTS, programOf } from '../support/threads/start.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('a worker of piscina that is killed, or ends by itself, takes its task along', async () => {
  const it = new Workshop(Piscina as PoolClass, { minThreads: 1, maxThreads: 1 });
  const [old, other] = [it.block(1), it.block(2)];
  const end = it.refused('stay', old);
  await it.started(1);
  await (it.pool as unknown as Piscina).threads[0]!.terminate();
  await end;
  expectExact(it);
  await it.refused('exit', other);
  expectExact(it);
  expect(await it.order('do', old)).toMatchObject({ ok: true });
  expectExact(it);
});

describe('what is not meant is told', () => {
  const heap = SharedHeap.create({ size: '4MiB' });
  const filename = programOf('artisan').href;
  const open = (): Piscina => {
    const pool = heapPool(heap, Piscina, { filename, minThreads: 1, maxThreads: 1, ...IMPORTS });
    onTestFinished(() => pool.destroy());
    return pool;
  };
  const order = (how: Order['how']): Order => {
    const account = heap.alloc(8);
    return { how, old: heap.alloc(64), account, signals: signalWords(), size: 64 };
  };

  test('a pool that has no heap, and a thread that has none', async () => {
    const pool = new Piscina({ minThreads: 0 }) as WorkerPool;
    await expect(runTask(pool, 1)).rejects.toMatchObject({ code: 'BAD_OPTION' });
    expect(() => useHeap()).toThrow(/no heap was given to this thread: start it with withHeap/);
    expect(() => heapPool(heap, Piscina, { workerData: [1] })).toThrow(/a plain object/);
  });

  test('an ordinary task that is run as a heapTask, and the other way round', async () => {
    const pool = open();
    const live = heap.stats().liveBlocks;
    await expect(runTask(pool, 0, { name: 'plain' })).rejects.toThrow(/is no heapTask/);
    await expect(pool.run(order('do'), { name: 'craft' })).rejects.toThrow(/called by runTask/);
    expect(heap.stats().liveBlocks).toBe(live + 2);
  });

  test('work that commits, and an answer that cannot be cloned', async () => {
    const pool = open();
    const craft = (how: Order['how']) => runTask(pool, order(how), { name: 'craft' });
    await expect(craft('commit')).rejects.toThrow(/must not commit/);
    const live = heap.stats().liveBlocks;
    await expect(craft('function')).rejects.toThrow(/(could|can) not be cloned/);
    expect(heap.stats().liveBlocks).toBe(live + 2);
    expect(heap.validate()).toEqual([]);
  });

  test('a heap without room for as much as a slip', async () => {
    const pool = open();
    const input = order('do');
    heap.faults.inject({ nth: 1 });
    const done = await runTask(pool, input, { name: 'craft' });
    heap.faults.inject(null);
    expect(done).toMatchObject({ ok: false, error: { code: 'OUT_OF_MEMORY', injected: true } });
  });
});

test('a worker has four transactions at once: a fifth task is told', async () => {
  const one = { minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: 6 };
  const it = new Workshop(Piscina as PoolClass, one);
  await it.order('do', it.block()); // the worker is there now
  const wait = () => it.order('hold', it.block(), { account: it.block() });
  const four = [wait(), wait(), wait(), wait()];
  await it.started(5);
  expect(await it.refused('do', it.block())).toMatchObject({ message: /JOURNAL_FULL/ });
  signal(it.signals, SIGNAL.STOP);
  expect((await Promise.all(four)).filter(({ ok }) => ok)).toHaveLength(4);
  expectExact(it);
});

test('a worker that leaves the heap in one task is back in it for the next', async () => {
  const it = new Workshop(Piscina as PoolClass, { minThreads: 1, maxThreads: 1 });
  for (let i = 0; i < 3; i++) {
    expect(await it.order('do', it.block(i))).toMatchObject({ ok: true });
    await it.pool.run(0, { name: 'leave' });
  }
  expectExact(it);
});

test('a task that its pool reports as failed and starts all the same does nothing', async () => {
  const it = new Workshop(Piscina as PoolClass, { minThreads: 1, maxThreads: 1, maxQueue: 0 });
  const busy = it.order('wait', it.block(), { size: 64 });
  await it.started(1);
  const old = it.block(5);
  expect(await it.refused('do', old)).toMatchObject({ message: /queue/i });
  expect(await busy).toMatchObject({ ok: true });
  const next = it.block(); // refused while the other is on
  for (let done = false; !done; await sleep(1)) {
    done = await it.order('do', next).then(
      ({ ok }) => ok,
      () => false,
    );
  }
  expect(Atomics.load(it.signals, SIGNAL.STARTED), 'the first and the last').toBe(2);
  expect(it.valueOf(old)).toBe(5);
  expectExact(it);
});

test('a process that has used a pool of its heap ends by itself', () => {
  const file = programOf('artisan').href;
  const code = `
    const { Piscina } = await import('piscina');
    const { SharedHeap } = await import('./dist/src/index.js');
    const { heapPool } = await import('./dist/src/host/piscina.js');
    const heap = SharedHeap.create({ size: '4MiB' });
    const pool = heapPool(heap, Piscina, { filename: ${JSON.stringify(file)} });
    console.log((await pool.run(3, { name: 'plain' })).live);
    await pool.destroy();`;
  const hangs = { cwd: ROOT, encoding: 'utf8', timeout: 30_000 } as const;
  const args = ['--input-type=module', '-e', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, hangs);
  expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: '3\n' });
});
