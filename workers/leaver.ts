// One worker that ends without detaching: it allocates blocks, frees every other one, so that its
// magazines are not empty, and then simply comes to its end or calls process.exit.
import { workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { signal, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

export interface LeaverOrders {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  readonly blocks: number;
  readonly size: number;
  readonly how: 'return' | 'exit' | 'throw';
}

const { blocks, size, how, signals, heap: handle } = workerData as LeaverOrders;
const heap = SharedHeap.attach(handle);
const ptrs = Array.from({ length: blocks }, () => heap.alloc(size));
heap.freeMany(ptrs.filter((_, i) => i % 2 === 1));
signal(signals, SIGNAL.STARTED);
if (how === 'exit') process.exit();
if (how === 'throw') throw new Error('as ordered');
