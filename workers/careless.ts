// One worker in a debug heap that does to its blocks what it should not: it writes one byte behind
// one, writes into another after its free, frees a third, and keeps a fourth under a tag. Then it
// leaves in good order, or waits to be ended by force.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle, type Leak } from '../src/index.ts';
import { seatOf, type SeatName } from '../test/support/threads/seats.ts';

export interface CarelessOrders {
  readonly heap: HeapHandle;
  readonly size: number;
  readonly leaves: boolean;
}

export interface CarelessReport {
  readonly overrun: number;
  readonly stale: number;
  readonly freed: number;
  readonly kept: number;
  readonly seat: SeatName;
  readonly leaks: readonly Leak[];
}

const { heap: handle, size, leaves } = workerData as CarelessOrders;
const heap = SharedHeap.attach(handle);
const leaks: Leak[] = [];
heap.onLeak((found) => void leaks.push(...found));
const seat = seatOf(heap);

function overrunOne(): number {
  const ptr = heap.alloc(size);
  heap.u8[ptr + size] = 1;
  return ptr;
}

const overrun = overrunOne();
const [stale, freed] = [heap.alloc(size), heap.alloc(size)];
const kept = heap.tryAlloc(size, { tag: 'kept' });
heap.freeMany([stale, freed]);
heap.u8[stale + 3] = 1;
if (leaves) heap.detach();
const report = { overrun, stale, freed, kept: kept.ok ? kept.value : 0, seat, leaks };
parentPort?.postMessage(report satisfies CarelessReport);
if (!leaves) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
