// A worker of a pool that was handed a heap (atomalloc/piscina). Its one transaction makes a block
// in place of an old one and counts that in a block of everybody's; then it goes on as it is told.
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { heapTask, useHeap } from '../src/host/piscina.ts';
import type { Made, Order, Person } from '../test/support/threads/orders.ts';
import { blockUntil, isSet, signal, SIGNAL } from '../test/support/threads/signals.ts';

const own = useHeap();

/** What is made is a copy of the old one's first double, plus one. */
export const craft = heapTask(async (order: Order, tx, heap): Promise<Made | (() => void)> => {
  const { old, account, size, how, signals } = order;
  const ptr = tx.alloc(size);
  if (ptr === 0 || !tx.free(old) || !tx.protect(account, 8)) return { ptr, bytes: none() };
  const [first = 0] = heap.view(old, Float64Array, 1);
  heap.view(ptr, Float64Array, 1)[0] = first + 1;
  heap.view(account, Float64Array, 1)[0]! += 1;
  signal(signals, SIGNAL.STARTED);
  if (how === 'wait') await sleep(size);
  while (how === 'hold' && !isSet(signals, SIGNAL.STOP)) await sleep(1);
  if (how === 'throw') throw new RangeError('as ordered');
  if (how === 'exit') process.exit(3);
  if (how === 'crash') await crash();
  if (how === 'stay') blockUntil(signals, SIGNAL.STOP, 1, Infinity);
  if (how === 'ask') while (tx.alloc(size) !== 0);
  if (how === 'commit') tx.commit();
  if (how === 'function') return () => undefined;
  return { ptr, bytes: new Float64Array([first + 1]) };
});

/** An ordinary task of the pool: what it takes is its own affair. */
export function plain(count: number): Person {
  for (let i = 0; i < count; i++) own.alloc(64);
  return { slot: own.slot, live: own.stats().liveBlocks, data: workerData as unknown };
}

/** So does `using` a heap in a task. */
export function leave(): void {
  useHeap().detach();
}

/** Throws where nobody catches. */
function crash(): Promise<never> {
  setImmediate(() => {
    throw new Error('crashed as ordered');
  });
  return new Promise(() => undefined);
}

function none(): Float64Array {
  return new Float64Array(0);
}
