// One worker that shares stamped blocks with others: it shows some by weak handles in cells that
// all see, holds what others show, writes to what it holds (a copy, if others hold it too) and lets
// go, all at random until it is told to stop. What it holds has to stay as it is.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Dice } from '../test/support/dice.ts';
import { hasStamp, stamp } from '../test/support/stamp.ts';
import { seatOf, type SeatName } from '../test/support/threads/seats.ts';
import { isSet, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

export interface SharerOrders {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  readonly seed: number;
  /** Weak handles. */
  readonly cells: BigInt64Array<SharedArrayBuffer>;
  /** References it may have at once. */
  readonly most: number;
}

const { heap: handle, signals, seed, cells, most } = workerData as SharerOrders;
const heap = SharedHeap.attach(handle);
const random = new Dice(seed);
const held: { readonly ptr: number; readonly seed: number }[] = [];
const HEADER = 8;

/** Writes a block anew, with its seed and size in front, and shows it. */
function write(ptr: number, bytes: number): void {
  const fresh = random.below(2 ** 30);
  heap.i32.set([fresh, bytes], ptr / 4);
  stamp(handle.buffer, ptr + HEADER, bytes, fresh);
  Atomics.store(cells, random.below(cells.length), BigInt(heap.weak(ptr)));
}

function check(ptr: number, wanted: number): void {
  const [is, bytes = 0] = heap.i32.subarray(ptr / 4, ptr / 4 + 2);
  if (is !== wanted || !hasStamp(handle.buffer, ptr + HEADER, bytes, wanted))
    throw new Error(`${ptr} has changed while it is held`);
}

function hold(ptr: number): void {
  const block = { ptr, seed: heap.i32[ptr / 4] as number };
  check(ptr, block.seed);
  held.push(block);
}

function make(): void {
  const bytes = random.logUniform(16, 6000);
  const ptr = heap.alloc(bytes + HEADER);
  if (!heap.retain(ptr)) return void (ptr !== 0 && heap.free(ptr)); // retained first, then shown
  write(ptr, bytes);
  hold(ptr);
}

function take(): void {
  const ptr = heap.upgrade(Number(Atomics.load(cells, random.below(cells.length))));
  if (ptr !== undefined) hold(ptr);
}

/** Changes one of the blocks that it holds, or lets go of it. */
function change(lets: boolean): void {
  const [block] = held.splice(random.below(held.length), 1);
  if (block === undefined) return;
  check(block.ptr, block.seed);
  const own = lets ? 0 : heap.beginWrite(block.ptr);
  if (own === 0) {
    if (!heap.release(block.ptr)) throw new Error(`${block.ptr} was not held`);
    return;
  }
  check(own, block.seed);
  write(own, heap.i32[own / 4 + 1] as number);
  hold(own);
}

parentPort?.postMessage(seatOf(heap) satisfies SeatName);
while (!isSet(signals, SIGNAL.STOP)) {
  random.pick([make, take, take, () => change(false), () => change(true)])();
  while (held.length > most) change(true);
}
heap.detach();
