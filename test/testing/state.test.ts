// The state of a heap as text: what changes it and what does not.

import { describe, expect, test } from 'vitest';
import { stateHash } from '../../src/testing.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES } from '../../src/heap/mode.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;
const PAGE = 256;

function seats(options: object = {}): [SharedHeap, SharedHeap] {
  const { handle } = tinyHeap({ zones: [16, 256, 0], ...options });
  return [anotherSeat(handle), anotherSeat(handle)];
}

/** The parts that differ. */
function changes(before: string, after: string): string[] {
  const [from, to] = [before.split('\n'), after.split('\n')];
  expect(to).toHaveLength(from.length);
  return to.filter((line, i) => line !== from[i]).map((line) => line.replace(/:.*/, ''));
}

function changedBy(heap: SharedHeap, work: () => unknown): string[] {
  const before = stateHash(heap);
  work();
  return changes(before, stateHash(heap));
}

describe('the state', () => {
  test.each(MODES)('is the same after a block has come and gone: %s', (mode) => {
    const [heap] = seats({ mode });
    heap.alloc(SIZE);
    for (const size of [16, SIZE, 5 * PAGE, 80 * PAGE]) {
      expect(changedBy(heap, () => heap.free(heap.alloc(size)))).toEqual([]);
    }
  });

  test('is the same after refusals, rollbacks, figures and looks', () => {
    const [heap] = seats();
    const ptr = heap.alloc(SIZE);
    const nothing = () => {
      heap.alloc(10 ** 9);
      heap.faults.inject({ nth: 1 });
      heap.alloc(SIZE);
      heap.faults.inject(null);
      heap.transaction((tx) => tx.protect(ptr, 8) && tx.alloc(10 ** 9));
      heap.stats();
      heap.validate();
      heap.reclaim();
    };
    expect(changedBy(heap, nothing)).toEqual([]);
  });

  test('is the same however often it is asked for, and for every seat', () => {
    const [heap, other] = seats();
    heap.alloc(SIZE);
    expect(new Set([heap, other, heap].map((it) => stateHash(it))).size).toBe(1);
  });

  test('is not that of another heap with other blocks, and is that of one with the same', () => {
    const [a, b] = [seats()[0], seats()[0]];
    for (const heap of [a, b]) heap.u8.fill(7, heap.alloc(SIZE), heap.alloc(SIZE));
    const text = stateHash(a);
    b.u8.set(a.u8.subarray(PAGE, 272 * PAGE), PAGE); // the same litter
    expect(stateHash(b)).toBe(text);
    a.alloc(SIZE);
    expect(stateHash(a)).not.toBe(text);
  });

  test.each([
    ['a block', ['blocks', 'contents', 'counts'], (heap) => heap.alloc(SIZE)],
    ['a byte of a block', ['contents'], (heap, ptr) => (heap.u8[ptr + SIZE - 1]! ^= 1)],
    ['another slab', ['pages of normal'], (heap) => heap.alloc(5 * PAGE)],
    ['another zone', ['pages of dma'], (heap) => heap.tryAlloc(PAGE, { zone: 'dma' })],
    ['a block freed', ['blocks', 'counts'], (heap, ptr) => heap.free(ptr)],
    ['a block twice freed', ['counts'], (heap) => heap.free(heap.roots.get('freed'))],
    ['the mode', ['mode'], (heap) => heap.setMode('hybrid')],
    ['a root', ['roots'], (heap, ptr) => heap.roots.set('more', ptr)],
    ['a transaction', ['transactions'], (heap) => heap.beginTransaction()],
  ] as [string, string[], (heap: SharedHeap, ptr: number) => unknown][])(
    'is another one after %s',
    (_, parts, work) => {
      const [heap] = seats();
      const gone = heap.alloc(SIZE);
      const ptr = heap.alloc(SIZE);
      heap.u8.fill(1, ptr, ptr + SIZE);
      heap.free(gone);
      heap.roots.set('freed', gone);
      expect(changedBy(heap, () => work(heap, ptr))).toEqual(expect.arrayContaining(parts));
    },
  );

  test('is another one after a step in an open transaction, and back after its rollback', () => {
    const [heap] = seats();
    const ptr = heap.alloc(SIZE);
    const tx = heap.beginTransaction();
    const mark = tx.savepoint();
    const before = stateHash(heap);
    expect(changedBy(heap, () => tx.free(ptr))).toEqual(['transactions']);
    expect(changedBy(heap, () => tx.alloc(SIZE))).toContain('transactions');
    tx.rollbackTo(mark);
    expect(changes(before, stateHash(heap))).toEqual([]);
    for (let i = 0; i < 13; i++) tx.alloc(SIZE);
    expect(changes(before, stateHash(heap))).toContain('arrays');
    tx.rollback();
    expect(changes(before, stateHash(heap))).toEqual(['transactions']);
  });

  test('knows whose a block is, and which one in its place', () => {
    const [heap, other] = seats({ tracked: true });
    const ptr = heap.alloc(SIZE);
    expect(changedBy(heap, () => heap.give(ptr, other.slot))).toEqual(['blocks']);
    expect(changedBy(heap, () => heap.give(ptr, 'shared'))).toEqual(['blocks']);
    const again = () => {
      heap.free(ptr);
      while (heap.alloc(SIZE) !== ptr);
    };
    expect(changedBy(heap, again)).toContain('blocks');
  });

  test('of a heap that this thread has left is not to be had', () => {
    const [heap] = seats();
    heap.detach();
    expect(() => stateHash(heap)).toThrow(/DETACHED/);
  });
});
