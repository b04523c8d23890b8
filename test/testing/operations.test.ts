// Fail-nth over every public operation, in each mode, of plain, checked and tracked heaps, with
// blocks live and with a journal open: whichever allocation is refused, the operation says so as a
// value, the heap is what it was, and validate finds nothing.

import { describe, expect, test } from 'vitest';
import { failNth, failNthAsync, type FailNthRun } from '../../src/testing.ts';
import type { Result } from '../../src/word/errors.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import type { Transaction } from '../../src/heap/transaction.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;
const PAGE = 256;
const unchanged = true;

/** A heap with blocks of all tiers in it, and one of each size class of use here to work on. */
function inhabited(options: object): { heap: SharedHeap; other: SharedHeap; ptrs: number[] } {
  const { handle } = tinyHeap({ zones: [64, 1024, 0], ...options });
  const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
  const sizes = [SIZE, SIZE, 3 * SIZE, PAGE, 5 * PAGE, 70 * PAGE];
  const ptrs = sizes.map((size) => heap.alloc(size));
  for (const ptr of ptrs) heap.u8.fill(ptr & 255, ptr, ptr + SIZE);
  other.free(other.alloc(SIZE)); // something to lie idle elsewhere
  heap.roots.set('first', ptrs[0] as number);
  return { heap, other, ptrs };
}

type Operation = (heap: SharedHeap, ptrs: readonly number[], other: SharedHeap) => unknown;

/** Does it, and takes it back when it succeeds. */
function passing(heap: SharedHeap, ptr: number): number {
  if (ptr !== 0) expect(heap.free(ptr)).toBe(true);
  return ptr;
}

function passingResult(heap: SharedHeap, got: Result<number>): Result<number> {
  if (got.ok) expect(heap.free(got.value)).toBe(true);
  else expect(got.error).toMatchObject({ code: 'OUT_OF_MEMORY', injected: true });
  return got;
}

/** Blocks that many calls have taken, as one: all or none. */
function many(heap: SharedHeap, count: number, size: number): boolean {
  const out: number[] = Array.from({ length: count }, () => 0);
  const got = heap.allocMany(out, size);
  expect(heap.freeMany(out.slice(0, got))).toBe(got);
  expect(out.slice(got).every((ptr) => ptr === 0)).toBe(true);
  return got === count;
}

/** What a realloc leaves: the block as it was, also where it was moved and came back. */
function there(heap: SharedHeap, size: number, to: number): number {
  const ptr = heap.tryAlloc(size);
  if (!ptr.ok) return 0;
  heap.u8.fill(9, ptr.value, ptr.value + size);
  const moved = heap.realloc(ptr.value, to);
  const now = moved === 0 ? ptr.value : moved;
  const kept = heap.u8.subarray(now, now + Math.min(size, to));
  expect(kept.every((byte) => byte === 9)).toBe(true);
  expect(heap.free(now)).toBe(true);
  return moved;
}

function steps(tx: Transaction, ptrs: readonly number[]): number[] {
  const [a, b] = ptrs as [number, number];
  const made = [tx.alloc(SIZE), tx.alloc(5 * PAGE)];
  tx.protect(a, 40);
  tx.free(b);
  made.push(tx.realloc(tx.alloc(SIZE), 3 * SIZE), tx.alloc(80 * PAGE));
  return made;
}

/** All that a transaction can do; undone in the end by the operation itself. */
function transact(heap: SharedHeap, ptrs: readonly number[]): Result<unknown> {
  let whole = false;
  const done = heap.transaction((tx) => {
    if (tx.protect(ptrs[0] as number, 1)) heap.u8[ptrs[0] as number] = 1;
    const inner = tx.transaction((nested) => steps(nested, ptrs));
    if (!inner.ok) return tx.rollback();
    whole = true;
    return tx.rollback();
  });
  expect(done.ok, 'it was rolled back').toBe(false);
  return whole ? { ok: true, value: 0 } : done;
}

const operations: Record<string, Operation> = {
  'alloc of a block': (heap) => passing(heap, heap.alloc(SIZE)),
  'alloc of pages': (heap) => passing(heap, heap.alloc(5 * PAGE)),
  'alloc of a run': (heap) => passing(heap, heap.alloc(100 * PAGE)),
  'tryAlloc, zeroed': (heap) => passingResult(heap, heap.tryAlloc(SIZE, { zero: true })),
  'tryAlloc, aligned': (heap) => passingResult(heap, heap.tryAlloc(SIZE, { align: 1024 })),
  'tryAlloc, zoned': (heap) => passingResult(heap, heap.tryAlloc(SIZE, { zone: 'dma' })),
  'tryAlloc, waiting': (heap) => passingResult(heap, heap.tryAlloc(SIZE, { waitMs: 10_000 })),
  'tryAlloc, not failing fast': (heap) =>
    passingResult(heap, heap.tryAlloc(SIZE, { failFast: false })),
  allocMany: (heap) => many(heap, 5, SIZE),
  'realloc of nothing': (heap) => passing(heap, heap.realloc(0, SIZE)),
  'realloc that grows': (heap) => there(heap, SIZE, 4 * SIZE),
  'realloc that shrinks': (heap) => there(heap, 4 * SIZE, SIZE),
  'realloc of a run that grows': (heap) => there(heap, 70 * PAGE, 90 * PAGE),
  'realloc of a run that shrinks': (heap) => there(heap, 70 * PAGE, 2 * PAGE),
  'a transaction that commits': (heap) => {
    const done = heap.transaction((tx) => [tx.alloc(SIZE), tx.alloc(SIZE)]);
    if (done.ok) expect(heap.freeMany(done.value)).toBe(2);
    return done;
  },
  'a transaction of every kind of step': transact,
  'a transaction of more steps than a record holds': (heap) => {
    const done = heap.transaction((tx) => Array.from({ length: 20 }, () => tx.alloc(16)));
    if (done.ok) expect(heap.freeMany(done.value)).toBe(20);
    return done;
  },
  'a transaction step by step': (heap) => {
    const tx = heap.beginTransaction();
    const ptrs = [tx.alloc(SIZE), tx.alloc(SIZE)];
    const done = tx.commit();
    if (done.ok) expect(heap.freeMany(ptrs)).toBe(2);
    else expect(tx.outcome()).toBe('rolled back');
    return done;
  },
  'a reserve': (heap) => {
    const got = heap.reserve(15, SIZE);
    if (!got.ok) return got;
    using reserve = got.value;
    return passing(heap, reserve.alloc());
  },
  'a transaction with a participant': (heap, _, other) => {
    const tx = heap.beginTransaction();
    const joined = other.joinTransaction(tx.handle);
    const part = joined.ok ? joined.value : expect.unreachable();
    const ptrs = [tx.alloc(SIZE), part.alloc(SIZE)];
    part.ready();
    const done = tx.commit({ waitMs: 0 });
    if (done.ok) expect(heap.freeMany(ptrs)).toBe(2);
    else expect([tx.outcome(), part.outcome()]).toEqual(['rolled back', 'rolled back']);
    return done;
  },
};

/** Those that ask for nothing are refused nothing. */
const others: Record<string, Operation> = {
  free: (heap, ptrs) => heap.free((ptrs[0] as number) + 1) === false,
  'realloc that stays': (heap, ptrs) => heap.realloc(ptrs[0] as number, SIZE - 1),
  usableSize: (heap, ptrs) => heap.usableSize(ptrs[0] as number),
  setMode: (heap) => heap.setMode(heap.mode),
  reclaim: (heap) => heap.reclaim(),
  recover: (heap) => heap.recover(),
  roots: (heap, ptrs) => heap.roots.set('first', ptrs[0] as number) && heap.roots.get('first'),
  looks: (heap) => [heap.stats(), heap.extents(), heap.validate(), heap.buddyinfo()],
  'ref and deref': (heap, ptrs) => [heap.ref(ptrs[0] as number), heap.deref(0)],
  'give to oneself': (heap, ptrs) => heap.give(ptrs[0] as number, heap.slot),
};

function expectEachRefused(runs: readonly FailNthRun<unknown>[]): void {
  const last = runs.length;
  expect(last).toBeGreaterThan(1);
  expect(runs.map(({ n, failures, failed }) => [n, failures, failed])).toEqual(
    runs.map(({ n }) => [n, n < last ? 1 : 0, n < last]),
  );
}

describe.each(MODES)('in mode %s', (mode) => {
  describe.each([{}, { checked: true }, { tracked: true }])('of a heap with %j', (kind) => {
    test.each(Object.entries(operations))('%s', (_, operation) => {
      const { heap, other, ptrs } = inhabited({ mode, ...kind });
      const slots = [heap.slot, other.slot];
      const work = () => operation(heap, ptrs, other);
      expectEachRefused(failNth(heap, work, { unchanged, slots }));
      expectEachRefused(failNth(heap, work, { unchanged, slots, times: Infinity }));
    });

    test('allocAsync', async () => {
      const { heap } = inhabited({ mode, ...kind });
      const work = async () => passingResult(heap, await heap.allocAsync(SIZE));
      expectEachRefused(await failNthAsync(heap, work, { unchanged }));
    });

    test('touch of a cold block that was deflated', () => {
      const { heap, ptrs } = inhabited({ mode, ...kind });
      const [ptr] = ptrs.slice(-1) as [number];
      const before = heap.u8.slice(ptr, ptr + 70 * PAGE);
      const handle = heap.cold(ptr) ?? expect.unreachable();
      expect(heap['coldBlocks'].scan(1)).toBeGreaterThan(0);
      const runs = failNth(heap, () => heap.touch(handle), { unchanged });
      expectEachRefused(runs);
      const back = runs.at(-1)?.outcome as number;
      expect(heap.u8.slice(back, back + 70 * PAGE)).toEqual(before);
    });

    test('a step of a transaction that goes on', () => {
      const { heap, ptrs } = inhabited({ mode, ...kind });
      const tx = heap.beginTransaction();
      tx.free(ptrs[1] as number);
      const work = () => {
        const mark = tx.savepoint();
        const inner = tx.transaction((nested) => [nested.alloc(SIZE), nested.alloc(5 * PAGE)]);
        if (inner.ok) expect(tx.rollbackTo(mark)).toBe(true);
        return inner;
      };
      expectEachRefused(failNth(heap, work, { unchanged }));
      expect(tx.commit().ok).toBe(true);
    });

    test.each(Object.entries(others))('%s is refused nothing', (_, operation) => {
      const { heap, other, ptrs } = inhabited({ mode, ...kind });
      const runs = failNth(heap, () => operation(heap, ptrs, other), { unchanged });
      expect(runs).toMatchObject([{ n: 1, requests: 0, failures: 0 }]);
    });
  });
});
