// One worker in a heap that tracks owners: it allocates blocks, gives some away, shares some, has
// some in its magazines and one in an open transaction, and stays until it is ended by force.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { seatOf, type SeatName } from '../test/support/threads/seats.ts';

export interface OwnerOrders {
  readonly heap: HeapHandle;
  readonly size: number;
  readonly count: number;
  /** The seat to which it gives some. */
  readonly heir: number;
}

export interface OwnerReport {
  readonly own: readonly number[];
  readonly given: readonly number[];
  readonly shared: readonly number[];
  readonly seat: SeatName;
}

const { heap: handle, size, count, heir } = workerData as OwnerOrders;
const heap = SharedHeap.attach(handle);
const take = () => Array.from({ length: count }, () => heap.alloc(size));
const [own, given, shared, freed] = [take(), take(), take(), take()] as const;
for (const ptr of given) if (!heap.give(ptr, heir)) throw new Error(`${ptr} was not given`);
for (const ptr of shared) if (!heap.give(ptr, 'shared')) throw new Error(`${ptr} is not shared`);
heap.freeMany(freed);
const tx = heap.beginTransaction();
tx.alloc(size);
parentPort?.postMessage({ own, given, shared, seat: seatOf(heap) } satisfies OwnerReport);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
