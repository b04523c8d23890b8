// How transactions end, and that they end once: nested ones, what is done after the end, what is
// refused, and threads that leave. Participants sit on further seats of the one thread here.

import { describe, expect, test } from 'vitest';
import type { HeapError } from '../../src/word/errors.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Transaction } from '../../src/heap/transaction.ts';
import type { TransactionHandle } from '../../src/heap/txpart.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { anotherSeat, layersOf, tinyHeap, type TinyOptions } from '../support/tiny.ts';

function seats(options: TinyOptions = {}): [SharedHeap, SharedHeap] {
  const { handle } = tinyHeap({ zones: [0, 128, 0], ...options });
  return [anotherSeat(handle), anotherSeat(handle)];
}

function join(heap: SharedHeap, tx: Transaction): Transaction {
  const joined = heap.joinTransaction(tx.handle);
  if (!joined.ok) throw new Error(joined.error.message);
  return joined.value;
}

function expectEmpty(...heaps: readonly SharedHeap[]): void {
  for (const heap of heaps) {
    heap.reclaim();
    expect(heap.stats().liveBlocks).toBe(0);
    expect(heap.validate()).toEqual([]);
  }
  expectNoArrayLost(layersOf(heaps[0] as SharedHeap));
}

function codeOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return (error as HeapError).code;
  }
}

/** All that can be asked of a transaction's steps; none may do anything when it is over. */
const uses: [what: string, use: (tx: Transaction, live: number) => unknown, no: unknown][] = [
  ['alloc', (tx) => tx.alloc(64), 0],
  ['free', (tx, live) => tx.free(live), false],
  ['realloc', (tx, live) => tx.realloc(live, 500), 0],
  ['protect', (tx, live) => tx.protect(live, 16), false],
  ['rollbackTo', (tx) => tx.rollbackTo(0), false],
  ['ready', (tx) => tx.ready(), false],
  ['rollback', (tx) => tx.rollback(), undefined],
  ['dispose', (tx) => tx[Symbol.dispose](), undefined],
  ['a nested one', (tx) => tx.transaction((inner) => inner.alloc(16)).ok, false],
];

describe('a transaction that is over', () => {
  test.each(uses)('does nothing more: %s', (_, use, no) => {
    const [heap] = seats();
    const live = heap.alloc(64);
    for (const end of ['commit', 'rollback'] as const) {
      const tx = heap.beginTransaction();
      tx[end]();
      const outcome = tx.outcome();
      const before = heap.stats().transactions;
      expect(use(tx, live)).toBe(no);
      expect([tx.outcome(), heap.stats().liveBlocks]).toEqual([outcome, 1]);
      expect(heap.stats().transactions, 'counted once').toEqual(before);
    }
  });

  test.each(uses)('does nothing more when its record is in use again: %s', (_, use, no) => {
    const [heap] = seats();
    const live = heap.alloc(64);
    const old = heap.beginTransaction();
    old.commit();
    const next = heap.beginTransaction();
    const block = next.alloc(64);
    expect(next.handle.record).toBe(old.handle.record);
    expect(use(old, live)).toBe(no);
    expect([old.outcome(), next.outcome(), next.savepoint()]).toEqual(['committed', 'open', 1]);
    expect([next.commit().ok, heap.freeMany([block, live])]).toEqual([true, 2]);
  });

  test('says again how it ended when it is committed again', () => {
    const [heap] = seats();
    const [kept, undone] = [heap.beginTransaction(), heap.beginTransaction()];
    kept.commit();
    undone.rollback();
    expect([kept.commit().ok, undone.commit().ok]).toEqual([true, false]);
    expect(heap.stats().transactions).toEqual({ committed: 1, rolledBack: 1 });
  });

  test('is not joined', () => {
    const [ann, bob] = seats();
    for (const end of ['commit', 'rollback'] as const) {
      const tx = ann.beginTransaction();
      tx[end]();
      expect(bob.joinTransaction(tx.handle)).toMatchObject({ error: { code: 'ABORTED' } });
    }
  });

  test('was rolled back when it is disposed of and nobody committed it', () => {
    const [heap] = seats();
    let block = 0;
    {
      using tx = heap.beginTransaction();
      block = tx.alloc(64);
      expect(heap.usableSize(block)).toBe(64);
    }
    expect(heap.usableSize(block)).toBe(0);
    {
      using tx = heap.beginTransaction();
      block = tx.alloc(64);
      tx.commit();
    }
    expect(heap.free(block)).toBe(true);
    expectEmpty(heap);
  });
});

describe('a nested transaction', () => {
  test('that fails undoes its own part, and what is around it commits', () => {
    const [heap] = seats();
    const old = heap.alloc(64);
    const done = heap.transaction((tx) => {
      const kept = tx.alloc(64);
      const inner = tx.transaction((within) => {
        within.free(old);
        within.alloc(64);
        return within.alloc(2 ** 15);
      });
      expect(inner).toMatchObject({ ok: false, error: { code: 'OUT_OF_MEMORY' } });
      expect(tx.error).toBeNull();
      return [kept, tx.alloc(64)];
    });
    expect(done.ok).toBe(true);
    expect(heap.stats().liveBlocks).toBe(3);
    expect(heap.freeMany([...(done.ok ? done.value : []), old])).toBe(3);
    expectEmpty(heap);
  });

  test('that throws undoes its own part; the exception may be caught outside of it', () => {
    const [heap] = seats();
    const bytes = heap.alloc(64);
    heap.u8[bytes] = 1;
    const done = heap.transaction((tx) => {
      tx.protect(bytes, 1);
      heap.u8[bytes] = 2;
      const failing = () =>
        tx.transaction((inner) => {
          inner.protect(bytes, 1);
          heap.u8[bytes] = 3;
          throw new Error('as ordered');
        });
      expect(failing).toThrow('as ordered');
      return heap.u8[bytes];
    });
    expect(done).toEqual({ ok: true, value: 2 });
    expect([heap.u8[bytes], heap.free(bytes)]).toEqual([2, true]);
    expectEmpty(heap);
  });

  test('belongs to the whole: three deep, a failure outside undoes all of them', () => {
    const [heap] = seats();
    const done = heap.transaction((tx) => {
      tx.transaction((one) => one.transaction((two) => two.alloc(64)));
      expect(heap.stats().liveBlocks).toBe(1);
      return tx.alloc(2 ** 15);
    });
    expect(done.ok).toBe(false);
    expectEmpty(heap);
  });

  test('whose failure is swallowed inside still fails the whole', () => {
    const [heap] = seats();
    const done = heap.transaction((tx) => {
      tx.alloc(64);
      try {
        tx.alloc(2 ** 15);
      } catch {
        return 'all is well';
      }
      return 'not reached';
    });
    expect(done).toMatchObject({ ok: false, error: { code: 'OUT_OF_MEMORY' } });
    expectEmpty(heap);
  });
});

describe('what is refused', () => {
  const strange = [0, -16, 8, 1.5, NaN, Infinity, 2 ** 40, '16', null, undefined];

  test.each(strange)('is a pointer that is no live block, and the rest goes on: %s', (ptr) => {
    for (const checked of [false, true]) {
      const [heap] = seats({ checked });
      const tx = heap.beginTransaction();
      const block = tx.alloc(64);
      expect([tx.free(ptr as number), tx.protect(ptr as number, 16)]).toEqual([false, false]);
      if (ptr !== 0) expect(tx.realloc(ptr as number, 32)).toBe(0);
      expect([tx.free(block + 16), tx.error, tx.commit().ok]).toEqual([false, null, true]);
      expect([heap.free(block), tx.free(block)]).toEqual([true, false]);
    }
  });

  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 40])('are %d bytes, by protect', (bytes) => {
    const [heap] = seats();
    const ptr = heap.alloc(64);
    const tx = heap.beginTransaction();
    expect([tx.protect(ptr, bytes), tx.error, tx.savepoint()]).toEqual([false, null, 0]);
  });

  test.each([0, -1, 1.5, NaN, 2 ** 40])('is a size of %d, which fails the transaction', (size) => {
    const [heap] = seats();
    const tx = heap.beginTransaction();
    tx.alloc(64);
    expect([tx.alloc(size), tx.error?.code]).toEqual([0, 'INVALID_SIZE']);
    expect([tx.outcome(), tx.commit()]).toMatchObject(['rolled back', { ok: false }]);
    expectEmpty(heap);
  });

  test.each([-1, 2, 0.5, NaN, Infinity])('is a mark that is none: %d', (mark) => {
    const [heap] = seats();
    const tx = heap.beginTransaction();
    const block = tx.alloc(64);
    expect([tx.rollbackTo(mark), tx.outcome(), heap.usableSize(block)]).toEqual([
      false,
      'open',
      64,
    ]);
  });

  test('is work that is async: it is rolled back, and the caller is told at once', () => {
    const [heap] = seats();
    const work = async (tx: Transaction) => void tx.alloc(64);
    expect(codeOf(() => heap.transaction(work))).toBe('BAD_OPTION');
    expectEmpty(heap);
  });

  test('is a fifth transaction of one thread, until one of the four is over', () => {
    const [heap, other] = seats();
    const open = [1, 2, 3, 4].map(() => heap.beginTransaction());
    const blocks = open.map((tx) => tx.alloc(64));
    expect(codeOf(() => heap.beginTransaction())).toBe('NO_JOURNAL');
    expect(heap.transaction(() => 1)).toMatchObject({ error: { code: 'JOURNAL_FULL' } });
    const theirs = other.beginTransaction();
    expect(heap.joinTransaction(theirs.handle).ok).toBe(false);
    expect(theirs.commit().ok).toBe(true);
    open[2]?.rollback();
    expect(heap.transaction((tx) => tx.alloc(64)).ok).toBe(true);
    for (const tx of [0, 1, 3]) expect(open[tx]?.commit().ok).toBe(true);
    expect(blocks.map((ptr) => heap.usableSize(ptr) > 0)).toEqual([true, true, true, true]);
    expect(heap.stats().liveBlocks, 'the third’s block was used again').toBe(4);
  });

  test('is a participant’s commit', () => {
    const [ann, bob] = seats();
    const tx = ann.beginTransaction();
    const part = join(bob, tx);
    expect(codeOf(() => part.commit())).toBe('BAD_OPTION');
    expect([part.ready(), tx.commit().ok, part.outcome()]).toEqual([true, true, 'committed']);
  });

  test.each([null, {}, { kind: 'atomalloc' }, { kind: 'atomalloc-transaction', heap: '1:2' }])(
    'is what is no handle of the heap’s: %j',
    (handle) => {
      const [, bob] = seats();
      expect(codeOf(() => bob.joinTransaction(handle as TransactionHandle))).toBe('BAD_HANDLE');
    },
  );

  test.each([
    [-1, 1],
    [99, 1],
    [0, 0],
    [0, 1.5],
    [0.5, 1],
  ])('is a handle of no transaction: record %d, number %d', (record, number) => {
    const [ann, bob] = seats();
    const { handle } = ann.beginTransaction();
    expect(bob.joinTransaction({ ...handle, record, number }).ok).toBe(false);
    expect(bob.alloc(16)).not.toBe(0);
  });
});

describe('a thread that leaves', () => {
  test('rolls back what it had begun, and what it took part in', () => {
    const [ann, bob] = seats({ tracked: true });
    const [own, theirs] = [ann.beginTransaction(), bob.beginTransaction()];
    const [guest, part] = [join(bob, own), join(ann, theirs)];
    for (const tx of [own, theirs, guest, part]) expect(tx.alloc(64)).not.toBe(0);
    part.ready();
    ann.detach();
    expect([theirs.outcome(), guest.outcome()]).toEqual(['rolled back', 'rolled back']);
    expect(theirs.commit()).toMatchObject({ error: { code: 'ABORTED' } });
    expectEmpty(bob);
  });
});
