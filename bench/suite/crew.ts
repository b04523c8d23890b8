// A side in JavaScript: a crew of worker threads that serve one peer in one contest, and no other.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { HeapStats } from '../../src/index.ts';
import type { Founded } from '../versus/peer.ts';
import { loadPeer, type PeerName } from '../versus/peers.ts';
import type { Stretch } from '../workloads/gate.ts';
import { SHARED_WORDS } from '../workloads/start.ts';
import type { Job, Part } from '../workloads/work.ts';
import type { Side } from './side.ts';

export interface BencherOrders {
  readonly peer: PeerName;
  readonly data: unknown;
  readonly part: Part;
  readonly arrived: Int32Array;
}

// The program stands beside this file's folder both before and after compilation, which only
// changes its ending.
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/bencher${ENDING}`, import.meta.url);
const END = 0; // instead of a number of turns

export class Crew implements Side {
  readonly name: string;
  readonly native = false;
  readonly ops: number;
  /** The words that its threads share. */
  readonly shared: Int32Array;
  private readonly founded: Founded;
  private readonly workers: readonly Worker[];

  private constructor(
    name: string,
    ops: number,
    founded: Founded,
    shared: Int32Array,
    workers: readonly Worker[],
  ) {
    this.name = name;
    this.ops = ops;
    this.shared = shared;
    this.founded = founded;
    this.workers = workers;
  }

  /** Founds a peer's memory and starts the threads; they are ready when this resolves. */
  static async hire(name: string, peer: PeerName, job: Job): Promise<Crew> {
    const founded = (await loadPeer(peer)).found(job);
    const [shared, arrived] = [sharedWords(SHARED_WORDS), sharedWords(1)];
    const workers = Array.from({ length: job.threads }, (_, thread) => {
      const { data, moved = [] } = founded.seat(thread);
      const part = { ...job, thread, shared };
      const orders = { peer, data, part, arrived } satisfies BencherOrders;
      return new Worker(PROGRAM, { workerData: orders, transferList: [...moved] });
    });
    const ops = await answers<number>(workers);
    return new Crew(name, ops[0]!, founded, shared, workers);
  }

  /** What thread 0 was sent of the peer's memory. */
  get data(): unknown {
    return this.founded.seat(0).data;
  }

  /** How many threads it has. */
  get size(): number {
    return this.workers.length;
  }

  stats(): HeapStats | undefined {
    return this.founded.stats?.();
  }

  async round(turns: number): Promise<number> {
    const replies = answers<Stretch>(this.workers);
    for (const worker of this.workers) worker.postMessage(turns);
    const stretches = await replies;
    const end = Math.max(...stretches.map(({ endNs }) => endNs));
    return end - Math.min(...stretches.map(({ startNs }) => startNs));
  }

  async close(): Promise<readonly string[]> {
    const ends = Promise.all(this.workers.map((worker) => once(worker, 'exit')));
    for (const worker of this.workers) worker.postMessage(END);
    await ends;
    return this.founded.examine();
  }
}

// One message of each worker. A worker that fails ends them all: the others may wait for it.
async function answers<T>(workers: readonly Worker[]): Promise<T[]> {
  try {
    return await Promise.all(
      workers.map(async (worker) => (await once(worker, 'message'))[0] as T),
    );
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()));
    throw error;
  }
}

function sharedWords(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * 4));
}
