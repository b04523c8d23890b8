// Several threads in a heap that is too small for them. A refusal is a value, and a block that is
// there is given to somebody.

import { describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import type { GreedyOrders, GreedyReport } from '../../workers/greedy.ts';
import { barrierWords } from '../support/threads/barrier.ts';
import { expectClean, expectEmpty, start } from '../support/threads/start.ts';

type Task = Pick<GreedyOrders, 'size' | 'rounds' | 'most'>;

function compete(heap: SharedHeap, parties: number, task: Task): Promise<GreedyReport[]> {
  const barrier = barrierWords();
  const workers = Array.from({ length: parties }, (_, owner) => {
    const orders = { heap: heap.handle, owner, barrier, parties, ...task };
    return start<GreedyReport>('greedy', orders satisfies GreedyOrders);
  });
  return Promise.all(workers);
}

/** What each round took, all threads together. */
function byRound(reports: readonly GreedyReport[], rounds: number): number[][] {
  return Array.from({ length: rounds }, (_, i) => reports.flatMap((report) => report.taken[i]!));
}

/** Takes every block of the size that one thread alone can get. */
function drain(heap: SharedHeap, size: number): number[] {
  const ptrs: number[] = [];
  for (let ptr = heap.alloc(size); ptr !== 0; ptr = heap.alloc(size)) ptrs.push(ptr);
  return ptrs;
}

const SIZES = [64, 1000, 5000, 30_000, 100_000];

describe('threads that fight for a small heap', () => {
  test.each(SIZES)('get it all, and each block once: %d bytes', async (size) => {
    const heap = SharedHeap.create({ size: '4MiB' });
    const alone = drain(heap, size);
    heap.freeMany(alone);
    heap.reclaim();
    const rounds = 5;
    const reports = await compete(heap, 4, { size, rounds, most: Infinity });
    expectClean(reports);
    for (const taken of byRound(reports, rounds)) {
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken.length).toBe(alone.length);
    }
    expect(heap.stats().oomEvents).toBeGreaterThanOrEqual(4 * rounds);
    expectEmpty(heap);
  });

  test.each([64, 5000, 100_000])(
    'see the last free block go to exactly one of them: %d bytes',
    async (size) => {
      const heap = SharedHeap.create({ size: '4MiB' });
      const all = drain(heap, size);
      heap.free(all.pop()!);
      heap.reclaim();
      const rounds = 200;
      const reports = await compete(heap, 4, { size, rounds, most: 1 });
      expectClean(reports);
      expect(byRound(reports, rounds).filter((taken) => taken.length !== 1)).toEqual([]);
      heap.freeMany(all);
      expectEmpty(heap);
    },
  );
});
