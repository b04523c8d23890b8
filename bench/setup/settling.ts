// What a thread that comes anew can say about a heap's beginning: how long its first call took and
// its second, and how much more of the machine's memory was resident after the first.
import { SharedHeap, type HeapHandle } from '../../src/index.ts';

export type Act = 'create' | 'attach' | 'buffer';

export interface SettlerOrders {
  readonly act: Act;
  readonly bytes: number;
  /** Two heaps to attach to. */
  readonly handles: readonly [HeapHandle, HeapHandle];
}

export interface Settled {
  readonly firstMs: number;
  readonly secondMs: number;
  readonly residentBytes: number;
}

const acts: Readonly<Record<Act, (orders: SettlerOrders, which: 0 | 1) => unknown>> = {
  create: ({ bytes }) => SharedHeap.create({ size: bytes }),
  attach: ({ handles }, which) => SharedHeap.attach(handles[which]),
  buffer: ({ bytes }) => new SharedArrayBuffer(bytes),
};

export function settle(orders: SettlerOrders): Settled {
  const act = acts[orders.act];
  const before = process.memoryUsage.rss();
  const [first, firstMs] = timed(() => act(orders, 0));
  const residentBytes = Math.max(0, process.memoryUsage.rss() - before);
  const [second, secondMs] = timed(() => act(orders, 1));
  for (const made of [first, second]) if (made instanceof SharedHeap) made.detach();
  return { firstMs, secondMs, residentBytes };
}

function timed<T>(act: () => T): [T, ms: number] {
  const start = performance.now();
  const made = act();
  return [made, performance.now() - start];
}
