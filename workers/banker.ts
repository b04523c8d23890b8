// One worker that moves value between accounts in shared memory, each transfer in a transaction:
// the two accounts are protected, then changed one after the other; in between a block is taken and
// given back, and often it sleeps, so that it is likely to be ended by force just there. Some
// transfers are rolled back. It goes on until it is told to stop.
//
// Each account has a word of the user's that says who works on it; the transaction itself locks
// nothing. It is set free after the commit, so what is undone has nobody else's changes in it.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { Dice } from '../test/support/dice.ts';
import { seatOf, type SeatName } from '../test/support/threads/seats.ts';
import { isSet, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

export interface BankerOrders {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  /** What stands in the words of accounts that it works on. */
  readonly name: number;
  readonly seed: number;
  /** A block of one double an account. */
  readonly accounts: number;
  readonly count: number;
  /** A word an account: who works on it. */
  readonly busy: Int32Array<SharedArrayBuffer>;
}

const orders = workerData as BankerOrders;
const { name, accounts, count, busy } = orders;
const heap = SharedHeap.attach(orders.heap);
const values = heap.view(accounts, Float64Array, count);
const random = new Dice(orders.seed);
const nap = new Int32Array(new SharedArrayBuffer(4));

function enter(account: number): void {
  for (;;) {
    const holder = Atomics.compareExchange(busy, account, 0, name);
    if (holder === 0) return;
    Atomics.wait(busy, account, holder, 20);
  }
}

function leave(account: number): void {
  Atomics.store(busy, account, 0);
  Atomics.notify(busy, account);
}

function transfer(from: number, to: number, amount: number): void {
  heap.transaction((tx) => {
    tx.protect(accounts + from * 8, 8);
    tx.protect(accounts + to * 8, 8);
    values[from] = (values[from] as number) - amount;
    const block = tx.alloc(random.logUniform(16, 5000));
    if (random.below(3) === 0) Atomics.wait(nap, 0, 0, 3 * random.next());
    values[to] = (values[to] as number) + amount;
    tx.free(block);
    if (random.below(4) === 0) tx.rollback();
  });
}

parentPort?.postMessage(seatOf(heap) satisfies SeatName);
while (!isSet(orders.signals, SIGNAL.STOP)) {
  const [a, b] = [random.below(count), random.below(count)];
  if (a === b) continue;
  enter(Math.min(a, b)); // always in this order: nobody waits in a circle
  enter(Math.max(a, b));
  transfer(a, b, 1 + random.below(100));
  leave(a);
  leave(b);
}
heap.detach();
