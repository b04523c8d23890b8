// A plain worker that was started with a heap, `new Worker(url, withHeap(heap))`: it answers each
// message with what came of the job in it.
import { parentPort } from 'node:worker_threads';
import { useHeap } from '../src/host/worker.ts';
import { squareIn, type Job } from '../test/support/threads/squares.ts';

const heap = useHeap();

parentPort!.on('message', (job: Job) => parentPort!.postMessage(squareIn(heap, job)));
