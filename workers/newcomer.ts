// One worker that attaches to a heap at the same moment as others do, allocates a few blocks and
// frees most of them, so that its magazines are not empty, and says which slot it got. Then it
// rests until it is killed.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Barrier } from '../test/support/threads/barrier.ts';

export interface NewcomerOrders {
  readonly handle: HeapHandle;
  readonly barrier: Int32Array<SharedArrayBuffer>;
  readonly parties: number;
}

const { handle, barrier, parties } = workerData as NewcomerOrders;
new Barrier(barrier, parties).meet();

function enter(): number | string {
  try {
    const heap = SharedHeap.attach(handle);
    const ptrs = Array.from({ length: 200 }, (_, i) => heap.alloc(1 + i * 16));
    heap.freeMany(ptrs);
    return heap.slot;
  } catch (error) {
    return String(error);
  }
}

parentPort?.postMessage(enter());
const rest = new Int32Array(new SharedArrayBuffer(4));
Atomics.wait(rest, 0, 0);
