// One worker that waits for memory: in each round it takes two blocks, one after the other, waiting
// for each, and frees them. It tells in which order it was served.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Stamped, type Tally } from '../test/support/threads/stamped.ts';

export interface WaiterOrders {
  readonly heap: HeapHandle;
  readonly owner: number;
  readonly size: number;
  readonly rounds: number;
  /** Blocks that it holds at once. */
  readonly holds: number;
  /** One word: how often anybody was served. */
  readonly served: Int32Array<SharedArrayBuffer>;
}

export interface WaiterReport extends Tally {
  /** The number of each serving, from 1 on; 0 for one that it did not get. */
  readonly order: number[];
}

const { heap: handle, owner, size, rounds, holds, served } = workerData as WaiterOrders;
const heap = SharedHeap.attach(handle);
const stamped = new Stamped(heap, owner);
const order: number[] = [];

for (let round = 0; round < rounds; round++) {
  const blocks = Array.from({ length: holds }, () => {
    const block = stamped.alloc(size, { waitMs: 60_000 });
    order.push(block === null ? 0 : Atomics.add(served, 0, 1) + 1);
    return block;
  });
  for (const block of blocks) if (block !== null) stamped.free(block);
}
heap.detach();
parentPort?.postMessage({ ...stamped.tally, order } satisfies Omit<WaiterReport, 'note'>);
