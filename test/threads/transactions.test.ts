// Transactions of several real threads: all of them commit or none, whichever thread votes late,
// aborts, fails, leaves, or is ended by force, and whichever thread is left to clean up.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SharedHeap, type Transaction } from '../../src/index.ts';
import type { LeaderOrders, LeaderReport } from '../../workers/leader.ts';
import type { PartnerOrders, PartnerReport } from '../../workers/partner.ts';
import { launch, type Launched } from '../support/threads/launch.ts';
import { hasProc } from '../support/threads/named.ts';
import { bury } from '../support/threads/seats.ts';
import { blockUntil, signal, SIGNAL, signalWords } from '../support/threads/signals.ts';
import { expectEmpty } from '../support/threads/start.ts';

const LENGTH = 5000;
const LONG_MS = 30_000;

/** A heap, and for each of so many threads a block whose bytes it changes and one that it frees. */
class Ground {
  readonly heap = SharedHeap.create({ size: '4MiB' });
  readonly signals = signalWords();
  readonly bytes: number[];
  readonly frees: number[];

  constructor(threads: number) {
    const take = (size: number) => Array.from({ length: threads }, () => this.heap.alloc(size));
    [this.bytes, this.frees] = [take(LENGTH), take(300)];
    for (const ptr of this.bytes) this.heap.u8.fill(1, ptr, ptr + LENGTH);
    onTestFinished(() => this.heap.detach());
  }

  /** The work of thread `which`. */
  work(which: number): Pick<PartnerOrders, 'heap' | 'signals' | 'bytes' | 'byteLength' | 'frees'> {
    const [bytes, frees] = [this.bytes[which] as number, this.frees[which] as number];
    const { signals } = this;
    return { heap: this.heap.handle, signals, bytes, byteLength: LENGTH, frees };
  }

  partner(
    which: number,
    tx: Pick<Transaction, 'handle'>,
    end: PartnerOrders['end'],
    late = false,
  ): Launched<PartnerReport> {
    const task = { transaction: tx.handle, size: 100 + which, end, late };
    return launch('partner', { ...this.work(which), ...task } satisfies PartnerOrders);
  }
}

function expectStarted({ signals }: Ground, count: number): void {
  expect(blockUntil(signals, SIGNAL.STARTED, count, LONG_MS)).toBe(true);
}

/** Nothing of the transaction is left: bytes and blocks are what they were. */
function expectUndone({ heap, bytes, frees }: Ground): void {
  for (const ptr of bytes) {
    expect(heap.view(ptr, Uint8Array, LENGTH).every((byte) => byte === 1)).toBe(true);
  }
  expect(heap.stats().liveBlocks).toBe(bytes.length + frees.length);
  expect(heap.freeMany([...bytes, ...frees])).toBe(bytes.length + frees.length);
  expectEmpty(heap);
}

/** What each thread did counts: its bytes, its block, its free. */
function expectDone(
  { heap, bytes, frees }: Ground,
  blocks: readonly number[],
  values: readonly number[],
): void {
  bytes.forEach((ptr, i) => {
    const view = heap.view(ptr, Uint8Array, LENGTH);
    expect(view.every((byte) => byte === values[i])).toBe(true);
  });
  expect(frees.map((ptr) => heap.free(ptr))).toEqual(frees.map(() => false));
  expect(heap.freeMany([...bytes, ...blocks])).toBe(bytes.length + blocks.length);
  expectEmpty(heap);
}

/** This thread's work as the leader, on the ground's first blocks. */
function lead({ heap, bytes, frees }: Ground): [tx: Transaction, block: number] {
  const tx = heap.beginTransaction();
  const block = tx.alloc(64);
  tx.protect(bytes[0] as number, LENGTH);
  heap.u8.fill(0xcc, bytes[0], (bytes[0] as number) + LENGTH);
  tx.free(frees[0] as number);
  return [tx, block];
}

describe('a transaction of three threads', () => {
  test.each(['commit', 'commitAsync'] as const)(
    'is committed by %s when the votes come later, and every thread learns of it',
    async (how) => {
      const ground = new Ground(3);
      const [tx, block] = lead(ground);
      const partners = [1, 2].map((which) => ground.partner(which, tx, 'vote', true));
      expectStarted(ground, 2);
      const waiting = how === 'commitAsync' ? tx.commitAsync({ timeoutMs: LONG_MS }) : null;
      if (waiting !== null) await sleep(30);
      expect(tx.outcome(), 'while no vote has come').toBe('open');
      signal(ground.signals, SIGNAL.STOP);
      expect(await (waiting ?? tx.commit({ waitMs: LONG_MS }))).toEqual({ ok: true });
      const reports = await Promise.all(partners.map(({ first }) => first));
      expect(reports.map(({ voted, outcome }) => [voted, outcome])).toEqual([
        [true, 'committed'],
        [true, 'committed'],
      ]);
      await Promise.all(partners.map(({ ended }) => ended));
      expectDone(ground, [block, ...reports.map((report) => report.block)], [0xcc, 0xee, 0xee]);
    },
  );

  test.each(['abort', 'fail', 'throw', 'leave'] as const)(
    'is undone on all of them when one does this: %s',
    async (how) => {
      const ground = new Ground(3);
      const [tx] = lead(ground);
      const good = ground.partner(1, tx, 'vote');
      const bad = ground.partner(2, tx, how, true);
      expectStarted(ground, 2);
      signal(ground.signals, SIGNAL.STOP);
      const done = tx.commit({ waitMs: LONG_MS });
      expect(done).toMatchObject({ ok: false, error: { code: 'ABORTED' } });
      expect(await good.first).toMatchObject({ voted: true, outcome: 'rolled back' });
      if (how === 'throw') expect((await bad.thrown)?.message).toBe('as ordered');
      else expect(await bad.first).toMatchObject({ voted: false, outcome: 'rolled back' });
      await Promise.all([good.ended, bad.ended]);
      expect(ground.heap.stats().transactions.committed).toBe(0);
      expectUndone(ground);
    },
  );

  test.runIf(hasProc).each(['stay', 'vote, then stay'] as const)(
    'is undone on all of them when one is terminated, %s',
    async (end) => {
      const ground = new Ground(3);
      const [tx] = lead(ground);
      const good = ground.partner(1, tx, 'vote');
      const bad = ground.partner(2, tx, end);
      expectStarted(ground, 2);
      await bad.kill();
      // One that has voted may still be committed, until somebody has seen that it is dead.
      for (let i = 0; tx.outcome() === 'open' && end !== 'stay' && i < 5000; i++) {
        ground.heap.recover();
      }
      expect(tx.commit({ waitMs: LONG_MS })).toMatchObject({ error: { code: 'ABORTED' } });
      expect(await good.first).toMatchObject({ voted: true, outcome: 'rolled back' });
      await good.ended;
      expectUndone(ground);
    },
  );

  test.each(['commit', 'commitAsync'] as const)(
    'is undone when one of them does not vote in time: %s',
    async (how) => {
      const ground = new Ground(3);
      const [tx] = lead(ground);
      const good = ground.partner(1, tx, 'vote');
      const slow = ground.partner(2, tx, 'vote', true);
      expectStarted(ground, 2);
      const done = await (how === 'commit'
        ? tx.commit({ waitMs: 30 })
        : tx.commitAsync({ timeoutMs: 30 }));
      expect(done).toMatchObject({ ok: false, error: { code: 'TIMEOUT' } });
      expect(tx.outcome()).toBe('rolled back');
      signal(ground.signals, SIGNAL.STOP);
      expect(await good.first).toMatchObject({ voted: true, outcome: 'rolled back' });
      expect(await slow.first).toMatchObject({ voted: false, outcome: 'rolled back' });
      await Promise.all([good.ended, slow.ended]);
      expectUndone(ground);
    },
  );

  test('is undone when commitAsync’s signal is aborted, before or while it waits', async () => {
    const ground = new Ground(2);
    for (const before of [true, false]) {
      const [tx] = lead(ground);
      const slow = ground.partner(1, tx, 'vote', true);
      expectStarted(ground, before ? 1 : 3);
      const controller = new AbortController();
      if (before) controller.abort();
      const { signal: abort } = controller;
      const committing = tx.commitAsync({ timeoutMs: LONG_MS, signal: abort });
      if (!before) setTimeout(() => controller.abort(), 20);
      expect(await committing).toMatchObject({ ok: false, error: { code: 'ABORTED' } });
      signal(ground.signals, SIGNAL.STOP);
      expect(await slow.first).toMatchObject({ voted: false, outcome: 'rolled back' });
      await slow.ended;
      ground.signals[SIGNAL.STOP] = 0;
    }
    expectUndone(ground);
  });
});

describe('a leader on another thread', () => {
  const led = (ground: Ground, more: Partial<LeaderOrders> = {}) =>
    launch<LeaderReport>('leader', {
      ...ground.work(1),
      waitMs: LONG_MS,
      ...more,
    } satisfies LeaderOrders);

  const joined = ({ heap }: Ground, { transaction }: LeaderReport): Transaction => {
    const part = heap.joinTransaction(transaction);
    if (!part.ok) throw new Error(part.error.message);
    return part.value;
  };

  test('commits what this thread has voted for', async () => {
    const ground = new Ground(2);
    const leader = led(ground);
    const report = await leader.first;
    const part = joined(ground, report);
    const mine = part.alloc(64);
    part.protect(ground.bytes[0] as number, LENGTH);
    ground.heap.u8.fill(7, ground.bytes[0], (ground.bytes[0] as number) + LENGTH);
    part.free(ground.frees[0] as number);
    signal(ground.signals, SIGNAL.STOP);
    expect([part.ready(), part.outcome(LONG_MS)]).toEqual([true, 'committed']);
    expect(await leader.ended).toBe(10);
    expectDone(ground, [report.block, mine], [7, 0xdd]);
  });

  test.runIf(hasProc).each([false, true])(
    'that is terminated takes all with it; this thread had voted: %s',
    async (voted) => {
      const ground = new Ground(2);
      const leader = led(ground);
      const part = joined(ground, await leader.first);
      part.alloc(64);
      part.protect(ground.bytes[0] as number, LENGTH);
      ground.heap.u8.fill(7, ground.bytes[0], (ground.bytes[0] as number) + LENGTH);
      if (voted) expect(part.ready()).toBe(true);
      await leader.kill();
      expect(part.outcome(LONG_MS), 'found out without help').toBe('rolled back');
      expect(part.ready()).toBe(false);
      expectUndone(ground);
    },
  );

  test('that is terminated leaves nothing on its seat', async () => {
    const ground = new Ground(2);
    const leader = led(ground);
    const { seat } = await leader.first;
    await leader.kill();
    await bury(ground.heap, seat);
    expect(ground.heap.stats().slots).toHaveLength(1);
    expectUndone(ground);
  });

  // Atomics.waitAsync does not keep a thread alive: it ends in the middle of its await.
  test('that awaits its commit stays alive until it is decided', async () => {
    const ground = new Ground(2);
    const leader = led(ground, { async: true });
    const part = joined(ground, await leader.first);
    signal(ground.signals, SIGNAL.STOP);
    setTimeout(() => part.ready(), 200);
    expect(await leader.ended).toBe(10);
  });
});
