// A heap handed to plain workers, comlink's and workerpool's, in the few lines that this takes; and
// what is left when a job throws, is aborted, or its worker is killed: nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import * as comlink from 'comlink';
import { describe, expect, onTestFinished, test } from 'vitest';
import workerpool from 'workerpool';
import { watchWorkers, withHeap } from '../../src/host/worker.ts';
import { SharedHeap, type Result } from '../../src/index.ts';
import type { Linked } from '../../workers/linked.ts';
import { nodeEndpoint } from '../support/threads/comlink.ts';
import { SIGNAL, signalWords } from '../support/threads/signals.ts';
import type { Job } from '../support/threads/squares.ts';
import { programOf } from '../support/threads/start.ts';

interface Crew {
  square(job: Job): Promise<Result<number>>;
  /** Ends what is being done, and whoever does it. */
  abort(): void;
}

function plain(heap: SharedHeap): Crew {
  const worker = new Worker(programOf('loner'), withHeap(heap));
  heap.watch(worker);
  onTestFinished(async () => void (await worker.terminate()));
  return {
    square: (job) =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve).once('error', reject).postMessage(job);
      }),
    abort: () => void worker.terminate(),
  };
}

function linked(heap: SharedHeap): Crew {
  const worker = new Worker(programOf('linked'), withHeap(heap));
  heap.watch(worker);
  onTestFinished(async () => void (await worker.terminate()));
  const offered = comlink.wrap<Linked>(nodeEndpoint(worker));
  return { square: (job) => offered.square(job), abort: () => void worker.terminate() };
}

function pooled(heap: SharedHeap): Crew {
  const end = watchWorkers(heap);
  const file = fileURLToPath(programOf('pooled'));
  const workerThreadOpts = withHeap(heap);
  const timeouts = { workerTerminateTimeout: 10 };
  const pool = workerpool.pool(file, { workerType: 'thread', workerThreadOpts, ...timeouts });
  onTestFinished(async () => {
    end();
    await pool.terminate(true);
  });
  let last: { cancel(): unknown };
  return {
    square(job) {
      const done = pool.exec('square', [job]);
      last = done;
      return done as unknown as Promise<Result<number>>;
    },
    abort: () => void last.cancel(),
  };
}

const NUMBERS = new Float64Array([1, 2, 3, 4.5]);

/** A heap with a job to do in it. */
function set(): [SharedHeap, (how: Job['how']) => Job] {
  const heap = SharedHeap.create({ size: '4MiB' });
  onTestFinished(() => heap.detach());
  const signals = signalWords();
  const job = (how: Job['how']): Job => {
    const ptr = heap.alloc(NUMBERS.byteLength);
    heap.view(ptr, Float64Array, NUMBERS.length).set(NUMBERS);
    return { ptr, length: NUMBERS.length, how, signals };
  };
  return [heap, job];
}

function expectExact(heap: SharedHeap, ...known: number[]): void {
  expect([...heap.inspectAll()].map(({ ptr }) => ptr).sort()).toEqual(known.sort());
  expect([heap.stats().liveBlocks, heap.validate()]).toEqual([known.length, []]);
}

describe.each([
  ['a plain worker', plain],
  ['comlink', linked],
  ['workerpool', pooled],
])('with %s', (_, open) => {
  test('jobs free blocks and make others', async () => {
    const [heap, jobOf] = set();
    const crew = open(heap);
    const made: number[] = [];
    for (let i = 0; i < 3; i++) {
      const done = await crew.square(jobOf('square'));
      if (!done.ok) throw new Error(done.error.message);
      made.push(done.value);
    }
    for (const ptr of made) {
      expect(heap.view(ptr, Float64Array, 4)).toEqual(NUMBERS.map((x) => x * x));
    }
    expectExact(heap, ...made);
  });

  test('a job that throws leaves nothing behind', async () => {
    const [heap, jobOf] = set();
    const job = jobOf('throw');
    await expect(open(heap).square(job)).rejects.toThrow('as ordered');
    expectExact(heap, job.ptr);
  });

  test('an aborted job leaves nothing behind, once its worker’s end is seen', async () => {
    const [heap, jobOf] = set();
    const crew = open(heap);
    const told = new Promise((resolve) => heap.on('recovered', resolve));
    const job = jobOf('stay');
    crew.square(job).catch(() => undefined); // comlink never hears of it, workerpool does
    while (Atomics.load(job.signals, SIGNAL.STARTED) === 0) await sleep(1);
    crew.abort();
    expect(await told).toMatchObject({ rolledBack: 1 });
    expectExact(heap, job.ptr);
  });
});
