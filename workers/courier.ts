// One worker at a channel: it sends stamped blocks, or receives them, until it has sent so many,
// until the channel is closed and empty, or until it is killed. A block says who sent it and which
// of its blocks it is. A receiver writes down in a ledger of its own what it has received, before
// it frees it: that outlives it.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { channel } from '../src/parts/channel.ts';
import { seatOf } from '../test/support/threads/seats.ts';

export interface CourierOrders {
  readonly heap: HeapHandle;
  readonly name: string;
  readonly capacity: number;
  readonly role: 'sends' | 'receives' | 'receives async';
  /** A sender's number; its stamps are number * 2^20 + 1, 2, 3 … */
  readonly number: number;
  readonly count: number;
  /** Blocks in one call; 1 is one by one. */
  readonly batch: number;
  /** Word 0: how many have been received, or sent; behind it, the stamps that were received. */
  readonly ledger: Int32Array;
}

const orders = workerData as CourierOrders;
const { name, capacity, role, number, count, batch, ledger } = orders;
const heap = SharedHeap.attach(orders.heap);
const opened = channel(heap, name, { capacity });
if (!opened.ok) throw new Error(opened.error.message);
const jobs = opened.value;

/** Blocks with the next stamps. */
function stamped(first: number, many: number): number[] {
  return Array.from({ length: many }, (_, i) => {
    const got = heap.tryAlloc(64, { waitMs: 10_000 });
    if (!got.ok) throw new Error(got.error.message);
    heap.i32[got.value >> 2] = number * 2 ** 20 + first + i;
    return got.value;
  });
}

function send(): void {
  for (let sent = 0; sent < count; sent += batch) {
    const ptrs = stamped(sent + 1, Math.min(batch, count - sent));
    const done = batch === 1 ? jobs.send(ptrs[0] as number) : jobs.sendMany(ptrs);
    if (!done.ok || (done.value ?? 1) !== ptrs.length) throw new Error('not all were sent');
    Atomics.add(ledger, 0, ptrs.length);
  }
}

function enter(ptr: number): void {
  const place = (ledger[0] as number) + 1;
  ledger[place] = heap.i32[ptr >> 2] as number;
  Atomics.store(ledger, 0, place);
  if (!heap.free(ptr)) throw new Error(`${ptr} was received, and could not be freed`);
}

function receive(): void {
  const out = new Array<number>(batch).fill(0);
  for (let got = jobs.receiveMany(out); got.ok; got = jobs.receiveMany(out)) {
    for (const ptr of out.slice(0, got.value)) enter(ptr);
  }
}

async function receiveAsync(): Promise<void> {
  for (let got = await jobs.receiveAsync(); got.ok; got = await jobs.receiveAsync()) {
    enter(got.value);
  }
}

parentPort?.postMessage(seatOf(heap));
if (role === 'sends') send();
else if (role === 'receives') receive();
else await receiveAsync();
heap.detach();
