// Named roots that several threads set, read and forget at once.

import { expect, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import type { NamerOrders, NamerReport } from '../../workers/namer.ts';
import { barrierWords } from '../support/threads/barrier.ts';
import { start } from '../support/threads/start.ts';

const OWNERS = [1, 2, 3, 4];
const ROUNDS = 3000;

test('one name set by many threads is one entry and leads to a block of one of them', async () => {
  const heap = SharedHeap.create({ size: '4MiB' });
  const barrier = barrierWords();
  const workers = OWNERS.map((owner) => {
    const task = { owner, rounds: ROUNDS, sharedName: 'everybody’s', barrier, parties: 4 };
    return start<NamerReport>('namer', { heap: heap.handle, ...task } satisfies NamerOrders);
  });
  const reports = await Promise.all(workers);
  expect(reports.flatMap((report) => report.wrong)).toEqual([]);
  const met = reports.flatMap((report) => Object.entries(report.met));
  expect(met.filter(([owner]) => !OWNERS.includes(Number(owner)))).toEqual([]);
  expect(met.reduce((sum, [, count]) => sum + count, 0)).toBe(OWNERS.length * ROUNDS);
  const [[name, ptr] = ['', 0], ...others] = heap.roots.entries();
  expect([name, others]).toEqual(['everybody’s', []]);
  expect(reports.map((report) => report.ptr)).toContain(ptr);
});
