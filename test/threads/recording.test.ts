// Recordings of real workers: read and checked wholly by the reader of traces, and replayed.

import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { EVENT, OP, readTrace, type Trace } from '../../bench/replay/trace.ts';
import type { HeapOptions, SharedHeap } from '../../src/index.ts';
import type { ChurnOrders } from '../../workers/churn.ts';
import type { KeeperOrders } from '../../workers/keeper.ts';
import type { RelayOrders } from '../../workers/relay.ts';
import { library, type BuiltLibrary } from '../support/threads/doomed.ts';
import { launch } from '../support/threads/launch.ts';
import { Mailbox } from '../support/threads/mailbox.ts';
import { signal, SIGNAL, signalWords } from '../support/threads/signals.ts';
import { expectClean, expectEmpty, seedOf, start } from '../support/threads/start.ts';
import type { Tally } from '../support/threads/stamped.ts';
import { startIn } from '../traffic/command.ts';

let lib: BuiltLibrary; // a scribe is a compiled program
beforeAll(async () => void (lib = await library()));

const { ALLOC, FREE, REALLOC } = OP;

function place(): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { folder, file: join(folder, 'it.atrc.gz') };
}

function ordersFor(heap: SharedHeap, owner: number, seed: number, steps: number): ChurnOrders {
  const traffic = { live: 200, leastBytes: 1, mostBytes: 20_000, resizes: 0.2 };
  return {
    heap: heap.handle,
    signals: signalWords(),
    owner,
    seed: seed + owner,
    steps,
    ...traffic,
  };
}

function relay(heap: SharedHeap, owner: number, boxes: Partial<RelayOrders>): Promise<Tally> {
  const traffic = { seed: owner, count: 2000, leastBytes: 1, mostBytes: 9000 };
  const orders: RelayOrders = { heap: heap.handle, owner, ...traffic, ...boxes };
  return start<Tally>('relay', orders);
}

/** Events of each kind, and blocks that are live at the end. */
function countsOf({ words, events, blocks }: Trace) {
  const kinds = [0, 0, 0, 0];
  for (let i = 0; i < events; i++) kinds[words[i * EVENT.WORDS + EVENT.WHAT]! & 255]!++;
  return { allocs: kinds[ALLOC]!, frees: kinds[FREE]!, reallocs: kinds[REALLOC]!, blocks };
}

const sum = (tallies: readonly Tally[], of: (tally: Tally) => number): number =>
  tallies.reduce((total, tally) => total + of(tally), 0);

async function replay(folder: string, file: string): Promise<void> {
  const args = ['--trace', file, '--workers', '2', '--no-kill'];
  const { status, stdout, stderr } = await startIn(folder, args);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Sound: every block kept its stamp/);
}

describe('a recording of several workers', () => {
  test.each<[string, HeapOptions]>([
    ['two tiers', {}],
    ['the simple heap', { mode: 'simple-heap' }],
    ['a checked heap', { checked: true }],
    ['a heap that tracks owners', { trackOwners: true }],
  ])('has what each of them did, and can be replayed: %s', async (_, options) => {
    const { folder, file } = place();
    const heap = lib.SharedHeap.create({ size: '32MiB', ...options });
    const box = Mailbox.publish(heap, 'mail', 32);
    const seed = seedOf('recording');
    const recorder = await heap.record(file);
    const orders = [0, 1].map((owner) => ordersFor(heap, owner, seed, 5000));
    const tallies = await Promise.all([
      ...orders.map((it) => start<Tally>('churn', it)),
      relay(heap, 2, { outbox: 'mail' }),
      relay(heap, 3, { inbox: 'mail', count: 0 }),
    ]);
    const kept = heap.alloc(777);
    const figures = await recorder.stop();
    expectClean(tallies);
    expect(sum(tallies, ({ refused }) => refused)).toBe(0);
    expect(figures).toMatchObject({ dropped: 0, foreign: 0, assumed: 0, threads: 5 });
    const trace = readTrace(file);
    expect(trace).toMatchObject({ events: figures.events, threads: 5 });
    const { allocs, frees, reallocs, blocks } = countsOf(trace);
    const resizes = sum(tallies, (tally) => tally.resizes); // one that moves is an alloc and a free
    expect(allocs + reallocs).toBe(sum(tallies, (tally) => tally.allocs) + resizes + 1);
    expect(frees + reallocs).toBe(sum(tallies, (tally) => tally.frees) + resizes);
    expect([reallocs > 100, blocks]).toEqual([true, figures.blocks]);
    expect(blocks).toBe(allocs);
    expect(existsSync(`${file}.spool`)).toBe(false);
    heap.freeMany([kept, box]);
    expectEmpty(heap);
    await replay(folder, file);
  });

  test('does without what was there before, and counts it', async () => {
    const { file } = place();
    using heap = lib.SharedHeap.create({ size: '4MiB' });
    const before = [heap.alloc(64), heap.alloc(64)] as const;
    const recorder = await heap.record(file);
    heap.free(before[0]);
    heap.free(before[0]);
    const kept = heap.alloc(64);
    heap.free(before[1]);
    heap.transaction((tx) => tx.free(kept) && tx.alloc(100));
    heap.transaction((tx) => tx.alloc(100) && tx.alloc(2 ** 40));
    expect(heap.alloc(2 ** 40)).toBe(0);
    let more = 0;
    while (heap.alloc(2 ** 19) !== 0) more++;
    const figures = await recorder.stop();
    heap.free(heap.alloc(64));
    expect(figures).toMatchObject({ foreign: 2, dropped: 0, assumed: 0, blocks: 3 + more });
    expect(countsOf(readTrace(file))).toMatchObject({ allocs: 3 + more, frees: 2 });
  });
});

describe('deaths', () => {
  test('of a recorded worker leave a trace that is in order', async () => {
    const { folder, file } = place();
    const heap = lib.SharedHeap.create({ size: '32MiB' });
    const seed = seedOf('recording');
    const recorder = await heap.record(file);
    const orders = [0, 1, 2].map((owner) => ordersFor(heap, owner, seed, Infinity));
    const [one, two, three] = orders.map((it) => launch<Tally>('churn', it));
    await sleep(100);
    await one!.kill();
    await two!.kill();
    signal(orders[2]!.signals, SIGNAL.STOP);
    expectClean([await three!.first]);
    expect(heap.recover().length).toBeLessThanOrEqual(2);
    heap.free(heap.alloc(64));
    const figures = await recorder.stop();
    expect(figures.dropped).toBe(0);
    expect(figures.assumed).toBeLessThanOrEqual(2);
    expect(readTrace(file)).toMatchObject({ events: figures.events, blocks: figures.blocks });
    expect(heap.validate()).toEqual([]);
    await replay(folder, file);
  });

  test('of the thread that records ends the recording, and leaves a whole trace', async () => {
    const { file } = place();
    const heap = lib.SharedHeap.create({ size: '8MiB' });
    const keeper = launch<'on'>('keeper', { heap: heap.handle, file } satisfies KeeperOrders);
    await keeper.first;
    for (let i = 0; i < 20_000; i++) heap.free(heap.alloc(64));
    await expect(heap.record(`${file}.2`)).rejects.toThrow(/being recorded/);
    await keeper.kill();
    for (let i = 0; i < 1000; i++) heap.free(heap.alloc(64)); // nobody reads what they do
    heap.recover();
    expect(readTrace(file).events).toBeGreaterThan(4000);
    const recorder = await heap.record(`${file}.2`);
    heap.free(heap.alloc(64));
    expect(await recorder.stop()).toMatchObject({ events: 2, dropped: 0 });
    expectEmpty(heap);
  });
});

describe('a file', () => {
  test('that cannot be written is refused, and nothing is recorded', async () => {
    const { folder, file } = place();
    using heap = lib.SharedHeap.create({ size: '4MiB' });
    const nowhere = join(folder, 'nowhere', 'it.atrc.gz');
    await expect(heap.record(nowhere)).rejects.toThrow(/cannot be written: .*ENOENT/);
    const recorder = await heap.record(file);
    await recorder[Symbol.asyncDispose]();
    expect(readTrace(file)).toMatchObject({ events: 0, threads: 0 });
  });

  test.skipIf(!existsSync('/dev/full'))(
    'for which there is no more room ends the recording, and nothing else',
    async () => {
      const { file } = place();
      using heap = lib.SharedHeap.create({ size: '4MiB' });
      symlinkSync('/dev/full', `${file}.spool`);
      const recorder = await heap.record(file);
      for (let i = 0; i < 1000; i++) expect(heap.free(heap.alloc(64))).toBe(true);
      await expect(recorder.stop()).rejects.toThrow(/ENOSPC/);
      expect(readTrace(file).events).toBe(0);
      await (await heap.record(`${file}.2`)).stop();
      expectEmpty(heap);
    },
  );

  test('is whole when the thread that records detaches, and says so when it is asked', async () => {
    const { file } = place();
    const heap = lib.SharedHeap.create({ size: '4MiB' });
    const recorder = await heap.record(file);
    heap.alloc(64);
    heap.detach();
    expect(await recorder.stop()).toMatchObject({ events: 1, blocks: 1 });
    expect(readTrace(file).events).toBe(1);
  });
});
