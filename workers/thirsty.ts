// One worker that waits for memory until there is some, and leaves. It says first that it is there,
// and at last what it got.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { seatOf, type SeatName } from '../test/support/threads/seats.ts';

export interface ThirstyOrders {
  readonly heap: HeapHandle;
  readonly size: number;
}

export interface ThirstyReport {
  readonly seat: SeatName;
  /** 0 before it has waited. */
  readonly ptr: number;
}

const orders = workerData as ThirstyOrders;
const heap = SharedHeap.attach(orders.heap);
const seat = seatOf(heap);
parentPort?.postMessage({ seat, ptr: 0 } satisfies ThirstyReport);
const got = heap.tryAlloc(orders.size, { waitMs: Infinity });
heap.detach();
parentPort?.postMessage({ seat, ptr: got.ok ? got.value : 0 } satisfies ThirstyReport);
