// One of two workers that free or resize the same blocks in the same instant: the one thing that no
// program may do to an allocator, and the one that an allocator must survive. For each block of a
// list that both have, the two step forward together, strike, and write down what they were told.
// Then each allocates until the heap is empty, and writes down what it got.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Barrier } from '../test/support/threads/barrier.ts';

export interface RivalOrders {
  readonly heap: HeapHandle;
  readonly rounds: number;
  readonly size: number;
  /** The blocks, or in a checked heap their refs, anew in each round. */
  readonly victims: Float64Array<SharedArrayBuffer>;
  readonly by: 'free' | 'freeRef' | 'realloc';
  /** What this worker was told: 1 is true. */
  readonly verdicts: Uint8Array<SharedArrayBuffer>;
  /** The two and the test meet at `barrier`; the two alone at `step`. */
  readonly barrier: Int32Array<SharedArrayBuffer>;
  readonly step: Int32Array<SharedArrayBuffer>;
}

const { by, ...orders } = workerData as RivalOrders;
const heap = SharedHeap.attach(orders.heap);
const all = new Barrier(orders.barrier, 3);
const two = new Barrier(orders.step, 2);
const taken: number[][] = [];
const resized: number[] = [];

function strike(victim: number): boolean {
  if (by !== 'realloc') return heap[by](victim);
  const { size } = orders;
  const ptr = heap.realloc(victim, resized.length % 2 === 0 ? size + 4096 : Math.ceil(size * 0.6));
  resized.push(ptr);
  return ptr !== 0;
}

function drain(): number[] {
  const ptrs: number[] = [];
  for (let ptr = heap.alloc(orders.size); ptr !== 0; ptr = heap.alloc(orders.size)) ptrs.push(ptr);
  return ptrs;
}

for (let round = 0; round < orders.rounds; round++) {
  all.meet();
  orders.victims.forEach((victim, i) => {
    two.meet();
    orders.verdicts[i] = strike(victim) ? 1 : 0;
  });
  all.meet();
  heap.freeMany(resized.splice(0));
  all.meet();
  const ptrs = drain();
  taken.push(ptrs);
  all.meet();
  heap.freeMany(ptrs);
  heap.reclaim();
  all.meet();
}
heap.detach();
parentPort?.postMessage(taken);
