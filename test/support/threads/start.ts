// Real worker threads for tests. They run the compiled programs in dist/, as Node 20 reads no
// TypeScript; the tests themselves load the same sources through the test runner.

import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, onTestFailed, onTestFinished } from 'vitest';
import type { SharedHeap } from '../../../src/index.ts';
import type { Tally } from './stamped.ts';

/** The compiled program of that name: `npm run build` makes it. */
export function programOf(name: string): URL {
  const program = new URL(`../../../dist/workers/${name}.js`, import.meta.url);
  if (!existsSync(program)) throw new Error(`${program.pathname} is missing: npm run build`);
  return program;
}

/**
 * Options of a pool whose workers may be terminated while they start: Node 20 may end the process
 * when that comes in the midst of `require` of an ES module (README). Without this, pools require
 * their file, and import it only when that fails. Deno does not know the option.
 */
export const IMPORTS =
  'Deno' in globalThis ? {} : { execArgv: ['--no-experimental-require-module'] };

/** Starts a worker; what it posts, once it has ended by itself. Ended by force with the test. */
export function start<Report>(name: string, workerData: object): Promise<Report> {
  const worker = new Worker(programOf(name), { workerData, execArgv: [] });
  onTestFinished(async () => void (await worker.terminate()));
  return new Promise((resolve, reject) => {
    const reports: Report[] = [];
    worker.on('message', (report: Report) => reports.push(report));
    worker.on('error', reject);
    worker.on('exit', (status) => {
      const [report] = reports;
      if (report === undefined) reject(new Error(`${name} ended with ${status} and no report`));
      else resolve(report);
    });
  });
}

/** A seed for this test: a new one each time, or AT_SEED. A failing test says how to repeat it. */
export function seedOf(file: string): number {
  const seed = Number(process.env['AT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  onTestFailed(({ task }) => {
    const command = `AT_SEED=${seed} npm run vitest -- threads/${file} -t '${task.name}'`;
    console.error(`seed ${seed}; the same requests, though not the same interleaving: ${command}`);
  });
  return seed;
}

/** Does `look` again and again until all is done; returns what came of that, and how often. */
export async function meanwhile<T>(all: readonly Promise<T>[], look: () => void): Promise<T[]> {
  let busy = true;
  const done = Promise.all(all).finally(() => (busy = false));
  while (busy) {
    look();
    await Promise.race([done, sleep(1)]);
  }
  return done;
}

/** Nothing was damaged, no free was refused, and all that was allocated was freed. */
export function expectClean(tallies: readonly Tally[]): void {
  expect(tallies.flatMap((tally) => tally.notes)).toEqual([]);
}

/** The heap is as it was before anybody used it: every page is free, every count adds up. */
export function expectEmpty(heap: SharedHeap): void {
  heap.reclaim();
  const { liveBlocks, allocCount, freeCount, allocatedBytes, ...stats } = heap.stats();
  expect(heap.validate()).toEqual([]);
  expect({ liveBlocks, allocatedBytes, pages: stats.freePages }).toEqual({
    liveBlocks: 0,
    allocatedBytes: 0,
    pages: stats.pages,
  });
  expect(freeCount).toBe(allocCount);
}
