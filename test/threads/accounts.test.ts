// Accounts in shared memory between which threads move value, each transfer in a transaction, while
// the threads are ended by force at random: the total never changes, and nothing is lost.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SharedHeap, type HeapOptions } from '../../src/index.ts';
import type { BankerOrders } from '../../workers/banker.ts';
import { launch, type Launched } from '../support/threads/launch.ts';
import { Dice } from '../support/dice.ts';
import { bury, type SeatName } from '../support/threads/seats.ts';
import { signal, SIGNAL, signalWords } from '../support/threads/signals.ts';
import { seedOf } from '../support/threads/start.ts';

const BANKERS = 3;
const ACCOUNTS = 12;
const EACH = 1000;
const KILLS = 8 * Number(process.env['AT_RUNS'] ?? 1);

class Bank {
  readonly heap: SharedHeap;
  readonly accounts: number;
  readonly values: Float64Array;
  private readonly seed: number;
  private readonly signals = signalWords();
  private readonly busy = new Int32Array(new SharedArrayBuffer(ACCOUNTS * 4));
  private names = 0;

  constructor(options: HeapOptions, seed: number) {
    this.heap = SharedHeap.create({ size: '4MiB', maxSlots: BANKERS + 1, ...options });
    this.accounts = this.heap.alloc(ACCOUNTS * 8);
    this.values = this.heap.view(this.accounts, Float64Array, ACCOUNTS).fill(EACH);
    this.seed = seed;
  }

  /** A worker at work, and its name. */
  async hire(): Promise<[Launched<SeatName>, number]> {
    const { accounts, busy, signals } = this;
    const name = ++this.names;
    const task = { name, seed: this.seed + name, accounts, count: ACCOUNTS, busy, signals };
    const heap = this.heap.handle;
    const banker = launch<SeatName>('banker', { heap, ...task } satisfies BankerOrders);
    await banker.first;
    return [banker, name];
  }

  /** Ends a worker by force; then, when what it had begun is undone, its accounts are free. */
  async fire([banker, name]: [Launched<SeatName>, number]): Promise<void> {
    await banker.kill();
    await bury(this.heap, await banker.first);
    this.busy.forEach((_, account) => {
      if (Atomics.compareExchange(this.busy, account, name, 0) === name) {
        Atomics.notify(this.busy, account);
      }
    });
  }

  /** Tells all to stop; their exit statuses. */
  async close(bankers: readonly Launched<SeatName>[]): Promise<number[]> {
    signal(this.signals, SIGNAL.STOP);
    return Promise.all(bankers.map(({ ended }) => ended));
  }
}

test.each<[string, HeapOptions]>([
  ['two tiers', { mode: 'two-tier' }],
  ['the simple heap', { mode: 'simple-heap' }],
  ['tracked owners', { trackOwners: true }],
])('the total is what it was, whoever was killed in a transfer: %s', async (_, options) => {
  const seed = seedOf('accounts');
  const random = new Dice(seed);
  const bank = new Bank(options, seed);
  const { heap, accounts, values } = bank;
  const bankers = [];
  for (let i = 0; i < BANKERS; i++) bankers.push(await bank.hire());
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(random.below(15));
    const victim = random.below(BANKERS);
    await bank.fire(bankers[victim]!);
    bankers[victim] = await bank.hire();
  }
  const statuses = await bank.close(bankers.map(([banker]) => banker));
  expect(statuses).toEqual(bankers.map(() => 0));
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(ACCOUNTS * EACH);
  expect(
    values.every((value) => value === EACH),
    'value was moved',
  ).toBe(false);
  const { committed, rolledBack } = heap.stats().transactions;
  expect(Math.min(committed, rolledBack)).toBeGreaterThan(0);
  expect(heap.stats()).toMatchObject({ liveBlocks: 1 });
  expect(heap.free(accounts)).toBe(true);
  heap.reclaim();
  expect(heap.stats()).toMatchObject({ allocatedBytes: 0, freePages: heap.stats().pages });
  expect(heap.validate()).toEqual([]);
  heap.detach();
});
