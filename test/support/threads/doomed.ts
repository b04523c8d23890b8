// Workers that come to grief, for tests of how their deaths are seen. The heap is the built one, in
// this thread too: on Node 20 the sentinel's program runs only as it was built.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished } from 'vitest';
import type * as Library from '../../../src/index.ts';
import type { SharedHeap } from '../../../src/index.ts';
import type * as Thread from '../../../src/slot/thread.ts';
import type { DoomedOrders, DoomedReport } from '../../../workers/doomed.ts';
import { SIGNAL, signalWords, type Signals } from './signals.ts';
import { programOf } from './start.ts';

export type BuiltLibrary = typeof Library;

/** Nothing is timed: who is not seen dead by then is never seen. */
const PATIENCE_MS = 30_000;

export interface Doomed {
  readonly worker: Worker;
  readonly signals: Signals;
  readonly ended: Promise<readonly DoomedReport[]>;
}

export async function library(): Promise<BuiltLibrary> {
  return (await import(
    new URL('../../../dist/src/index.js', import.meta.url).href
  )) as BuiltLibrary;
}

/** Makes this thread, and the copy of the library in it, one that cannot ask the system. */
export async function goBlind(): Promise<void> {
  const url = new URL('../../../dist/src/slot/thread.js', import.meta.url).href;
  const { beBlind } = (await import(url)) as typeof Thread;
  beBlind();
}

/** Starts one and waits until it is in the heap, or further. */
export async function doom(
  heap: SharedHeap,
  how: DoomedOrders['how'],
  blind: boolean,
  until: number = SIGNAL.STARTED,
): Promise<Doomed> {
  const signals = signalWords();
  const workerData: DoomedOrders = { heap: heap.handle, signals, blind, how };
  const worker = new Worker(programOf('doomed'), { workerData, execArgv: [] });
  onTestFinished(async () => void (await worker.terminate()));
  const reports: DoomedReport[] = [];
  worker.on('message', (report: DoomedReport) => reports.push(report));
  worker.on('error', () => undefined); // as ordered
  const ended = new Promise<readonly DoomedReport[]>((resolve) => {
    worker.on('exit', () => resolve(reports));
  });
  await comesTrue(() => Atomics.load(signals, until) > 0);
  return { worker, signals, ended };
}

/** Polls, without looking for the dead itself, until so many were recovered. */
export async function recovered(heap: SharedHeap, count: number): Promise<void> {
  await comesTrue(() => heap.stats().recoveries.count >= count);
  expect(heap.stats().recoveries.count).toBe(count);
}

/** What was in its magazines is home, its slot is free, and nothing is wrong. */
export function expectRecovered(heap: SharedHeap, liveBlocks: number): void {
  expect(heap.validate()).toEqual([]);
  expect(heap.stats().slots.map(({ slot }) => slot)).toEqual([heap.slot]);
  expect(heap.stats().liveBlocks).toBe(liveBlocks);
}

export async function comesTrue(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 5) {
    if (waited > PATIENCE_MS) throw new Error(`it did not come true: ${isSo.toString()}`);
    await sleep(5);
  }
}
