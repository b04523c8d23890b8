// One worker that records the heap it is in, into a file, and uses it a little, until it is killed.
// It never stops the recording.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';

export interface KeeperOrders {
  readonly heap: HeapHandle;
  readonly file: string;
}

const { heap: handle, file } = workerData as KeeperOrders;
const heap = SharedHeap.attach(handle);
await heap.record(file);
parentPort?.postMessage('on');
setInterval(() => heap.free(heap.alloc(100)), 1);
