// The same program with messages, as one would write it without a heap: this thread reads files and
// transfers their bytes to workers, these send back the words that they have counted, and this
// thread puts them into its index. For queries that all workers answer, each is sent a clone of it;
// or this thread answers them, and nobody else has the index.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Worker, type TransferListItem } from 'node:worker_threads';
import type { Asked, Told } from '../../workers/correspondent.ts';
import { answersOf, rank, type Ranked } from './answers.ts';
import type { Digest } from './corpus.ts';
import { MapIndex } from './mapindex.ts';
import { measured, type Job, type Outcome } from './outcome.ts';

export interface MessageJob extends Job {
  /** The program workers/correspondent. */
  readonly program: URL;
  readonly whoAnswers: 'all workers' | 'this thread';
}

/** What a worker has under way, so that it need not wait for its next file. */
const AHEAD = 2;

/** A worker that answers in the order in which it was asked. */
class Correspondent {
  readonly worker: Worker;
  private readonly waiting: ((told: Told) => void)[] = [];

  constructor(program: URL) {
    this.worker = new Worker(program, { execArgv: [] });
    this.worker.on('message', (told: Told) => this.waiting.shift()?.(told));
  }

  ask<T extends Told>(asked: Asked, transferred: TransferListItem[] = []): Promise<T> {
    this.worker.postMessage(asked, transferred);
    return new Promise((resolve) => this.waiting.push(resolve as (told: Told) => void));
  }
}

export async function analyseByMessage(job: MessageJob): Promise<Outcome> {
  const { paths, threads, program } = job;
  const crew = Array.from({ length: threads }, () => new Correspondent(program));
  const failing = Promise.all(crew.map(({ worker }) => once(worker, 'exit'))); // or an error
  failing.catch(() => undefined);
  const work = async () => {
    await Promise.all(crew.map((one) => one.ask({})));
    const answer = async (index: MapIndex) => answersOf(index, paths, await ask(crew, index, job));
    return measured(() => build(crew, paths), answer);
  };
  try {
    const done = await Promise.race([work(), failing]);
    if (!('answers' in done)) throw new Error('all workers have ended');
    return { ...done, kills: 0, remains: [] };
  } finally {
    await Promise.all(crew.map(({ worker }) => worker.terminate()));
  }
}

async function build(crew: readonly Correspondent[], paths: readonly string[]) {
  const index = new MapIndex();
  await share(crew, paths.length, async (one, document) => {
    const bytes = await readFile(paths[document]!);
    const { buffer } = bytes;
    const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
    index.add(document, await one.ask<Digest>({ bytes }, isAlone ? [buffer] : []));
  });
  return index;
}

async function ask(crew: readonly Correspondent[], index: MapIndex, job: MessageJob) {
  const { queries, whoAnswers } = job;
  if (whoAnswers === 'this thread') return queries.map((query) => rank(index, query));
  const ranked: Ranked[][] = [];
  await Promise.all(crew.map((one) => one.ask({ index: index.data })));
  await share(crew, queries.length, async (one, i) => {
    ranked[i] = await one.ask<Ranked[]>({ query: queries[i]! });
  });
  return ranked;
}

/** So many pieces of work for all workers, each with a few under way. */
async function share(
  crew: readonly Correspondent[],
  count: number,
  work: (one: Correspondent, number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (one: Correspondent): Promise<void> => {
    for (let number = next++; number < count; number = next++) await work(one, number);
  };
  await Promise.all(crew.flatMap((one) => Array.from({ length: AHEAD }, () => lane(one))));
}
