// One worker that takes part in an exchange of blocks, in a module if it is given one, else in
// JavaScript. Its tally shows how far it is, for those who end it in the middle.
import { parentPort, workerData } from 'node:worker_threads';
import type { WasmMemory, WasmModule } from '../bench/versus/wasm.ts';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { exchange, type ExchangeOrders } from '../test/support/wasm/exchange.ts';
import { exchangeIn, moveIn } from '../test/support/wasm/lodging.ts';

export interface LodgerOrders extends ExchangeOrders {
  readonly heap: HeapHandle;
  readonly memory: WasmMemory;
  readonly module: WasmModule | null;
}

const orders = workerData as LodgerOrders;
const heap = SharedHeap.attach(orders.heap);
if (orders.module === null) {
  exchange(heap, orders);
} else {
  const { lodger, leave } = moveIn(orders.module, heap, orders.memory);
  exchangeIn(lodger, orders);
  leave();
}
heap.detach();
parentPort?.postMessage('left');
