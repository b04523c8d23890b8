// A heap in pools of piscina and tinypool: what tasks do counts when their callers hear of it, and
// leaves nothing behind when they throw, are aborted, or die.

import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';
import { describe, expect, test } from 'vitest';
import type { Person } from '../support/threads/orders.ts';
import { expectExact, Workshop, type PoolClass } from '../support/threads/crafts.ts';
import { Dice } from '../support/dice.ts';
import { seedOf } from '../support/threads/start.ts';

const kinds: [string, PoolClass, object][] = [
  ['piscina, atomics: sync', Piscina as PoolClass, { atomics: 'sync' }],
  ['piscina, atomics: async', Piscina as PoolClass, { atomics: 'async' }],
  ['piscina, atomics: disabled', Piscina as PoolClass, { atomics: 'disabled' }],
  ['piscina, two tasks a worker', Piscina as PoolClass, { concurrentTasksPerWorker: 2 }],
  ['tinypool', Tinypool as PoolClass, {}],
];

describe.each(kinds)('in a pool of %s', (_, Pool, options) => {
  const two = { minThreads: 2, maxThreads: 2, ...options };
  const shop = (more: object = {}, heap: object = {}) =>
    new Workshop(Pool, { ...two, ...more }, heap);

  test('tasks make blocks, free others and change shared ones', async () => {
    const it = shop();
    let ptr = it.block(40);
    for (let i = 1; i <= 20; i++) {
      const made = await it.order('do', ptr);
      if (!made.ok) throw new Error(made.error.message);
      expect(made.value.bytes).toEqual(new Float64Array([40 + i]));
      ptr = made.value.ptr;
      expect(it.valueOf(ptr)).toBe(40 + i);
    }
    expectExact(it);
  });

  test('a task that throws leaves nothing behind', async () => {
    const it = shop();
    const old = it.block(7);
    expect(await it.refused('throw', old)).toMatchObject({ message: 'as ordered' });
    expectExact(it);
    expect(it.valueOf(old)).toBe(7);
    expect(await it.order('do', old)).toMatchObject({ ok: true });
    expectExact(it);
  });

  test('an aborted task’s memory is back when its promise is rejected', async () => {
    const it = shop();
    const old = it.block(7);
    const abort = new AbortController();
    const end = it.refused('stay', old, { signal: abort.signal });
    await it.started(1);
    abort.abort();
    expect(await end).toMatchObject({ name: 'AbortError' });
    expectExact(it);
    expect(it.heap.stats().recoveries.rolledBack).toBe(1);
    expect(await it.order('do', old)).toMatchObject({ ok: true });
    expectExact(it);
  });

  test('a task that is aborted before it begins is never begun', async () => {
    const it = shop();
    const held = [it.block(), it.block(), it.block()];
    const busy = new AbortController();
    const ends = held
      .slice(0, 2)
      .map((old) => it.refused('stay', old, { signal: busy.signal, account: it.block() }));
    await it.started(2);
    const abort = new AbortController();
    const queued = it.refused('do', held[2]!, { signal: abort.signal });
    await sleep(1);
    abort.abort();
    expect(await queued).toMatchObject({ name: 'AbortError' });
    busy.abort();
    await Promise.all(ends);
    expect(await it.order('do', held[2]!)).toMatchObject({ ok: true });
    expectExact(it);
  });

  test('an abort that comes after the commit is too late: the answer is heard', async () => {
    const it = shop({ minThreads: 1, maxThreads: 1 });
    const first = await it.order('do', it.block(1)); // the worker is there now
    const old = it.block(2);
    const abort = new AbortController();
    const end = it.order('do', old, { signal: abort.signal });
    const give = performance.now() + 30_000;
    while (it.heap.usableSize(old) > 0 && performance.now() < give); // this thread hears nothing
    abort.abort();
    expect([first.ok, (await end).ok]).toEqual([true, true]);
    expectExact(it);
  });

  test('a worker that crashes takes its task along', async () => {
    const it = shop({ minThreads: 1, maxThreads: 1 });
    const old = it.block(1);
    expect(await it.refused('crash', old)).toMatchObject({ message: 'crashed as ordered' });
    expectExact(it);
    expect(await it.order('do', old)).toMatchObject({ ok: true });
    expectExact(it);
  });

  test('a task that finds no memory is told so, and its caller too', async () => {
    const it = shop();
    const old = it.block(1);
    const made = await it.order('ask', old, { size: 4096 });
    expect(made).toMatchObject({ ok: false, error: { code: 'OUT_OF_MEMORY', requested: 4096 } });
    expectExact(it);
  });

  test('destroying the pool is an end like any other', async () => {
    const it = shop();
    const stay = () => it.refused('stay', it.block(), { account: it.block() });
    const ends = [stay(), stay()];
    await it.started(2);
    await it.pool.destroy();
    await Promise.all(ends);
    expectExact(it);
  });

  test('many tasks, aborted at any moment: not one block too many or too few', async () => {
    const seed = seedOf('heappools');
    const dice = new Dice(seed);
    const it = shop({ minThreads: 2, maxThreads: 3 });
    const abort = new AbortController();
    const one = it.refused('stay', it.block(), { signal: abort.signal, account: it.block() });
    await it.started(1);
    const outcomes = Array.from({ length: 60 }, async (_unused, i) => {
      const account = it.block();
      const old = it.block(i);
      await sleep(dice.below(1000));
      const how = i % 3 === 0 ? 'wait' : 'do';
      const size = 8 + dice.below(24);
      const signal = i % 4 === 0 ? {} : { signal: AbortSignal.timeout(dice.below(40)) };
      const made = await it
        .order(how, old, { ...signal, account, size })
        .catch((error: Error) => error.name);
      const ok = typeof made === 'object' && made.ok;
      expect([it.valueOf(account), it.heap.usableSize(old) === 0]).toEqual([ok ? 1 : 0, ok]);
      return ok;
    });
    abort.abort();
    const done = (await Promise.all([...outcomes, one])).filter((ok) => ok === true).length;
    expectExact(it);
    expect(done, 'those without a signal, or more').toBeGreaterThanOrEqual(15);
    expect(it.heap.stats().recoveries.rolledBack).toBeGreaterThan(0);
  });

  test('workers that come later have the heap as well, and all have their own data', async () => {
    const some = { minThreads: 0, maxThreads: 1, idleTimeout: 1, workerData: { colour: 'red' } };
    const it = shop(some);
    const person = () => it.pool.run(0, { name: 'plain' }) as Promise<Person>;
    const first = await person();
    while (it.pool.threads.length > 0) await sleep(5);
    const second = await person();
    const own = (data: unknown) => (Array.isArray(data) ? data.at(-1) : data) as object;
    expect(own(first.data)).toMatchObject({ colour: 'red' });
    expect(own(second.data)).toMatchObject({ colour: 'red', atomalloc: { kind: 'atomalloc' } });
    expectExact(it);
  });

  test('in a heap that tracks owners an answer outlives the worker that gave it', async () => {
    const it = shop({ minThreads: 1, maxThreads: 1 }, { trackOwners: true });
    const old = it.block(1);
    const abort = new AbortController();
    const late = it.order('do', old, { signal: abort.signal });
    const give = performance.now() + 30_000;
    while (it.heap.usableSize(old) > 0 && performance.now() < give);
    abort.abort();
    while (it.heap.recover().length === 0 && performance.now() < give); // its blocks are freed
    const made = await late;
    expect(made).toMatchObject({ ok: true, value: { bytes: new Float64Array([2]) } });
    if (made.ok) expect(it.heap.usableSize(made.value.ptr), 'the worker’s, not given').toBe(0);
    expect(it.heap.stats().liveBlocks, 'the account').toBe(1);
    expect(it.heap.validate()).toEqual([]);
  });
});
