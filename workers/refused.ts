// One worker that allocates and frees while requests are refused on purpose, and counts how many
// of its own were: by `alloc`, or as a step of a transaction. It begins when all are there.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Barrier } from '../test/support/threads/barrier.ts';

export interface RefusedOrders {
  readonly heap: HeapHandle;
  /** Requests to make. */
  readonly requests: number;
  readonly size: number;
  /** Each request is a transaction of its own. */
  readonly transactions: boolean;
  readonly barrier: Int32Array<SharedArrayBuffer>;
  readonly parties: number;
}

export interface RefusedReport {
  /** Requests that were refused on purpose, and for want of memory. */
  readonly injected: number;
  readonly other: number;
}

const orders = workerData as RefusedOrders;
const heap = SharedHeap.attach(orders.heap);
let [injected, other] = [0, 0];

/** Asks once; false if that was refused. */
function ask(): boolean {
  const { size } = orders;
  const got = orders.transactions ? heap.transaction((tx) => tx.alloc(size)) : heap.tryAlloc(size);
  if (got.ok) return heap.free(got.value);
  if (got.error.injected === true) injected++;
  else other++;
  return false;
}

new Barrier(orders.barrier, orders.parties).meet();
for (let i = 0; i < orders.requests; i++) ask();
heap.detach();
parentPort?.postMessage({ injected, other } satisfies RefusedReport);
