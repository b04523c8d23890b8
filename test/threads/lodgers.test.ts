// Threads in JavaScript and in WebAssembly that free each other's blocks: every block is checked
// and freed once, whoever dies. A lodger has at most two blocks in hand (one while it grows).

import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import type { WasmMemory, WasmModule } from '../../bench/versus/wasm.ts';
import type { HeapOptions, SharedHeap } from '../../src/index.ts';
import type { LodgerOrders } from '../../workers/lodger.ts';
import { comesTrue, expectRecovered, library } from '../support/threads/doomed.ts';
import { expectEmpty, programOf, seedOf, start } from '../support/threads/start.ts';
import { clearTable, exchange, TALLY } from '../support/wasm/exchange.ts';
import { DATA_PAGES, memoryOf, PAGE_BYTES } from '../support/wasm/lodging.ts';
import { lodger } from '../support/wasm/modules.ts';

const PAGES = DATA_PAGES + 512;
const ENTRIES = 64;
const ROUNDS = 20_000;
const FIRST = 1000;
const FOR_EVER = 2 ** 32 - 1;
const limits = { initial: PAGES, maximum: PAGES };
const inAssemblyScript = await lodger('AssemblyScript', limits);
const inC = await lodger('C', limits);
if (inC === null) console.warn('SKIPPED: no clang and wasm-ld here: AssemblyScript instead of C');
const { SharedHeap: Heap } = await library();

interface Place {
  readonly seed: number;
  readonly heap: SharedHeap;
  readonly memory: WasmMemory;
}

function place(options: HeapOptions = {}): Place {
  const memory = memoryOf(PAGES);
  const byteOffset = DATA_PAGES * PAGE_BYTES;
  const heap = Heap.create({ buffer: memory.buffer, byteOffset, ...options });
  onTestFinished(() => heap.detach());
  return { heap, memory, seed: (seedOf('lodgers.test.ts') % 2 ** 24) * 64 };
}

function zeroes(heap: SharedHeap, words: number): number {
  const got = heap.tryAlloc(words * 4, { zero: true });
  if (!got.ok) throw new Error(got.error.message);
  return got.value;
}

function ordersFor(
  { heap, memory, seed }: Place,
  owner: number,
  table: number,
  module: WasmModule | null,
  rounds = ROUNDS,
): LodgerOrders {
  const tally = zeroes(heap, TALLY.WORDS);
  const common = { heap: heap.handle, memory, module };
  return { ...common, table, entries: ENTRIES, owner, seed: seed + owner, rounds, tally };
}

function tallyOf(heap: SharedHeap, { tally }: LodgerOrders): Int32Array {
  return heap.i32.slice(tally / 4, tally / 4 + TALLY.WORDS);
}

/** Every block that was allocated was freed, by others too, and none was damaged. */
function expectAccounted(heap: SharedHeap, all: readonly LodgerOrders[]): void {
  const left = clearTable(heap, all[0]!);
  const tallies = all.map((orders) => tallyOf(heap, orders));
  const sum = (word: number) => tallies.reduce((total, tally) => total + tally[word]!, 0);
  expect(sum(TALLY.FREES) + left).toBe(sum(TALLY.ALLOCS));
  expect([sum(TALLY.ALLOCS), sum(TALLY.WRONG)]).toEqual([all.length * ROUNDS, 0]);
  for (const tally of tallies) expect(tally[TALLY.FOREIGN]).toBeGreaterThan(0);
}

function freeAll(heap: SharedHeap, table: number, all: readonly LodgerOrders[]): void {
  heap.freeMany([table, ...all.map(({ tally }) => tally)]);
}

test.each([
  ['AssemblyScript', [inAssemblyScript, inAssemblyScript, null]],
  ['C', [inC ?? inAssemblyScript, inC ?? inAssemblyScript, null]],
  ['both, and two in JavaScript', [inAssemblyScript, inC ?? inAssemblyScript, null, null]],
] as const)(
  'threads free each other’s blocks, modules in %s and JavaScript',
  async (_, modules) => {
    const here = place();
    const { heap } = here;
    const table = zeroes(heap, ENTRIES);
    const all = modules.map((module, i) => ordersFor(here, i + 1, table, module));
    const own = ordersFor(here, 9, table, null);
    exchange(heap, { ...own, rounds: FIRST }); // so whoever comes finds blocks of another
    const others = all.map((orders) => start('lodger', orders));
    await comesTrue(() => all.every((orders) => tallyOf(heap, orders)[TALLY.FREES]! > FIRST));
    exchange(heap, { ...own, rounds: ROUNDS - FIRST });
    await Promise.all(others);
    expectAccounted(heap, [...all, own]);
    freeAll(heap, table, [...all, own]);
    expectEmpty(heap);
  },
);

/** One in a module for ever, ended in the middle of its work. */
async function killOne(heap: SharedHeap, orders: LodgerOrders): Promise<void> {
  const worker = new Worker(programOf('lodger'), { workerData: orders, execArgv: [] });
  onTestFinished(async () => void (await worker.terminate()));
  const done = () => tallyOf(heap, orders)[TALLY.FREES]!;
  await comesTrue(() => done() > 500);
  await worker.terminate();
  heap.recover();
}

test('a module that is ended in the middle loses what it had in hand, and no more', async () => {
  const here = place();
  const { heap } = here;
  const table = zeroes(heap, ENTRIES);
  const modules = [inAssemblyScript, inC ?? inAssemblyScript];
  const dead = modules.map((module, i) => ordersFor(here, i + 1, table, module, FOR_EVER));
  const alive = ordersFor(here, 3, table, inAssemblyScript);
  const other = start('lodger', alive);
  for (const orders of dead) await killOne(heap, orders);
  await other;
  exchange(heap, { ...alive, rounds: 1000 });
  clearTable(heap, alive);
  for (const orders of [...dead, alive]) expect(tallyOf(heap, orders)[TALLY.WRONG]).toBe(0);
  freeAll(heap, table, [...dead, alive]);
  expect(heap.validate()).toEqual([]);
  expect(heap.stats().recoveries.count).toBe(2);
  const stacks = inC === null ? 0 : 1;
  expect(heap.stats().liveBlocks).toBeLessThanOrEqual(2 * 2 + stacks);
});

// What the dead counted last may be missing from its counts (slot/counters.ts), never a block.
test('a module that is ended loses nothing in a heap that tracks owners', async () => {
  const here = place({ trackOwners: true });
  const { heap } = here;
  for (const module of [inAssemblyScript, inC ?? inAssemblyScript]) {
    const table = zeroes(heap, ENTRIES);
    const orders = ordersFor(here, 1, table, module, FOR_EVER);
    await killOne(heap, orders);
    expect(tallyOf(heap, orders)[TALLY.WRONG]).toBe(0);
    freeAll(heap, table, [orders]);
    heap.reclaim();
    expectRecovered(heap, 0);
    expect(heap.stats().freePages).toBe(heap.stats().pages);
  }
});
