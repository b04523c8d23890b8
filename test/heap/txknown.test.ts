// Guarantees of transactions that were once broken. Each test is the smallest reproduction.

import { expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Transaction } from '../../src/heap/transaction.ts';
import type { TransactionHandle } from '../../src/heap/txpart.ts';
import { anotherSeat, tinyHeap, type TinyOptions } from '../support/tiny.ts';

function seats(options: TinyOptions = {}): [SharedHeap, SharedHeap] {
  const { handle } = tinyHeap({ zones: [0, 128, 0], ...options });
  return [anotherSeat(handle), anotherSeat(handle)];
}

function join(heap: SharedHeap, tx: Transaction): Transaction {
  const joined = heap.joinTransaction(tx.handle);
  if (!joined.ok) throw new Error(joined.error.message);
  return joined.value;
}

// `ready` puts the leader's own record into a state in which nobody can decide: neither commit nor
// rollback does anything, `outcome` says "rolled back", the block stays, the record is lost.
test('a leader that says ready can still roll back, and loses nothing', () => {
  const [heap] = seats();
  const tx = heap.beginTransaction();
  const block = tx.alloc(64);
  tx.ready();
  tx.rollback();
  expect([tx.outcome(), heap.usableSize(block)]).toEqual(['rolled back', 0]);
});

// `look` compares numbers of the part's record, which is free as soon as the leader is over.
test('a participant learns that it was committed, also after it began another', () => {
  const [ann, bob] = seats();
  const tx = ann.beginTransaction();
  const part = join(bob, tx);
  part.ready();
  expect(tx.commit().ok).toBe(true);
  bob.beginTransaction();
  expect(part.outcome()).toBe('committed');
});

// `rollbackTo` asks whether the transaction is open and does not ask whether the part has voted.
test('a participant that has voted is told that it cannot go back to a mark', () => {
  const [ann, bob] = seats();
  const part = join(bob, ann.beginTransaction());
  const block = part.alloc(64);
  part.ready();
  const gone = part.rollbackTo(0);
  expect([gone, bob.usableSize(block)]).toEqual([false, 64]);
});

// `runIn` commits again, is told that it is over, and hands that on as a failure.
test('work that commits by itself is not told that nothing was done', () => {
  const [heap] = seats();
  const done = heap.transaction((tx) => {
    const block = tx.alloc(64);
    tx.commit();
    return block;
  });
  expect(done.ok).toBe(heap.stats().liveBlocks === 1);
});

test('a transaction that is committed never says that it was rolled back', () => {
  const [heap] = seats();
  const tx = heap.beginTransaction();
  tx.commit();
  tx.alloc(16); // too late
  expect([tx.outcome(), tx.error?.message ?? '']).toEqual([
    'committed',
    expect.not.stringContaining('rolled back'),
  ]);
});

// `look` finds the record over and wants a seat to finish what leaving has finished.
test('a transaction may be disposed of when its thread has left the heap', () => {
  const [heap] = seats();
  const tx = heap.beginTransaction();
  heap.detach();
  expect(() => tx[Symbol.dispose]()).not.toThrow();
  expect(tx.outcome()).toBe('rolled back');
});

// The TypeError is taken for a crash inside the heap: the seat is given up, its magazines with it.
test.each([null, undefined])('a handle that is %s costs nobody its seat', (handle) => {
  const [heap] = seats();
  const { slot } = heap;
  try {
    heap.joinTransaction(handle as unknown as TransactionHandle);
  } catch {
    // told in any way that it likes
  }
  heap.alloc(16);
  expect(heap.slot).toBe(slot);
});

test('a transaction that its thread left open is counted as rolled back', () => {
  const [ann, bob] = seats();
  ann.beginTransaction().alloc(16);
  ann.detach();
  expect(bob.stats().transactions).toEqual({ committed: 0, rolledBack: 1 });
});

test('nested work that is async is refused as the outermost is', () => {
  const [heap] = seats();
  const work = async (tx: Transaction) => void tx.alloc(64);
  expect(() => heap.transaction((tx) => void tx.transaction(work))).toThrow('async');
});

// A handle does not say of which heap it is.
test('a handle of another heap’s transaction is not joined', () => {
  const [[ann], [eve]] = [seats(), seats()];
  eve.beginTransaction();
  expect(() => eve.joinTransaction(ann.beginTransaction().handle)).toThrow('in this heap');
});

// Before a block is refused, what lies idle is collected; before an entry is, it is not.
test('arrays that lie idle in magazines are given up before a journal is full', () => {
  const [heap] = seats({ magazines: 4 });
  heap.freeMany([16, 32, 48, 64].map((size) => heap.alloc(size)));
  const tx = heap.beginTransaction();
  for (let i = 0; i < 13; i++) expect(tx.alloc(16), `entry ${i}`).not.toBe(0);
});
