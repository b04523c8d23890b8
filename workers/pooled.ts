// A worker of workerpool, whose pool hands it a heap: `pool(file, { workerThreadOpts:
// withHeap(heap) })`.
import workerpool from 'workerpool';
import { useHeap } from '../src/host/worker.ts';
import { squareIn, type Job } from '../test/support/threads/squares.ts';

const heap = useHeap();

workerpool.worker({ square: (job: Job) => squareIn(heap, job) });
