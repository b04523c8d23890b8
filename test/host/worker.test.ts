// Options with a heap in them, as a thread that starts workers sees them.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { Worker } from 'node:worker_threads';
import type { Watched } from '../../src/heap/survivor.ts';
import { watchWorkers, withHeap } from '../../src/host/worker.ts';
import { SharedHeap } from '../../src/index.ts';

let heap: SharedHeap;
beforeEach(() => void (heap = SharedHeap.create({ size: '4MiB' })));
afterEach(() => heap.detach());

test('options stay as they are, and so does their data; the heap is added to a copy', () => {
  const options = { name: 'it', workerData: { colour: 'red' } };
  const given = withHeap(heap, options);
  expect(given).toEqual({ name: 'it', workerData: { colour: 'red', atomalloc: heap.handle } });
  expect(options).toEqual({ name: 'it', workerData: { colour: 'red' } });
  expect(withHeap(heap)).toEqual({ workerData: { atomalloc: heap.handle } });
  const bare = Object.assign(Object.create(null) as object, { colour: 'red' });
  expect(withHeap(heap, { workerData: bare }).workerData).toMatchObject({ colour: 'red' });
});

test.each([[null], [1], ['data'], [[1]], [new Map()], [new Uint8Array(1)], [() => 1]])(
  'data to which nothing can be added is refused: %#',
  (workerData) => {
    const refusal = { code: 'BAD_OPTION', message: expect.stringMatching(/plain object/) };
    expect(() => withHeap(heap, { workerData })).toThrow(expect.objectContaining(refusal));
  },
);

test('workers are watched from then on, and no more when that is ended', async () => {
  const watched: number[] = [];
  const watch = (it: Watched) => watched.push(it.threadId);
  const end = watchWorkers({ watch } as unknown as SharedHeap);
  const start = () => new Worker('', { eval: true });
  const first = start();
  const number = first.threadId;
  await new Promise((resolve) => first.once('exit', resolve));
  end();
  await new Promise((resolve) => start().once('exit', resolve));
  expect(watched).toEqual([number]);
});
