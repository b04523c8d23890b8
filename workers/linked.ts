// A worker that offers its functions through comlink, in a heap that was handed to it as to a plain
// worker: `wrap(nodeEndpoint(new Worker(url, withHeap(heap))))`.
import { parentPort } from 'node:worker_threads';
import * as comlink from 'comlink';
import { useHeap } from '../src/host/worker.ts';
import { nodeEndpoint } from '../test/support/threads/comlink.ts';
import { squareIn, type Job } from '../test/support/threads/squares.ts';

const heap = useHeap();
const offered = { square: (job: Job) => squareIn(heap, job) };
export type Linked = typeof offered;

comlink.expose(offered, nodeEndpoint(parentPort!));
