// One worker that names roots: some that only it uses, which it sets, reads and forgets, and one
// that all workers set to a block of their own and read. Each block begins with its owner's number,
// so that whoever reads the shared name sees whether it leads to such a block.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Barrier } from '../test/support/threads/barrier.ts';

export interface NamerOrders {
  readonly heap: HeapHandle;
  readonly owner: number;
  readonly rounds: number;
  readonly sharedName: string;
  readonly barrier: Int32Array<SharedArrayBuffer>;
  readonly parties: number;
}

export interface NamerReport {
  readonly ptr: number;
  /** Owners to whose blocks the shared name led, and how often. */
  readonly met: Readonly<Record<number, number>>;
  /** What its own names did that they should not. */
  readonly wrong: readonly string[];
}

const orders = workerData as NamerOrders;
const { owner, sharedName } = orders;
const heap = SharedHeap.attach(orders.heap);
const barrier = new Barrier(orders.barrier, orders.parties);
const ptr = heap.alloc(64);
const met: Record<number, number> = {};
const wrong: string[] = [];

function useOwnName(round: number): void {
  const own = `of ${String(owner)}, ${String(round % 4)}`;
  if (!heap.roots.set(own, ptr)) wrong.push(`${own}: no room`);
  if (heap.roots.get(own) !== ptr) wrong.push(`${own}: leads elsewhere`);
  if (!heap.roots.delete(own)) wrong.push(`${own}: was not there to forget`);
  if (heap.roots.get(own) !== 0) wrong.push(`${own}: is still there`);
}

heap.i32[ptr / 4] = owner;
barrier.meet();
for (let round = 0; round < orders.rounds; round++) {
  heap.roots.set(sharedName, ptr);
  const found = heap.i32[heap.roots.get(sharedName) / 4] ?? -1;
  met[found] = (met[found] ?? 0) + 1;
  useOwnName(round);
}
heap.detach();
parentPort?.postMessage({ ptr, met, wrong } satisfies NamerReport);
