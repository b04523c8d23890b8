// What it saves to have one index in the heap for eight workers, and not one in each: by how many
// bytes the process becomes more resident when workers that already run are given the index and
// have read all of it. Measured in turn, each in workers of its own.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SharedHeap } from '../../src/index.ts';
import type { IndexPlace, SurveyorOrders } from '../../workers/surveyor.ts';
import { figuresOf, NO_GOAL } from '../suite/figures.ts';
import { orderOf } from '../suite/measure.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Setting, Study } from '../suite/study.ts';
import { answersOf, EVERYWHERE, indexOf, share, windowsOf, type Window } from './survey.ts';

const GROUP = 'one index for 8 workers (flatbush)';
const WORKERS = 8;
const WINDOW = 100;
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/surveyor${ENDING}`, import.meta.url);

export const SHARING_STUDY: Study = {
  group: GROUP,
  name: 'resident memory of a spatial index',
  async play({ quick }: Setting): Promise<RowResult[]> {
    const boxes = windowsOf(1, quick ? 300_000 : 1_000_000, WINDOW);
    const index = indexOf(boxes);
    const data = index.data as ArrayBuffer;
    const windows = [EVERYWHERE, ...windowsOf(2, 100, WINDOW)];
    const right = JSON.stringify(answersOf(index, windows));
    const grown = { block: [] as number[], copies: [] as number[] };
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      for (const side of orderOf(round, 2)) {
        const heap = SharedHeap.create({ size: data.byteLength + 2 ** 25 });
        const place = (): IndexPlace => (side === 0 ? { ptr: share(heap, index) } : { copy: data });
        grown[side === 0 ? 'block' : 'copies'].push(await survey(heap, windows, place, right));
        heap.detach();
      }
    }
    return [rowOf(data.byteLength, grown)];
  },
};

/** Bytes that the process has grown by, from idle workers to workers that have read the index. */
async function survey(
  heap: SharedHeap,
  windows: readonly Window[],
  place: () => IndexPlace,
  right: string,
): Promise<number> {
  const workerData: SurveyorOrders = { heap: heap.handle, windows };
  const workers = Array.from({ length: WORKERS }, () => new Worker(PROGRAM, { workerData }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const before = process.memoryUsage.rss();
  const sent = place();
  for (const worker of workers) {
    worker.postMessage(sent); // one after the other, as all their answers at once are memory too
    const [answers] = (await once(worker, 'message')) as [unknown];
    if (JSON.stringify(answers) !== right) throw new Error('a worker has found other boxes');
  }
  const grown = process.memoryUsage.rss() - before;
  const ends = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage(null);
  await Promise.all(ends);
  return Math.max(0, grown);
}

function rowOf(bytes: number, grown: { block: number[]; copies: number[] }): RowResult {
  const ours = figuresOf('atomalloc', grown.block);
  const copies = figuresOf('a copy for each', grown.copies);
  const sides = [ours, copies, figuresOf('the index itself', [bytes])];
  return rowResult(GROUP, 'grown by', 'bytes', sides, NO_GOAL);
}
