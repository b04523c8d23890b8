// A heap in somebody's pool, as its tests use it: orders for the artisan (workers/artisan.ts), and
// an account of all blocks, to the last one, of what came of them.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { Made, Order } from './orders.ts';
import { heapPool, runTask, type WorkerPool } from '../../../src/host/piscina.ts';
import { SharedHeap, type HeapOptions, type Result } from '../../../src/index.ts';
import { SIGNAL, signalWords } from './signals.ts';
import { IMPORTS, programOf } from './start.ts';

export interface TestPool extends WorkerPool {
  destroy(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}
export type PoolClass = new (options?: object) => TestPool;

export class Workshop {
  readonly heap: SharedHeap;
  readonly pool: TestPool;
  readonly signals = signalWords();
  /** Blocks that are live and known to this thread. */
  readonly known: Set<number>;
  readonly account: number;
  /** Tasks whose answers were heard. */
  done = 0;

  constructor(Pool: PoolClass, options: object, heapOptions: HeapOptions = {}) {
    this.heap = SharedHeap.create({ size: '8MiB', ...heapOptions });
    const filename = programOf('artisan').href;
    this.pool = heapPool(this.heap, Pool, { filename, ...IMPORTS, ...options });
    this.pool.on('error', () => undefined); // piscina's: an answer that came after its abort
    this.account = this.heap.alloc(8);
    this.heap.view(this.account, Float64Array, 1).fill(0);
    this.known = new Set([this.account]);
    onTestFinished(async () => {
      await this.pool.destroy();
      this.heap.detach();
    });
  }

  /** A block with a number in it, to be replaced. */
  block(value = 0): number {
    const ptr = this.heap.alloc(64);
    this.heap.view(ptr, Float64Array, 1)[0] = value;
    this.known.add(ptr);
    return ptr;
  }

  /** Has `old` replaced; the account is told what came of it. */
  async order(
    how: Order['how'],
    old: number,
    options: { signal?: AbortSignal; size?: number; account?: number } = {},
  ): Promise<Result<Made>> {
    const { size = 64, account = this.account, ...rest } = options;
    const order: Order = { how, signals: this.signals, old, account, size };
    const made = await runTask<Made>(this.pool, order, { name: 'craft', ...rest });
    if (made.ok) {
      this.known.delete(old);
      this.known.add(made.value.ptr);
      if (account === this.account) this.done++;
    }
    return made;
  }

  /** As `order`: what it was rejected with; fails if it was not. */
  async refused(...order: Parameters<Workshop['order']>): Promise<Error> {
    const outcome: unknown = await this.order(...order).catch((thrown: unknown) => thrown);
    if (outcome instanceof Error) return outcome;
    throw new Error('it was not refused', { cause: outcome });
  }

  /** Waits until so many tasks have done all their steps. */
  async started(count: number): Promise<void> {
    while (Atomics.load(this.signals, SIGNAL.STARTED) < count) await sleep(1);
  }

  valueOf(ptr: number): number {
    return this.heap.view(ptr, Float64Array, 1)[0]!;
  }
}

/** Every block that is live is known, each known one is live, and what was done was counted. */
export function expectExact(shop: Workshop): void {
  const { heap, known, account, done } = shop;
  const live = new Set([...heap.inspectAll()].map(({ ptr }) => ptr));
  expect(live).toEqual(known);
  expect(heap.stats().liveBlocks).toBe(known.size);
  expect(shop.valueOf(account)).toBe(done);
  expect(heap.validate()).toEqual([]);
}
