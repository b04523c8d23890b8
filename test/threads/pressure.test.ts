// Real threads that wait for memory: the time for which they do is pressure, and it ends with the
// last of them, whether that gets its memory or dies.

import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import { HEADER } from '../../src/word/layout.ts';
import type { ThirstyOrders, ThirstyReport } from '../../workers/thirsty.ts';
import { comesTrue } from '../support/threads/doomed.ts';
import { bury } from '../support/threads/seats.ts';
import { programOf } from '../support/threads/start.ts';

const SIZE = 100_000;

/** A heap without a free block of the size, and all that it had. */
function full(): { heap: SharedHeap; ptrs: number[] } {
  const heap = SharedHeap.create({ size: '4MiB' });
  onTestFinished(() => heap.detach());
  const ptrs: number[] = [];
  for (let ptr = heap.alloc(SIZE); ptr !== 0; ptr = heap.alloc(SIZE)) ptrs.push(ptr);
  expect(heap.stats().pressure, 'nobody has waited').toEqual({ some10: 0, some60: 0, totalMs: 0 });
  return { heap, ptrs };
}

function thirst(heap: SharedHeap) {
  const orders: ThirstyOrders = { heap: heap.handle, size: SIZE };
  const worker = new Worker(programOf('thirsty'), { workerData: orders, execArgv: [] });
  onTestFinished(async () => void (await worker.terminate()));
  const reports: ThirstyReport[] = [];
  worker.on('message', (report: ThirstyReport) => reports.push(report));
  return { worker, reports };
}

function stalls(heap: SharedHeap): number {
  return heap['attachment'].memory.load(HEADER.STALL) & 1;
}

test('a worker waits for memory, another thread frees some: the pressure is over', async () => {
  const { heap, ptrs } = full();
  const { reports } = thirst(heap);
  await comesTrue(() => heap.stats().pressure.totalMs > 0);
  expect(stalls(heap)).toBe(1);
  expect(heap.stats().pressure.some10).toBeGreaterThan(0);
  expect(heap.free(ptrs.pop() as number)).toBe(true);
  await comesTrue(() => reports.length === 2);
  expect(reports[1]?.ptr).toBeGreaterThan(0);
  expect(stalls(heap)).toBe(0);
  const { pressure, reclaim } = heap.stats();
  expect(reclaim).toMatchObject({ waits: 1, served: 1 });
  expect(pressure.totalMs, 'as long as the one wait, within the clocks’ grain').toBeLessThan(
    reclaim.waitedMs + 5,
  );
});

test('a worker is terminated while it waits: the pressure ends when it is recovered', async () => {
  const { heap } = full();
  const { worker, reports } = thirst(heap);
  await comesTrue(() => heap.stats().pressure.totalMs > 0);
  await worker.terminate();
  await bury(heap, (reports[0] as ThirstyReport).seat);
  expect(stalls(heap)).toBe(0);
  const { totalMs } = heap.stats().pressure;
  expect(totalMs).toBeGreaterThan(0);
  expect(heap.validate()).toEqual([]);
});
