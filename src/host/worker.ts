// `atomalloc/worker`: how a worker comes to a heap, whoever starts it. The handle travels in the
// worker's `workerData`, under the name `atomalloc`, beside whatever else is there: that is the one
// thing which plain workers, comlink's and all pools' hand on to each thread, also to those that
// they start later in the place of others.
//
//   new Worker(url, withHeap(heap))                                plain, and comlink
//   workerpool.pool(file, { workerThreadOpts: withHeap(heap) })    workerpool
//   heapPool(heap, Piscina, { filename })                          piscina, tinypool: piscina.ts
//   const heap = useHeap();                                        in the worker, in all of them
//
// Nothing of a pool's package is imported here or anywhere else in src.

import { workerData as ownData, type Worker } from 'node:worker_threads';
import { HeapError } from '../word/errors.ts';
import { bringIn } from '../heap/attached.ts';
import { SharedHeap } from '../heap/heap.ts';
import type { HeapHandle } from '../heap/open.ts';
import { bringInScribes } from '../heap/recording.ts';
import { guard } from './guard.ts';
import { hireScribe } from './recorder.ts';

/** What `withHeap` adds to the data of a worker. */
export interface HeapData {
  readonly atomalloc: HeapHandle;
}

/**
 * Options for a worker, or for a pool that hands its `workerData` on, with the heap in them. What
 * is in `workerData` already must be a plain object, and stays; throws BAD_OPTION for another.
 */
export function withHeap<O extends object>(
  heap: SharedHeap,
  options?: O,
): O & { workerData: HeapData } {
  const { workerData = {} } = (options ?? {}) as { readonly workerData?: unknown };
  if (!isPlain(workerData)) {
    throw new HeapError('BAD_OPTION', 'workerData is a plain object, to which the heap is added');
  }
  const given = { ...workerData, atomalloc: heap.handle };
  return { ...(options as O), workerData: given };
}

/**
 * In a worker that was started with a heap: that heap, attached. Call it once, at the top of the
 * module: `const heap = useHeap()`; it takes some 100 µs, also when it is called again. Throws
 * BAD_HANDLE where no heap was given, and NO_SLOT when the heap has no seat left for this thread.
 */
export function useHeap(): SharedHeap {
  bringIn(guard); // as src/index.ts, which this thread may never load
  bringInScribes(hireScribe);
  const handle = handleIn(ownData);
  if (handle !== undefined) return SharedHeap.attach(handle);
  const advice = 'start it with withHeap(heap, options), or its pool with heapPool';
  throw new HeapError('BAD_HANDLE', `no heap was given to this thread: ${advice}`);
}

/**
 * Watches every worker that this thread starts from now on, whoever asks for it: when one ends,
 * what it has left in the heap is recovered at once, and not at somebody's next look for the dead.
 * Those that never knew the heap cost a glance at their end. Returns what ends that.
 */
export function watchWorkers(heap: SharedHeap): () => void {
  const watch = (worker: Worker) => void heap.watch(worker);
  process.on('worker', watch);
  return () => void process.off('worker', watch);
}

/** Tinypool's workers find theirs in a list, behind what is the pool's own. */
function handleIn(data: unknown): HeapHandle | undefined {
  const places: unknown[] = Array.isArray(data) ? data : [data];
  const found = places.find((it) => it !== null && typeof it === 'object' && 'atomalloc' in it);
  return (found as HeapData | undefined)?.atomalloc;
}

function isPlain(data: unknown): data is object {
  if (data === null || typeof data !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(data);
  return prototype === Object.prototype || prototype === null;
}
