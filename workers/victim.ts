// One worker that takes a seat in a heap and waits to be killed, with empty magazines or with full
// ones: what is in them is what its recovery has to bring home.
import { parentPort, workerData } from 'node:worker_threads';
import type { VictimOrders } from '../bench/deaths/victims.ts';
import { SharedHeap } from '../src/index.ts';

const MOST_BLOCKS = 120; // of a class: two magazines
const MOST_BYTES = 128 * 1024;

const { handle, fill } = workerData as VictimOrders;
const heap = SharedHeap.attach(handle);
if (fill === 'full') {
  for (const { blockBytes } of heap.stats().classes) {
    const count = Math.min(MOST_BLOCKS, Math.floor(MOST_BYTES / blockBytes));
    const ptrs = Array.from({ length: count }, () => heap.alloc(blockBytes));
    heap.freeMany(ptrs);
  }
}
parentPort!.postMessage('asleep');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
