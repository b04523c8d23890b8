// One worker that begins a transaction, works in it and tells its handle. When it is told to stop
// it commits, blocking or not, and tells how that went; many tests end it before.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle, type TransactionHandle } from '../src/index.ts';
import { seatOf, type SeatName } from '../test/support/threads/seats.ts';
import { blockUntil, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

export interface LeaderOrders {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  readonly bytes: number;
  readonly byteLength: number;
  readonly frees: number;
  /** Whether it awaits the commit, with nothing else that would keep it alive. */
  readonly async?: boolean;
  readonly waitMs: number;
}

export interface LeaderReport {
  readonly transaction: TransactionHandle;
  readonly block: number;
  readonly seat: SeatName;
}

const orders = workerData as LeaderOrders;
const { bytes, byteLength, waitMs } = orders;
const heap = SharedHeap.attach(orders.heap);
const tx = heap.beginTransaction();
const block = tx.alloc(100);
tx.protect(bytes, byteLength);
heap.u8.fill(0xdd, bytes, bytes + byteLength);
tx.free(orders.frees);
const seat = seatOf(heap);
parentPort?.postMessage({ transaction: tx.handle, block, seat } satisfies LeaderReport);
blockUntil(orders.signals, SIGNAL.STOP, 1, 60_000);
const done =
  orders.async === true ? await tx.commitAsync({ timeoutMs: waitMs }) : tx.commit({ waitMs });
process.exit(done.ok ? 10 : 20);
