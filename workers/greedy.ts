// One worker that takes all it can get: in each round it allocates blocks of one size until the
// heap refuses one, or it has enough, and then frees them. Between the steps it meets the others.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Barrier } from '../test/support/threads/barrier.ts';
import { Stamped, type Block, type Tally } from '../test/support/threads/stamped.ts';

export interface GreedyOrders {
  readonly heap: HeapHandle;
  readonly owner: number;
  readonly rounds: number;
  readonly size: number;
  /** Blocks that are enough. */
  readonly most: number;
  readonly barrier: Int32Array<SharedArrayBuffer>;
  readonly parties: number;
}

export interface GreedyReport extends Tally {
  /** By round. */
  readonly taken: number[][];
}

const orders = workerData as GreedyOrders;
const heap = SharedHeap.attach(orders.heap);
const barrier = new Barrier(orders.barrier, orders.parties);
const stamped = new Stamped(heap, orders.owner);
const taken: number[][] = [];

function take(): Block[] {
  const blocks: Block[] = [];
  while (blocks.length < orders.most) {
    const block = stamped.alloc(orders.size);
    if (block === null) break;
    blocks.push(block);
  }
  return blocks;
}

for (let round = 0; round < orders.rounds; round++) {
  barrier.meet();
  const blocks = take();
  taken.push(blocks.map((block) => block.ptr));
  barrier.meet();
  for (const block of blocks) stamped.free(block);
  heap.reclaim();
}
barrier.meet();
heap.detach();
parentPort?.postMessage({ ...stamped.tally, taken } satisfies Omit<GreedyReport, 'note'>);
