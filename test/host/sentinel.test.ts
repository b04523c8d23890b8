// Deaths where the system cannot be asked, played on any system by threads that have gone blind:
// the sentinel is told by ports that close.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { HeapHandle } from '../../src/index.ts';
import { deathsAreSeen } from '../support/threads/deaths.ts';
import {
  comesTrue,
  doom,
  goBlind,
  library,
  recovered,
  type BuiltLibrary,
} from '../support/threads/doomed.ts';

/** A worker that makes a heap, and so is the parent of its sentinel. */
const FOUNDER = `
  const { parentPort, workerData } = require('node:worker_threads');
  (async () => {
    const { beBlind } = await import(workerData + 'slot/thread.js');
    beBlind();
    const { SharedHeap } = await import(workerData + 'index.js');
    const heap = SharedHeap.create({ size: '16MiB' });
    parentPort.postMessage(heap.handle);
    parentPort.on('message', () => undefined);
  })();`;

let lib: BuiltLibrary;
beforeAll(async () => {
  lib = await library();
  await goBlind();
});

describe('where the system cannot be asked about threads', () => {
  deathsAreSeen(true);
});

describe('the sentinel', () => {
  test('lets a thread be that detaches and lives, however often it comes back', async () => {
    const { handle } = lib.SharedHeap.create({ size: '16MiB' });
    const guest = await doom(lib.SharedHeap.attach(handle), 'park', true);
    for (let i = 0; i < 50; i++) {
      lib.SharedHeap.attach(handle).detach();
      if (i % 10 === 0) await sleep(1);
    }
    using heap = lib.SharedHeap.attach(handle);
    await guest.worker.terminate();
    await recovered(heap, 1);
    expect(heap.alloc(100_000)).not.toBe(0);
    expect(heap.stats().slots.map(({ self }) => self)).toEqual([true]);
    expect(heap.validate()).toEqual([]);
  });

  test('is followed by another when its parent ends, who is then watched for', async () => {
    const url = new URL('../../dist/src/', import.meta.url).href;
    const founder = new Worker(FOUNDER, { eval: true, workerData: url });
    onTestFinished(async () => void (await founder.terminate()));
    const [handle] = (await once(founder, 'message')) as [HeapHandle];
    using heap = lib.SharedHeap.attach(handle);
    const heard: number[] = [];
    heap.on('recovered', ({ threadId }) => void heard.push(threadId));
    const heardOf = (id: number) => comesTrue(() => heard.includes(id));
    heap.watch(founder);
    const [early, parent] = [await doom(heap, 'park', true), founder.threadId];
    const ids = [early.worker.threadId, parent];
    await early.worker.terminate();
    await heardOf(ids[0] as number);
    await founder.terminate();
    await heardOf(parent);
    const late = await doom(heap, 'lock', true);
    ids.push(late.worker.threadId);
    await late.worker.terminate();
    await heardOf(ids[2] as number);
    expect(heap.validate()).toEqual([]);
  });

  test('is not started for a heap that is made without', async () => {
    using heap = lib.SharedHeap.create({ size: '16MiB', sentinel: false });
    const { worker } = await doom(heap, 'park', true);
    await worker.terminate();
    await sleep(100);
    expect(heap.recover()).toEqual([]);
    expect(heap.stats().recoveries.count).toBe(0);
  });
});
