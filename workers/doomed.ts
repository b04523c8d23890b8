// One worker that comes to grief. It attaches, leaves some blocks live and some in its magazines,
// says that it is there, and then waits to be terminated, in one place or another, or ends as it is
// told. Where it lives on, it says what became of it.
import { pbkdf2Sync } from 'node:crypto';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { beBlind } from '../src/slot/thread.ts';
import { blockUntil, signal, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

type Killed = 'park' | 'spin' | 'lock' | 'wait' | 'rest';
type Alone = 'throw' | 'exit' | 'overflow' | 'slow' | 'nest' | 'large';

export interface DoomedOrders {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  /** As where the system cannot be asked about threads. */
  readonly blind: boolean;
  readonly how: Killed | Alone;
}

export interface DoomedReport {
  readonly crashes: number;
  readonly goesOn: boolean;
}

const orders = workerData as DoomedOrders;
const { how, signals, heap: handle } = orders;
if (orders.blind) beBlind();
const heap = SharedHeap.attach(handle);
const ptrs = Array.from({ length: 40 }, () => heap.alloc(64));
heap.freeMany(ptrs.slice(20));

function park(): never {
  const nap = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(nap, 0, 0);
}

/** Until there is no stack left, somewhere inside the heap or between two of its calls. */
function sink(size: number): number {
  heap.free(heap.alloc(size));
  return 1 + sink(size);
}

/** Over and over, where other stacks end; then tells how often, and that it goes on. */
function overflow(): void {
  let crashes = 0;
  for (let size = 16; size <= 70_000; size += 3000) {
    try {
      sink(size);
    } catch {
      crashes++;
    }
  }
  parentPort?.postMessage({ crashes, goesOn: heap.alloc(64) !== 0 } satisfies DoomedReport);
}

/** A child that it ends itself, and recovers. */
async function nest(): Promise<void> {
  const child = new Worker(new URL(import.meta.url), {
    workerData: { ...orders, how: 'lock' } satisfies DoomedOrders,
  });
  heap.watch(child);
  while (Atomics.load(signals, SIGNAL.STARTED) < 1) await new Promise(setImmediate);
  await child.terminate();
  heap.free(heap.alloc(100_000)); // through the lock that the child held
}

if (how === 'lock') heap['attachment'].zones.list[1]?.lock.lock();
if (how === 'nest') await nest();
else signal(signals, SIGNAL.STARTED);
if (how === 'wait') blockUntil(signals, SIGNAL.STOP, 1, Infinity);
if (how === 'park' || how === 'lock') park();
for (; how === 'spin'; Atomics.add(signals, SIGNAL.TURNS, 1)) heap.free(heap.alloc(64));
if (how === 'rest') setInterval(() => undefined, 1000);
if (how === 'throw') throw new Error('as ordered');
if (how === 'exit') process.exit();
if (how === 'overflow') overflow();
if (how === 'large') heap.free(heap.alloc(100_000)); // through a zone's lock
if (how === 'slow') pbkdf2Sync('a', 'b', 1_500_000, 64, 'sha512');
signal(signals, SIGNAL.FINISHED);
