// Transactions: three blocks are allocated in one and given back, or bytes are protected by one;
// and the same without it. All of these are ours, each in a thread and on a heap of its own.
import type { SharedHeap } from '../../src/index.ts';
import { damaged, exhausted, type Part, type Work } from '../workloads/work.ts';
import { peerOf } from './atomalloc.ts';

const OPS = 100;

/** One operation, over and over. A block of the same size is there for it to work on. */
function repeated(begin: (heap: SharedHeap, part: Part, block: number) => () => void) {
  return peerOf({}, (heap, part): Work => {
    const block = heap.alloc(part.size);
    const operation = begin(heap, part, block);
    return {
      ops: OPS,
      turn() {
        for (let i = 0; i < OPS; i++) operation();
      },
      finish: () => void heap.free(block),
    };
  });
}

/** What there is to compare with: no transaction at all. */
export const plain = repeated((heap, { size }) => () => {
  freeAll(heap, heap.alloc(size), heap.alloc(size), heap.alloc(size));
});

/** Blocks outlive their transaction, so they are freed as any others are. */
export const committed = repeated((heap, { size }) => () => {
  const tx = heap.beginTransaction();
  const a = tx.alloc(size);
  const b = tx.alloc(size);
  const c = tx.alloc(size);
  commit(tx);
  freeAll(heap, a, b, c);
});

export const rolledBack = repeated((heap, { size }) => () => {
  const tx = heap.beginTransaction();
  for (let i = 0; i < 3; i++) if (tx.alloc(size) === 0) throw exhausted(size);
  tx.rollback();
});

export const empty = repeated((heap) => () => commit(heap.beginTransaction()));

export const protectedAndCommitted = protecting(commit, 2);

export const protectedAndRolledBack = protecting((tx) => tx.rollback(), 1);

/** What protecting comes to at the least: the bytes are copied into a block, which is freed. */
export const copied = repeated((heap, { size }, from) => () => {
  const to = heap.alloc(size);
  heap.u8.copyWithin(to, from, from + size);
  if (!heap.free(to)) throw damaged(to);
});

type Transaction = ReturnType<SharedHeap['beginTransaction']>;

// The bytes are 1, then 2 in the transaction, then what its end makes of them.
function protecting(end: (tx: Transaction) => void, expected: number) {
  return repeated((heap, { size }, block) => () => {
    heap.u8[block] = 1;
    const tx = heap.beginTransaction();
    if (!tx.protect(block, size)) throw exhausted(size);
    heap.u8[block] = 2;
    end(tx);
    if (heap.u8[block] !== expected) throw new Error(`byte ${block} is not ${expected}`);
  });
}

function commit(tx: Transaction): void {
  if (!tx.commit().ok) throw new Error('a commit was refused');
}

function freeAll(heap: SharedHeap, a: number, b: number, c: number): void {
  if (!heap.free(a)) throw damaged(a);
  if (!heap.free(b)) throw damaged(b);
  if (!heap.free(c)) throw damaged(c);
}
