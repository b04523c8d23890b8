// A worker of a page, written and bundled as a user's would be. It takes part in one scene: works
// through its orders and leaves, or comes to grief where it is told to.

import { SharedHeap, type HeapHandle, type TransactionHandle } from 'atomalloc';
import { holdLease } from 'atomalloc/browser';
import { Dice } from '../dice.ts';
import { Stamped, type Block, type Tally } from '../threads/stamped.ts';

export interface Orders {
  readonly role: keyof typeof roles;
  readonly heap: HeapHandle;
  readonly number: number;
  /** How many steps. */
  readonly steps?: number;
  readonly tx?: TransactionHandle;
  /** A block, for what the page reads and writes. */
  readonly at?: number;
}

const scope = globalThis as unknown as {
  addEventListener(event: 'message', listener: (event: { data: Orders }) => void): void;
  postMessage(message: unknown): void;
};

const MOST_LIVE = 200;
const LARGE = 100_000;

/** Blocks of all sizes come and go, each stamped and looked at again. */
function churn(heap: SharedHeap, { number, steps = 0 }: Orders): Tally {
  const dice = new Dice(number);
  const client = new Stamped(heap, number);
  const live: Block[] = [];
  for (let i = 0; i < steps; i++) {
    if (live.length < MOST_LIVE && dice.chance(55)) {
      const block = client.alloc(dice.logUniform(16, 20_000));
      if (block !== null) live.push(block);
    } else if (live.length > 0) {
      client.free(live.splice(dice.below(live.length), 1)[0] as Block);
    }
  }
  for (const block of live) client.free(block);
  return client.tally;
}

/** Allocates in the page's transaction and votes. */
function join(heap: SharedHeap, { tx: handle }: Orders): { ptr: number; voted: boolean } {
  const joined = heap.joinTransaction(handle as TransactionHandle);
  if (!joined.ok) throw new Error(joined.error.message);
  const ptr = joined.value.alloc(1000);
  heap.u8.fill(7, ptr, ptr + 1000);
  return { ptr, voted: joined.value.ready() };
}

/** Leaves a transaction open, blocks in its magazines, and rests: the page ends it there. */
function leaveOpen(heap: SharedHeap): number {
  heap.freeMany(Array.from({ length: 20 }, () => heap.alloc(64)));
  const tx = heap.beginTransaction();
  for (let size = 100; size < 200_000; size *= 3) tx.alloc(size);
  return tx.handle.record;
}

/** The lock of the zone that large blocks come from. */
function takeLock(heap: SharedHeap): void {
  heap['attachment'].zones.list[1]?.lock.lock();
}

/** Rests in its event loop, and the lock is not given back. */
function keepLock(heap: SharedHeap): void {
  takeLock(heap);
}

/** Writes and writes, holding the lock: what the dead do not do. */
function spinInLock(heap: SharedHeap, { at = 0 }: Orders): void {
  takeLock(heap);
  setTimeout(() => {
    for (;;) Atomics.add(heap.i32, at >> 2, 1);
  });
}

/** Sleeps for good, holding the lock. */
function sleepInLock(heap: SharedHeap): void {
  takeLock(heap);
  setTimeout(() => Atomics.wait(heap.i32, 0, heap.i32[0] as number));
}

/** Needs that lock, and blocks until it has it. */
function wantLock(heap: SharedHeap): boolean {
  scope.postMessage('wants');
  return heap.free(heap.alloc(LARGE));
}

/** Takes all there is, and gives it back when the page has written a 1. */
async function hoard(heap: SharedHeap, { at = 0 }: Orders): Promise<number> {
  const ptrs: number[] = [];
  for (let ptr = heap.alloc(LARGE); ptr !== 0; ptr = heap.alloc(LARGE)) ptrs.push(ptr);
  scope.postMessage(ptrs.length);
  while (Atomics.load(heap.i32, at >> 2) === 0) await new Promise((done) => setTimeout(done, 5));
  return heap.freeMany(ptrs);
}

/** Leaves and comes back, under the name that it has. */
function comeBack(heap: SharedHeap, { heap: handle }: Orders): number {
  heap.detach();
  return SharedHeap.attach(handle).alloc(64);
}

const roles = {
  ...{ churn, join, leaveOpen, keepLock, spinInLock, sleepInLock, wantLock, hoard },
  comeBack,
};

scope.addEventListener('message', async ({ data: orders }) => {
  await holdLease();
  const heap = SharedHeap.attach(orders.heap);
  scope.postMessage(await roles[orders.role](heap, orders));
});
