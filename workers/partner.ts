// One worker that takes part in another thread's transaction: it allocates a block, overwrites some
// bytes that it has protected, frees a block, and then votes, aborts, throws, or stays as it is
// until it is ended by force. It tells how the transaction came out.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle, type Outcome, type TransactionHandle } from '../src/index.ts';
import { blockUntil, signal, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

export interface PartnerOrders {
  readonly heap: HeapHandle;
  readonly transaction: TransactionHandle;
  readonly signals: Signals;
  readonly size: number;
  /** A block whose bytes it changes. */
  readonly bytes: number;
  readonly byteLength: number;
  /** A block that it frees. */
  readonly frees: number;
  readonly end: 'vote' | 'abort' | 'throw' | 'fail' | 'leave' | 'stay' | 'vote, then stay';
  /** Whether it waits for STOP before that. */
  readonly late?: boolean;
}

export interface PartnerReport {
  readonly block: number;
  readonly voted: boolean;
  readonly outcome: Outcome;
}

const LONG_MS = 60_000;
const orders = workerData as PartnerOrders;
const { signals, bytes } = orders;
const heap = SharedHeap.attach(orders.heap);
const joined = heap.joinTransaction(orders.transaction);
if (!joined.ok) throw new Error(joined.error.message);
const tx = joined.value;
const block = tx.alloc(orders.size);
tx.protect(bytes, orders.byteLength);
heap.u8.fill(0xee, bytes, bytes + orders.byteLength);
tx.free(orders.frees);

function stay(): void {
  signal(signals, SIGNAL.STARTED);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LONG_MS);
}

if (orders.end === 'stay') stay();
if (orders.late === true) {
  signal(signals, SIGNAL.STARTED);
  blockUntil(signals, SIGNAL.STOP, 1, LONG_MS);
}
if (orders.end === 'throw') throw new Error('as ordered');
if (orders.end === 'abort') tx.rollback();
if (orders.end === 'fail') tx.alloc(heap.stats().totalBytes);
if (orders.end === 'leave') heap.detach();
const voted = orders.end.startsWith('vote') && tx.ready();
if (orders.end === 'vote, then stay') stay();
signal(signals, SIGNAL.STARTED);
const outcome = orders.end === 'leave' ? 'rolled back' : tx.outcome(LONG_MS);
parentPort?.postMessage({ block, voted, outcome } satisfies PartnerReport);
