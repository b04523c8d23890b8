// Deaths on somebody's word, where the system cannot be asked and there is no sentinel: exit events
// of workers that are watched. And what a process does with all this when its work is done.

import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SharedHeap } from '../../src/index.ts';
import { SIGNAL } from '../support/threads/signals.ts';
import {
  doom,
  expectRecovered,
  goBlind,
  library,
  recovered,
  type BuiltLibrary,
} from '../support/threads/doomed.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let lib: BuiltLibrary;

beforeAll(async () => {
  lib = await library();
  await goBlind();
});

function heapFor(): SharedHeap {
  const heap = lib.SharedHeap.create({ size: '16MiB', sentinel: false });
  onTestFinished(() => heap.detach());
  return heap;
}

describe('a heap without a sentinel', () => {
  test.each(['park', 'spin', 'lock'] as const)(
    'recovers a watched worker when it is terminated: %s',
    async (how) => {
      const heap = heapFor();
      const { worker } = await doom(heap, how, true);
      heap.watch(worker);
      await worker.terminate();
      await recovered(heap, 1);
      expectRecovered(heap, heap.stats().liveBlocks);
    },
  );

  test('takes nobody for dead without being told, and recovers him when told by hand', async () => {
    const heap = heapFor();
    const { worker } = await doom(heap, 'park', true);
    heap.watch(worker)();
    await worker.terminate();
    expect(heap.recover()).toEqual([]);
    const [slot] = heap.stats().slots.flatMap((it) => (it.self ? [] : [it.slot]));
    expect(heap.reap(slot as number)).toBe(true);
    expectRecovered(heap, 20);
  });

  test('leaves a watched worker’s dues to others when this thread has left', async () => {
    const heap = heapFor();
    const { worker } = await doom(heap, 'lock', true);
    heap.watch(worker);
    heap.detach();
    await worker.terminate();
    using again = lib.SharedHeap.attach(heap.handle);
    await recovered(again, 1);
    expectRecovered(again, 20);
  });

  test('lets a worker that had detached, and whoever sits there now, be', async () => {
    const heap = heapFor();
    const { worker, ended } = await doom(heap, 'slow', true);
    heap.watch(worker);
    await ended;
    expect(heap.stats().recoveries.count).toBe(0);
    const emitter = new EventEmitter();
    heap.watch({ threadId: 4711, once: emitter.once.bind(emitter) });
    emitter.emit('exit');
    expect(heap.stats().recoveries.count).toBe(0);
  });

  test('finds nobody in the number of a worker that has ended', () => {
    const heap = heapFor();
    const ended = Object.assign(new EventEmitter(), { threadId: -1 });
    heap.watch(ended);
    ended.emit('exit');
    expect(heap.stats().recoveries.count).toBe(0);
    expect(heap.alloc(64), 'this thread still sits').not.toBe(0);
  });
});

test('with the main thread blocked, a worker that waits for a dead one’s lock goes on', () => {
  // Threads that ask: a program of its own, as this one is blind.
  const program = `
    const { SharedHeap } = await import('./dist/src/index.js');
    const { Worker } = require('node:worker_threads');
    const heap = SharedHeap.create({ size: '16MiB' });
    const url = new URL('file://${ROOT}dist/workers/doomed.js');
    const start = (how) => {
      const signals = new Int32Array(new SharedArrayBuffer(16));
      const workerData = { heap: heap.handle, signals, blind: false, how };
      return { signals, worker: new Worker(url, { workerData }) };
    };
    const dead = start('lock');
    while (dead.signals[${SIGNAL.STARTED}] === 0) await new Promise(setImmediate);
    await new Promise((f) => setTimeout(f, 50));
    const heir = start('large');
    heir.worker.unref();
    while (heir.signals[${SIGNAL.STARTED}] === 0) await new Promise(setImmediate);
    dead.worker.terminate();
    Atomics.wait(heir.signals, ${SIGNAL.FINISHED}, 0);
    console.log(heap.validate().length, heap.stats().slots.length <= 2);`;
  expect(run(program)).toEqual({ status: 0, signal: null, stderr: '', stdout: '0 true\n' });
});

const LISTENS = `
  const { SharedHeap } = await import('./dist/src/index.js');
  const heap = SharedHeap.create({ size: '16MiB' });
  heap.on('recovered', () => {});
`;
const BLIND = `(await import('./dist/src/slot/thread.js')).beBlind();`;

describe('a process whose work is done ends by itself', () => {
  test.each([
    ['with a listener', LISTENS],
    ['with a sentinel', `${BLIND} ${LISTENS} heap.handle;`],
    ['with a sentinel that has begun', `${BLIND} ${LISTENS} heap.handle; await later(300);`],
  ])('%s', (_, program) => {
    const later = 'const later = (ms) => new Promise((f) => setTimeout(f, ms));';
    const outcome = run(`${later} ${program} console.log('done');`);
    expect(outcome).toEqual({ status: 0, signal: null, stderr: '', stdout: 'done\n' });
  });
});

function run(program: string): object {
  const hangs = { cwd: ROOT, encoding: 'utf8', timeout: 30_000 } as const;
  const code = `(async () => { ${program} })();`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', code], hangs);
  return { status, signal, stdout, stderr };
}
