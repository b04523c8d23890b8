// One worker that comes anew, makes a heap or joins one, tells how that went, and leaves: every
// figure is of code that this thread has never run before.
import { parentPort, workerData } from 'node:worker_threads';
import { settle, type SettlerOrders } from '../bench/setup/settling.ts';

parentPort!.postMessage(settle(workerData as SettlerOrders));
