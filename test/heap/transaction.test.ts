// Transactions of one thread: all of it or nothing. After a rollback, whatever was its cause, live
// blocks, allocated bytes and the shape of the pages are what they were, and no array is lost.

import { describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import type { Transaction } from '../../src/heap/transaction.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { fill } from '../support/fill.ts';
import { hasStamp, stamp } from '../support/stamp.ts';
import { anotherSeat, layersOf, shapeOf, tinyHeap, type TinyOptions } from '../support/tiny.ts';

const kinds = MODES.flatMap((mode) => [false, true].map((checked) => ({ mode, checked })));

function heapOf(options: TinyOptions = {}): SharedHeap {
  return anotherSeat(tinyHeap({ zones: [0, 200, 0], ...options }).handle);
}

/** What a rollback has to bring back. */
function pictureOf(heap: SharedHeap): unknown {
  heap.reclaim();
  const { liveBlocks, allocatedBytes, freePages } = heap.stats();
  return { liveBlocks, allocatedBytes, freePages, shape: shapeOf(layersOf(heap)) };
}

function expectAsBefore(heap: SharedHeap, before: unknown): void {
  expect(pictureOf(heap)).toEqual(before);
  expect(heap.validate()).toEqual([]);
}

/** Frees everything and finds nothing left of any transaction. */
function expectGone(heap: SharedHeap, blocks: readonly number[]): void {
  expect(heap.freeMany(blocks)).toBe(blocks.length);
  heap.reclaim();
  expect(heap.stats()).toMatchObject({ liveBlocks: 0, freePages: heap.stats().pages });
  expectNoArrayLost(layersOf(heap));
}

interface Kept {
  readonly small: number;
  readonly large: number;
}

/** A transaction of all kinds of steps; each but the frees needs memory. */
const steps: readonly ((tx: Transaction, kept: Kept) => unknown)[] = [
  (tx) => tx.alloc(64),
  (tx) => tx.alloc(700),
  (tx) => tx.alloc(6000),
  (tx, { large }) => tx.protect(large + 1, 5001),
  (tx, { small }) => tx.protect(small, 64),
  (tx, { small }) => tx.realloc(small, 300),
  (tx, { large }) => tx.realloc(large, 9000),
  (tx) => tx.alloc(16),
];

describe.each(kinds)('a transaction ($mode, checked: $checked)', (kind) => {
  /** A heap with two blocks, full of stamps. */
  const ready = (): [SharedHeap, Kept] => {
    const heap = heapOf(kind);
    const kept = { small: heap.alloc(100), large: heap.alloc(5002) };
    stamp(heap.handle.buffer, kept.small, 100, 1);
    stamp(heap.handle.buffer, kept.large, 5002, 2);
    return [heap, kept];
  };
  const expectStamps = (heap: SharedHeap, { small, large }: Kept) => {
    expect(hasStamp(heap.handle.buffer, small, 100, 1)).toBe(true);
    expect(hasStamp(heap.handle.buffer, large, 5002, 2)).toBe(true);
  };

  test('keeps all that it did when it is committed', () => {
    const [heap, kept] = ready();
    const before = heap.stats().transactions;
    const done = heap.transaction((tx) => steps.map((step) => step(tx, kept)));
    expect(done.ok && done.value.every(Boolean)).toBe(true);
    const made = (done.ok ? done.value : []).filter((it) => typeof it === 'number');
    expect(made.map((ptr) => heap.usableSize(ptr)).every((bytes) => bytes > 0)).toBe(true);
    expect([heap.usableSize(kept.small), heap.usableSize(kept.large)]).toEqual([0, 0]);
    expect(hasStamp(heap.handle.buffer, made[3] as number, 100, 1), 'moved').toBe(true);
    expect(hasStamp(heap.handle.buffer, made[4] as number, 5002, 2), 'moved').toBe(true);
    expect(heap.stats().transactions.committed).toBe(before.committed + 1);
    expectGone(heap, made);
  });

  test.each(steps.map((_, i) => i))('leaves nothing behind when step %d fails', (failing) => {
    const [heap, kept] = ready();
    const before = pictureOf(heap);
    let filler: number[] = [];
    let reached = -1;
    const done = heap.transaction((tx) => {
      for (const [i, step] of steps.entries()) {
        if (i === failing) filler = fill(heap);
        reached = i;
        step(tx, kept);
        if (i >= 3) heap.u8.fill(i, kept.large + 1, kept.large + 5002);
        if (i >= 4) heap.u8.fill(i, kept.small, kept.small + 64);
      }
    });
    expect(reached, 'the step threw').toBe(failing);
    expect(done).toMatchObject({ ok: false, error: { code: 'OUT_OF_MEMORY' } });
    expect(heap.freeMany(filler)).toBe(filler.length);
    expectStamps(heap, kept);
    expectAsBefore(heap, before);
    expectGone(heap, [kept.small, kept.large]);
  });

  test('whose work throws is rolled back, and the exception passes through', () => {
    const [heap, kept] = ready();
    const before = pictureOf(heap);
    const error = new Error('as ordered');
    expect(() =>
      heap.transaction((tx) => {
        for (const step of steps) step(tx, kept);
        heap.u8.fill(7, kept.large + 1, kept.large + 5001);
        throw error;
      }),
    ).toThrow(error);
    expectStamps(heap, kept);
    expectAsBefore(heap, before);
    expect(heap.stats().transactions).toEqual({ committed: 0, rolledBack: 1 });
  });

  test('that runs out of journal says so, and everything is undone', () => {
    const heap = heapOf({ ...kind, magazines: 1 });
    const before = pictureOf(heap);
    let count = 0;
    const done = heap.transaction((tx) => {
      for (; ; count++) tx.alloc(16);
    });
    expect(done).toMatchObject({ ok: false, error: { code: 'JOURNAL_FULL' } });
    expect(count).toBe(12 + 31);
    expectAsBefore(heap, before);
    expectGone(heap, []);
  });

  test('frees at its commit, not before; a rollback leaves the block and its ref', () => {
    const [heap, { small, large }] = ready();
    const refs = [heap.ref(small), heap.ref(large)];
    const refused = heap.beginTransaction();
    expect([refused.free(small), refused.free(large)]).toEqual([true, true]);
    expect([heap.usableSize(small) > 0, heap.usableSize(large) > 0]).toEqual([true, true]);
    refused.rollback();
    expect(refs.map((ref) => heap.deref(ref))).toEqual(kind.checked ? [small, large] : [0, 0]);
    const tx = heap.beginTransaction();
    expect([tx.free(small), tx.free(large), tx.commit().ok]).toEqual([true, true, true]);
    expect([...refs.map((ref) => heap.deref(ref)), heap.free(small)]).toEqual([0, 0, false]);
    expectGone(heap, []);
  });

  test('rolls its own free of its own block back to nothing, or commits it to nothing', () => {
    const heap = heapOf(kind);
    for (const end of ['commit', 'rollback'] as const) {
      const tx = heap.beginTransaction();
      for (const size of [16, 700, 6000]) expect(tx.free(tx.alloc(size))).toBe(true);
      expect(heap.stats().liveBlocks, 'until it ends').toBe(3);
      tx[end]();
      expectGone(heap, []);
    }
  });

  test('brings back protected bytes of any place and length, and the oldest of them', () => {
    const heap = heapOf({ ...kind, zones: [0, 300, 0] });
    const ptr = heap.alloc(8000);
    stamp(heap.handle.buffer, ptr, 8000, 3);
    const tx = heap.beginTransaction();
    const parts = [
      [1, 1],
      [3, 14],
      [15, 2],
      [31, 33],
      [100, 256],
      [90, 30],
      [340, 3000],
      [0, 8000],
      [7999, 1],
    ] as const;
    for (const [from, bytes] of parts) {
      expect(tx.protect(ptr + from, bytes)).toBe(true);
      heap.u8.fill(from, ptr + from, ptr + from + bytes);
    }
    tx.rollback();
    expect(hasStamp(heap.handle.buffer, ptr, 8000, 3)).toBe(true);
    expectGone(heap, [ptr]);
  });

  test('goes back to a mark, and on from there', () => {
    const [heap, kept] = ready();
    const before = pictureOf(heap);
    const tx = heap.beginTransaction();
    const first = tx.alloc(64);
    const mark = tx.savepoint();
    for (let round = 0; round < 3; round++) {
      const live = heap.stats().liveBlocks;
      tx.alloc(700);
      tx.protect(kept.large, 5002);
      heap.u8.fill(9, kept.large, kept.large + 5002);
      expect([tx.free(kept.small), tx.free(kept.small)]).toEqual([true, false]);
      expect(tx.rollbackTo(mark)).toBe(true);
      expect(heap.stats().liveBlocks).toBe(live);
      expectStamps(heap, kept);
    }
    expect([tx.free(kept.small), tx.commit().ok]).toEqual([true, true]);
    expect([heap.usableSize(first) > 0, heap.usableSize(kept.small)]).toEqual([true, 0]);
    expect(heap.free(first)).toBe(true);
    expect(pictureOf(heap)).not.toEqual(before);
    expectGone(heap, [kept.large]);
  });
});

test('protects more than 64 MiB in parts, and brings all of them back', () => {
  const heap = SharedHeap.create({ size: '160MiB', zones: { dmaEnd: 0 } });
  const bytes = 2 ** 26 + 4097;
  const ptr = heap.alloc(bytes + 1);
  const ends = [ptr, ptr + 1, ptr + 2 ** 26, ptr + 2 ** 26 + 1, ptr + bytes];
  ends.forEach((at, i) => (heap.u8[at] = i + 1));
  const tx = heap.beginTransaction();
  expect(tx.protect(ptr + 1, bytes)).toBe(true);
  expect(tx.savepoint(), 'entries').toBe(2);
  heap.u8.fill(99, ptr, ptr + bytes + 1);
  tx.rollback();
  expect(ends.map((at) => heap.u8[at])).toEqual([99, 2, 3, 4, 5]);
  expectGone(heap, [ptr]);
  heap.detach();
});
