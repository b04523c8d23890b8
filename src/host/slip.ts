// A slip: how a task's answer comes to its caller, whatever becomes of the worker, and how the
// caller knows when nobody will touch the task's memory any more.
//
// Pools lose answers. When a task is aborted, its pool forgets it at once and terminates the
// worker, which may have committed and answered by then; the answer lies in a port that is closed.
// So it goes through the heap: the task writes it into a block of its own transaction, and where
// that is into the slip's place, which the transaction protects. Both are there if it was
// committed, and neither if not, also after the worker's death: recovery puts the place back.
//
//   word      writers               readers  access  if its writer dies midway
//   CLAIM     caller, worker: CAS   both     atomic  BEGUN for ever: a dead worker's, or a live
//                                                    one's: the caller waits for its end first
//   PTR       the worker, in its    caller   plain   protected: 0 unless it was committed
//   BYTES     transaction
//
//   POSTED → BEGUN → OVER   the worker: before it does anything, and when its transaction is over
//   POSTED → GIVEN_UP       the caller: who comes to begin then does nothing
//
// A pool may also start a task that it has reported as failed (tinypool, one that was aborted while
// a busy worker was passed over; piscina, with a full queue of length 0). So CLAIM is not in the
// heap: it is the task's alone, and stays as long as anybody can post it. The place is a block, and
// the caller frees it when the claim was given up, is OVER, or its worker has ended.
//
// The caller reads PTR and BYTES after CLAIM is OVER (its load pairs with the worker's store), or
// after it has recovered the dead.
//
// In a heap that tracks owners place and answer are nobody's: the worker's death must not take an
// answer that counts, nor the caller's a place to which a rollback may still write. So a caller
// that dies, a worker with a pool of its own, leaves the slips of its tasks, some 100 bytes each.

import { deserialize, serialize } from 'node:v8';
import { HeapError } from '../word/errors.ts';
import type { SharedHeap } from '../heap/heap.ts';
import type { Transaction } from '../heap/transaction.ts';

const POSTED = 0;
const BEGUN = 1;
const OVER = 2;
const GIVEN_UP = 3;

/** PTR and BYTES, as doubles. */
const PTR = 0;
const BYTES = 1;
const PLACE_BYTES = 16;

/** Survives structured clone. */
export interface Slip {
  readonly claim: Int32Array<SharedArrayBuffer>;
  readonly place: number;
}

/** The caller's: a slip for one task; null when there is no memory for its place. */
export function openSlip(heap: SharedHeap): Slip | null {
  const place = heap.alloc(PLACE_BYTES);
  if (place === 0) return null;
  const claim = new Int32Array(new SharedArrayBuffer(4));
  heap.give(place, 'shared');
  heap.view(place, Float64Array, 2).fill(0);
  return { claim, place };
}

/** The worker's: false when the caller has given the task up. */
export function beginTask({ claim }: Slip): boolean {
  return Atomics.compareExchange(claim, 0, POSTED, BEGUN) === POSTED;
}

/** The worker's, when its transaction is over. */
export function endTask({ claim }: Slip): void {
  Atomics.store(claim, 0, OVER);
}

export function isOver({ claim }: Slip): boolean {
  return Atomics.load(claim, 0) === OVER;
}

/** The caller's: true when nobody has begun the task, and so nobody will. */
export function giveUp({ claim }: Slip): boolean {
  return Atomics.compareExchange(claim, 0, POSTED, GIVEN_UP) === POSTED;
}

/**
 * The worker's, before it commits; when a step fails that has ended the transaction (`tx.error`).
 * Throws for what cannot be cloned.
 */
export function writeAnswer(heap: SharedHeap, tx: Transaction, slip: Slip, value: unknown): void {
  if (tx.error !== null) return;
  if (tx.outcome() === 'committed') {
    throw new HeapError('BAD_OPTION', 'the work of a task must not commit: that is done after it');
  }
  const bytes = serialize(value);
  const ptr = tx.alloc(bytes.length);
  if (ptr === 0 || !tx.protect(slip.place, PLACE_BYTES)) return;
  heap.view(ptr, Uint8Array, bytes.length).set(bytes);
  heap.give(ptr, 'shared');
  const place = heap.view(slip.place, Float64Array, 2);
  place[PTR] = ptr;
  place[BYTES] = bytes.length;
}

/**
 * The caller's, once nobody touches the task's memory: its answer in a list, which is empty when it
 * was not committed. The slip is used up.
 */
export function takeAnswer(heap: SharedHeap, slip: Slip): unknown[] {
  const [ptr = 0, bytes = 0] = heap.view(slip.place, Float64Array, 2);
  heap.free(slip.place);
  if (ptr === 0) return [];
  const copy = heap.view(ptr, Uint8Array, bytes).slice(); // typed arrays in it are views of it
  heap.free(ptr);
  return [deserialize(copy)];
}
