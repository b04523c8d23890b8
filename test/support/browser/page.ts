// A page with a heap, written and bundled as a user's would be. Its scenes are called from outside,
// one after the other; each says what it saw as plain data.

import { HeapError, SharedHeap, type HeapHandle, type Recovered } from 'atomalloc';
import { holdLease, watchLeases } from 'atomalloc/browser';
import type { Tally } from '../threads/stamped.ts';
import type { Orders } from './worker.ts';

interface PageWorker {
  addEventListener(event: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(event: 'error', listener: (event: { message: string }) => void): void;
  postMessage(message: Orders): void;
  terminate(): void;
}
declare const Worker: new (url: URL, options: { readonly type: 'module' }) => PageWorker;

type Ordered = Omit<Orders, 'heap' | 'number'>;

const LARGE = 100_000;

/** A heap whose dead are missed, and workers for it. */
class Stage {
  readonly heap: SharedHeap;
  private readonly workers: PageWorker[] = [];
  private readonly end: () => void;

  private constructor(heap: SharedHeap, end: () => void) {
    this.heap = heap;
    this.end = end;
  }

  static async open(): Promise<Stage> {
    await holdLease();
    const heap = SharedHeap.create({ size: '32MiB' });
    return new Stage(heap, await watchLeases(heap));
  }

  /** Starts a worker; what it says, one message at each call. */
  start(orders: Ordered): { worker: PageWorker; next: <T>() => Promise<T> } {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const said: unknown[] = [];
    let arrived = () => {};
    const say = (what: unknown) => {
      said.push(what);
      arrived();
    };
    worker.addEventListener('message', ({ data }) => say(data));
    worker.addEventListener('error', ({ message }) => say(new Error(message)));
    worker.postMessage({ ...orders, heap: this.heap.handle, number: this.workers.push(worker) });
    const next = async <T>() => {
      while (said.length === 0) await new Promise<void>((done) => (arrived = done));
      const first = said.shift();
      if (first instanceof Error) throw first;
      return first as T;
    };
    return { worker, next };
  }

  /** Ends the workers, sees them recovered, and looks over what is left: nothing. */
  async close(): Promise<{ live: number; used: number; findings: unknown[] }> {
    const { heap } = this;
    for (const worker of this.workers) worker.terminate();
    await isAlone(heap);
    heap.reclaim();
    const findings = heap.validate();
    const { liveBlocks: live, pages, freePages } = heap.stats();
    this.end();
    heap.detach();
    return { live, used: pages - freePages, findings };
  }
}

/** Until nobody but the page sits in the heap. */
async function isAlone(heap: SharedHeap): Promise<void> {
  while (heap.stats().slots.length > 1) await rest(1);
}

function rest(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

async function churn(workers: number, steps: number) {
  const stage = await Stage.open();
  const started = Array.from({ length: workers }, () => stage.start({ role: 'churn', steps }));
  const tallies = await Promise.all(started.map(({ next }) => next<Tally>()));
  return { tallies, left: await stage.close() };
}

/** The page works where others work, and no call throws or takes for ever. */
async function contend(workers: number, steps: number) {
  const stage = await Stage.open();
  const { heap } = stage;
  const started = Array.from({ length: workers }, () => stage.start({ role: 'churn', steps }));
  let busy = true;
  const done = Promise.all(started.map(({ next }) => next<Tally>())).finally(() => (busy = false));
  let calls = 0;
  let longestMs = 0;
  let wrong = 0;
  while (busy) {
    for (let size = 16; size < 200_000; size = Math.ceil(size * 1.7), calls++) {
      const from = performance.now();
      if (!heap.free(heap.alloc(size))) wrong++;
      const kept = heap.transaction((tx) => [tx.alloc(size), tx.alloc(64)]);
      if (!kept.ok || heap.freeMany(kept.value) !== 2) wrong++;
      longestMs = Math.max(longestMs, performance.now() - from);
    }
    await rest(0);
  }
  return { tallies: await done, calls, longestMs, wrong, left: await stage.close() };
}

/** A transaction of the page's in which a worker takes part, committed and rolled back. */
async function transact(commits: boolean) {
  const stage = await Stage.open();
  const { heap } = stage;
  const tx = heap.beginTransaction();
  const own = tx.alloc(5000);
  const { ptr, voted } = await stage
    .start({ role: 'join', tx: tx.handle })
    .next<{ ptr: number; voted: boolean }>();
  const ended = commits ? (await tx.commitAsync()).ok : tx.rollback();
  const live = [own, ptr].map((it) => heap.usableSize(it) > 0);
  const bytes = [...new Set(heap.u8.subarray(ptr, ptr + 1000))];
  const freed = heap.freeMany([own, ptr]);
  return { voted, ended, live, bytes, freed, left: await stage.close() };
}

/** A worker ends, at rest or in the midst, and leaves a lock or a transaction. */
async function die(role: Ordered['role']) {
  const stage = await Stage.open();
  const { heap } = stage;
  const at = heap.alloc(16);
  heap.i32[at >> 2] = 0;
  const { worker, next } = stage.start({ role, at });
  await next();
  const told = new Promise<Recovered>((done) => heap.on('recovered', done));
  const from = performance.now();
  worker.terminate();
  await isAlone(heap);
  const tookMs = performance.now() - from;
  const written = Atomics.load(heap.i32, at >> 2);
  const { locks, rolledBack } = await told;
  const later = Atomics.load(heap.i32, at >> 2) - written;
  const works = heap.free(heap.alloc(LARGE));
  heap.free(at);
  return { locks, rolledBack, written, later, works, tookMs, left: await stage.close() };
}

/** The page needs the lock of a worker that it has ended, before its event loop turns again. */
async function spin() {
  const stage = await Stage.open();
  const { heap } = stage;
  const { worker, next } = stage.start({ role: 'keepLock' });
  await next();
  const other = stage.start({ role: 'wantLock' });
  await other.next();
  worker.terminate();
  const from = performance.now();
  const works = heap.free(heap.alloc(LARGE));
  const tookMs = performance.now() - from;
  return { works, others: await other.next(), tookMs, left: await stage.close() };
}

/** The page waits for memory while its event loop turns. */
async function wait() {
  const stage = await Stage.open();
  const { heap } = stage;
  const at = heap.alloc(16);
  heap.i32[at >> 2] = 0;
  const { next } = stage.start({ role: 'hoard', at });
  const taken = await next<number>();
  const now = heap.tryAlloc(LARGE);
  let turns = 0;
  const timer = setInterval(() => turns++ === 3 && Atomics.store(heap.i32, at >> 2, 1), 10);
  const later = await heap.allocAsync(LARGE);
  clearInterval(timer);
  const given = await next<number>();
  const freed = heap.freeMany([at, later.ok ? later.value : 0]);
  const left = await stage.close();
  return { now: now.ok || now.error.code, ok: later.ok, turns, taken, given, freed, left };
}

/** A thread that leaves and comes back is not taken for dead, nor the page. */
async function comeBack() {
  const stage = await Stage.open();
  const { heap } = stage;
  const ptr = await stage.start({ role: 'comeBack' }).next<number>();
  await rest(200);
  const { slots } = heap.stats();
  const recoveries = heap.stats().recoveries.count;
  heap.free(ptr);
  return { seated: slots.length, recoveries, left: await stage.close() };
}

/** What is thrown here by making a heap, attaching to one, a lease that comes late, a sentry. */
async function refuse() {
  return {
    create: await errorOf(() => SharedHeap.create()),
    attach: await errorOf(() => SharedHeap.attach({ kind: 'atomalloc' } as HeapHandle)),
    lease: await errorOf(holdLease),
    watch: await errorOf(async () => (await watchLeases(SharedHeap.create()))()),
  };
}

async function errorOf(attempt: () => unknown) {
  try {
    await attempt();
    return null;
  } catch (error) {
    return error instanceof HeapError ? `${error.code}: ${error.message}` : String(error);
  }
}

const scenes = { churn, contend, transact, die, spin, wait, comeBack, refuse };
export type Scenes = typeof scenes;
Object.assign(globalThis, { scenes });
