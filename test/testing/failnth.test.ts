// Fail-nth as a tool: how many runs there are, what each of them tells, when it ends, and what it
// finds fault with. Operations here are made to be wrong; the heap's own are in operations.test.ts.

import { describe, expect, test } from 'vitest';
import { failNth, failNthAsync, FailNthError, stateHash } from '../../src/testing.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;

function heapOfPages(pages = 64): SharedHeap {
  return anotherSeat(tinyHeap({ zones: [0, pages, 0] }).handle);
}

/** Two blocks or none. */
function two(heap: SharedHeap): number[] | 0 {
  const first = heap.alloc(SIZE);
  const second = first === 0 ? 0 : heap.alloc(SIZE);
  if (second !== 0) return [first, second];
  if (first !== 0) heap.free(first);
  return 0;
}

function thrownBy(work: () => unknown): FailNthError {
  try {
    work();
  } catch (error) {
    if (error instanceof FailNthError) return error;
  }
  throw new Error('no FailNthError was thrown');
}

describe('failNth', () => {
  test('refuses each allocation once, and then none', () => {
    const heap = heapOfPages();
    const undo = (ptrs: number[] | 0) => heap.freeMany(ptrs || []);
    const runs = failNth(heap, () => two(heap), { undo, unchanged: true });
    expect(runs.map(({ outcome, ...run }) => ({ ...run, got: outcome !== 0 }))).toEqual([
      { n: 1, requests: 1, failures: 1, failed: true, got: false },
      { n: 2, requests: 2, failures: 1, failed: true, got: false },
      { n: 3, requests: 2, failures: 0, failed: false, got: true },
    ]);
    expect(heap.stats()).toMatchObject({ liveBlocks: 0, injectedFailures: 2 });
    expect(heap.alloc(SIZE), 'there is no plan any more').toBeGreaterThan(0);
  });

  test('runs once what allocates nothing, and tells the operation its number', () => {
    const heap = heapOfPages();
    expect(failNth(heap, (n) => n)).toEqual([
      { n: 1, requests: 0, failures: 0, outcome: 1, failed: false },
    ]);
    const ns: number[] = [];
    failNth(heap, (n) => (ns.push(n), heap.free(heap.alloc(SIZE))));
    expect(ns).toEqual([1, 2]);
  });

  test('lets memory stay out, if that is wanted', () => {
    const heap = heapOfPages();
    const many = { length: 4 };
    const operation = () => {
      const ptrs = { ...many };
      const got = heap.allocMany(ptrs, SIZE);
      const more = heap.alloc(SIZE);
      for (let i = 0; i < got; i++) heap.free((ptrs as Record<number, number>)[i] as number);
      heap.free(more);
      return [got, more !== 0];
    };
    const outcomes = (times: number) => failNth(heap, operation, { times }).map((it) => it.outcome);
    expect(outcomes(1)).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [3, true],
      [4, false],
      [4, true],
    ]);
    expect(outcomes(Infinity)).toEqual([
      [0, false],
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [4, true],
    ]);
  });

  test('counts this thread’s requests, or those of slots, and sizes, that it is told', () => {
    const { handle } = tinyHeap();
    const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
    const operation = () => {
      for (const it of [heap, other]) for (const size of [16, SIZE]) it.free(it.alloc(size));
    };
    const runs = (options: object) => failNth(heap, operation, options).length;
    expect(runs({})).toBe(3);
    expect(runs({ slots: [other.slot], minBytes: SIZE })).toBe(2);
    expect(runs({ slots: 'all' })).toBe(5);
    expect(runs({ slots: 'all', maxBytes: 16 })).toBe(3);
  });

  test('says with which allocation an operation throws, and ends the plan', () => {
    const heap = heapOfPages();
    const cause = new Error('no way out');
    const error = thrownBy(() =>
      failNth(heap, () => {
        const ptrs = two(heap);
        if (ptrs === 0) return 0;
        heap.freeMany(ptrs);
        throw cause;
      }),
    );
    expect(error).toMatchObject({ n: 3, cause, message: expect.stringMatching(/3 refused.*way/) });
    expect(heap.alloc(SIZE)).toBeGreaterThan(0);
  });

  test('says which part of the heap a failed operation has changed', () => {
    const heap = heapOfPages();
    const keeps = () => {
      if (heap.alloc(SIZE) === 0) return false;
      return heap.alloc(SIZE) !== 0;
    };
    const error = thrownBy(() => failNth(heap, keeps, { unchanged: true }));
    expect(error.n).toBe(2);
    expect(error.message).toMatch(/not left as it was:\nblocks: 0 0{8} → blocks: 1 /);
    expect(error.message).toMatch(/counts: 0 0 0 0 → counts: 1 0 0 0/);
  });

  test('lets an operation be judged by what the caller calls a failure', () => {
    const heap = heapOfPages();
    const options = { unchanged: true, failed: (text: string) => text === 'no' };
    const operation = () => (heap.alloc(SIZE) === 0 ? 'no' : 'yes');
    const runs = failNth(heap, operation, { ...options, undo: () => 0 });
    expect(runs.map((run) => run.failed)).toEqual([true, false]);
    const wrong = () => (heap.alloc(SIZE) === 0 ? 'yes' : 'no');
    expect(thrownBy(() => failNth(heap, wrong, options)).message).toMatch(/blocks: 1/);
  });

  test('says what validate finds after a run', () => {
    const heap = heapOfPages();
    const ptr = heap.alloc(SIZE);
    const { states } = layersOf(heap);
    const breaks = () => {
      if (heap.alloc(SIZE) !== 0) return true;
      states.put(ptr / 16 + 1, 1); // a live block inside another
      return true;
    };
    const error = thrownBy(() => failNth(heap, breaks, { unchanged: true }));
    expect(error).toMatchObject({ n: 1, message: expect.stringMatching(/validate found/) });
  });

  test('gives up on what has no end', () => {
    const heap = heapOfPages();
    const growing = (n: number) => {
      for (let i = 0; i <= n; i++) heap.free(heap.alloc(SIZE));
    };
    expect(thrownBy(() => failNth(heap, growing, { maxRuns: 10 }))).toMatchObject({ n: 10 });
  });

  test('does not take a promise for an outcome', () => {
    const heap = heapOfPages();
    const error = thrownBy(() => failNth(heap, () => heap.allocAsync(SIZE)));
    expect(error.message).toMatch(/failNthAsync/);
  });

  test('refuses options that are none before it runs anything', () => {
    const heap = heapOfPages();
    const operation = () => expect.unreachable();
    expect(() => failNth(heap, operation, { times: 0 })).toThrow(/times/);
    expect(() => failNth(heap, operation, { slots: [999] })).toThrow(/slots/);
  });
});

describe('failNthAsync', () => {
  test('waits for each run', async () => {
    const heap = heapOfPages();
    const runs = await failNthAsync(
      heap,
      async () => {
        const first = await heap.allocAsync(SIZE);
        if (!first.ok) return first;
        const second = await heap.allocAsync(SIZE);
        heap.free(first.value);
        if (second.ok) heap.free(second.value);
        return second;
      },
      { unchanged: true },
    );
    expect(runs.map(({ n, failed, failures }) => [n, failed, failures])).toEqual([
      [1, true, 1],
      [2, true, 1],
      [3, false, 0],
    ]);
  });

  test('says with which allocation a promise is rejected', async () => {
    const heap = heapOfPages();
    const operation = async () => {
      const got = await heap.allocAsync(SIZE);
      if (!got.ok) throw new Error(got.error.code);
      return heap.free(got.value);
    };
    const rejected = failNthAsync(heap, operation);
    await expect(rejected).rejects.toMatchObject({ name: 'FailNthError', n: 1 });
    expect(await operation()).toBe(true);
    expect(stateHash(heap)).toMatch(/blocks: 0/);
  });
});
