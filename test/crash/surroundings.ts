// What is around a trial besides the thread that is to be stopped: other threads at work, a lock
// that somebody else holds, seats that are all taken, or blocks that were freed twice.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { SharedHeap } from '../../src/index.ts';
import type { Lock } from '../../src/word/lock.ts';
import type { ChurnOrders } from '../../workers/churn.ts';
import { ROOT } from '../model/loader.ts';
import type { Dice } from '../support/dice.ts';
import { signal, SIGNAL, signalWords } from '../support/threads/signals.ts';
import type { Tally } from '../support/threads/stamped.ts';
import { layersOf } from './account.ts';
import type { Client } from './client.ts';
import { HOLD, type HoldWords } from './hold.ts';
import { plantStrays } from './strays.ts';
import type { Spec } from './trial.ts';

export interface Surroundings {
  /** Does what is to be done while a worker runs, and ends when that has come to its stop. */
  watch(hold: HoldWords): Promise<void>;
  /** All is as it was; what was wrong. */
  end(): Promise<readonly string[]>;
}

const NOTHING: Surroundings = { watch: async () => undefined, end: async () => [] };
const LOOK_MS = 2;
/** How long a lock stays taken: longer than those who wait for it sleep. */
const HELD_MS = 12;
const CROWDED_MS = 70;

export async function surround(spec: Spec, client: Client, random: Dice): Promise<Surroundings> {
  const { heap } = client;
  if (spec.setting === 'recorded') return recorded(heap);
  if (spec.setting === 'company') return company(heap, random);
  if (spec.setting === 'locked') return locked(heap, random);
  if (spec.setting === 'crowded') return crowded(heap);
  if (spec.setting === 'strays') plantStrays(client);
  if (spec.setting === 'full') return full(client, random);
  return NOTHING;
}

/** A worker that allocates and frees all the time, and must be able to go on. */
function company(heap: SharedHeap, random: Dice): Surroundings {
  const signals = signalWords();
  const workerData: ChurnOrders = {
    heap: heap.handle,
    signals,
    owner: 9,
    seed: random.below(2 ** 31),
    steps: 2 ** 31,
    live: 20,
    leastBytes: 1,
    mostBytes: 40_000,
    resizes: 0.1,
  };
  const worker = new Worker(new URL(`dist/workers/churn.js`, pathToFileURL(ROOT)), { workerData });
  const notes = new Promise<readonly string[]>((resolve) => {
    worker.on('message', (tally: Tally) => resolve(tally.notes));
    worker.on('error', (error) => resolve([`the company failed: ${String(error)}`]));
  });
  const gone = new Promise((resolve) => worker.on('exit', resolve));
  const end = async () => {
    signal(signals, SIGNAL.STOP);
    const found = await notes;
    await gone;
    return found.map((note) => `company: ${note}`);
  };
  return { ...NOTHING, end };
}

/** All requests go to a file. Who writes it is a worker, which is there only when it is built. */
async function recorded(heap: SharedHeap): Promise<Surroundings> {
  const built = new URL('dist/src/index.js', pathToFileURL(ROOT)).href;
  const heaps = (await import(/* @vite-ignore */ built)) as { SharedHeap: typeof SharedHeap };
  const there = heaps.SharedHeap.attach(heap.handle);
  const directory = mkdtempSync(join(tmpdir(), 'atomalloc-tape-'));
  const recorder = await there.record(join(directory, 'trace'));
  const end = async () => {
    await recorder.stop();
    rmSync(directory, { recursive: true });
    if (there !== heap) there.detach();
    return [];
  };
  return { ...NOTHING, end };
}

/** One lock after another is taken here until somebody has slept for it. */
function locked(heap: SharedHeap, random: Dice): Surroundings {
  const { zones, pool, simple, depots, slotLock, seat } = layersOf(heap);
  const all: Lock[] = [pool.lock, simple.lock, slotLock, ...zones.list.map((zone) => zone.lock)];
  for (const depot of depots) if (depot !== undefined) all.push(depot.lock);
  const words = layersOf(heap).memory;
  let lock: Lock | null = null;
  const take = () => {
    const wanted = all[random.below(all.length)] as Lock;
    // It may be that of a thread that has come to its stop: nobody may wait for it here.
    if (words.cas(wanted.word, 0, seat.token) === 0) lock = wanted;
  };
  const drop = () => {
    lock?.unlock();
    lock = null;
  };
  const isAwaited = () => lock !== null && (words.load(lock.word) & 1) !== 0;
  const watch = async (hold: HoldWords) => {
    for (let since = 0; Atomics.load(hold, HOLD.STATE) === 0; since += LOOK_MS) {
      if (lock === null) take();
      await sleep(isAwaited() ? HELD_MS : LOOK_MS);
      if (isAwaited() || since % 8 === 0) drop();
    }
    drop();
  };
  return { watch, end: async () => [] };
}

/** Every seat is somebody's, the spare ones too, until one who wants in has waited. */
function crowded(heap: SharedHeap): Surroundings {
  const { table } = layersOf(heap);
  const slots = [table.take(), ...Array.from({ length: 4 }, () => table.takeSpare())];
  const drop = () => {
    for (const seat of slots.splice(0)) if (seat !== null) table.release(seat.slot);
  };
  const watch = async () => {
    await sleep(CROWDED_MS);
    drop();
  };
  const end = async () => {
    drop();
    return [];
  };
  return { watch, end };
}

/** All memory is this thread’s, but for a little here and there; so are most of the arrays. */
function full(client: Client, random: Dice): Surroundings {
  const records: number[] = [];
  for (let size = 2 ** 20; size >= 4096; size /= 2) {
    for (;;) {
      const record = client.alloc(size);
      if (record < 0) break;
      records.push(record);
    }
  }
  for (const record of records.slice(-4)) client.free(record);
  const { pool, magazines, memory } = layersOf(client.heap);
  const note = magazines.movingAt; // nothing is moving
  const arrays: number[] = [];
  for (;;) {
    const array = pool.take(magazines.holder, note);
    if (array === 0) break;
    arrays.push(array);
    memory.set(note, 0);
  }
  const giveAll = (end: number) => void arrays.splice(0, end).forEach((it) => pool.give(it));
  giveAll(random.below(8));
  return { ...NOTHING, end: async () => (giveAll(arrays.length), []) };
}
