// One worker at a shared index: takes tasks out of a channel, does each in a transaction of its
// own, and says which are done. It may be killed anywhere. A task's claim says who does it, so one
// that came twice is done once; that it is done is a word which the transaction changes: so it is
// done wholly, or not at all and whoever comes next has it still to do.
import { parentPort, workerData } from 'node:worker_threads';
import { KINDS, NAMES, Task } from '../bench/analytics/layout.ts';
import { Steps } from '../bench/analytics/steps.ts';
import { useHeap } from '../src/host/worker.ts';
import { channel, type Channel } from '../src/parts/channel.ts';

export interface IndexerOrders {
  /** 1 or more, and nobody else's, before or after. */
  readonly number: number;
}

const { number } = workerData as IndexerOrders;
const heap = useHeap();
const tasks = Task.on(heap);
const steps = new Steps(heap);
const OUTPUT_BYTES = 4;

function open(name: string): Channel {
  const opened = channel(heap, name);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

function perform(task: number): void {
  const made = heap.transaction((tx) => {
    const output = steps.perform(tx, task);
    tx.protect(task + Task.offsets.output, OUTPUT_BYTES);
    tasks.set.output(task, output);
  });
  if (made.ok) return;
  const kind = Object.keys(KINDS)[tasks.get.kind(task)] ?? 'unknown';
  throw new Error(`a ${kind} could not be done: ${made.error.message}`);
}

const [todo, done] = [open(NAMES.todo), open(NAMES.done)];
parentPort?.postMessage('ready');
for (let got = todo.receive(); got.ok; got = todo.receive()) {
  const task = got.value;
  if (tasks.atomic.claim.cas(task, 0, number) !== 0) continue;
  perform(task);
  done.send(task);
}
heap.detach();
