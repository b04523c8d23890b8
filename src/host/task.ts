// A task that is a transaction, as its worker runs it: what it allocates, frees and protects
// through `tx` counts when its answer does, and not otherwise, whether it throws, finds no memory,
// or its worker is stopped. The caller's side is `runTask` in piscina.ts; slip.ts tells how they
// agree.
//
// The worker leads: it commits when the work is done, and its death before that is a rollback,
// which recovery does. So the memory of an aborted task is back when the worker's end is seen, and
// not earlier: until then that may still write to it.

import { allocError, HeapError, type AllocError } from '../word/errors.ts';
import type { SharedHeap } from '../heap/heap.ts';
import type { Transaction } from '../heap/transaction.ts';
import { beginTask, endTask, writeAnswer, type Slip } from './slip.ts';
import { useHeap } from './worker.ts';

/** What a task is sent. */
export interface Post<I> {
  readonly kind: 'atomalloc-task';
  readonly slip: Slip;
  readonly input: I;
}

/** What is done with an input; steps of `tx` that fail give 0 or false, and end the transaction. */
export type Work<I, R> = (input: I, tx: Transaction, heap: SharedHeap) => R | Promise<R>;

/**
 * A function for a pool to run, from work on a transaction. Export it from the pool's file, and
 * call it by `runTask`. What `work` returns is the answer, and is cloned: pointers, not views of
 * blocks. Its steps go through `tx`, which it neither commits nor keeps. In a heap that tracks
 * owners, `heap.give(ptr, 'shared')` what is to outlive the worker.
 */
export function heapTask<I, R>(work: Work<I, R>): (post: Post<I>) => Promise<AllocError | null> {
  return async (post) => {
    if ((post as Partial<Post<I>> | null)?.kind !== 'atomalloc-task') {
      throw new HeapError('BAD_OPTION', 'a heapTask is called by runTask(pool, input, options)');
    }
    if (!beginTask(post.slip)) return allocError('ABORTED', 0);
    try {
      return await perform(post, work);
    } finally {
      endTask(post.slip);
    }
  };
}

/** This thread's heap, once it has been found: that takes longer than most tasks. */
let own: SharedHeap | null = null;

function begin(): [SharedHeap, Transaction] {
  own ??= useHeap();
  try {
    return [own, own.beginTransaction()];
  } catch (error) {
    if (!(error instanceof HeapError) || error.code !== 'DETACHED') throw error;
    own = useHeap(); // the thread had left, and comes back
    return [own, own.beginTransaction()];
  }
}

/** Why it was rolled back; null when it was committed. */
async function perform<I, R>(
  { slip, input }: Post<I>,
  work: Work<I, R>,
): Promise<AllocError | null> {
  const [heap, tx] = begin();
  try {
    writeAnswer(heap, tx, slip, await work(input, tx, heap));
    const done = tx.commit();
    return done.ok ? null : done.error;
  } catch (error) {
    tx.rollback();
    throw error;
  }
}
