// One worker that only starts others, and passes on what they say: two of a crowd. It does not
// attach to the heap itself. When it is terminated, so are they.
import { Worker, parentPort, workerData } from 'node:worker_threads';
import type { MortalOrders } from './mortal.ts';

const program = new URL(
  import.meta.url.endsWith('.ts') ? './mortal.ts' : './mortal.js',
  import.meta.url,
);
for (const orders of workerData as readonly MortalOrders[]) {
  const worker = new Worker(program, { workerData: orders, execArgv: [] });
  worker.on('message', (text: string) => parentPort?.postMessage(text));
  worker.on('error', (error) =>
    parentPort?.postMessage(`a nested worker failed: ${String(error)}`),
  );
}
