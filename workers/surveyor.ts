// One worker that answers questions about a spatial index: one that lies in a block of the heap,
// for all threads, or one of its own that was sent to it. Posts how many boxes it has found per
// window, and a sum over which they were; then waits for the next index, or for null: the end.
import { parentPort, workerData } from 'node:worker_threads';
import Flatbush from 'flatbush';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { answersOf, type Answers, type Window } from '../bench/sharing/survey.ts';

export interface SurveyorOrders {
  readonly heap: HeapHandle;
  readonly windows: readonly Window[];
}

/** A pointer to an index that all read, or the bytes of one that is this thread's. */
export type IndexPlace = { readonly ptr: number } | { readonly copy: ArrayBuffer } | null;

const { heap: handle, windows } = workerData as SurveyorOrders;
const heap = SharedHeap.attach(handle);
const port = parentPort!;
const kept: Flatbush[] = []; // as a program that goes on asking would

port.on('message', (place: IndexPlace) => {
  if (place === null) {
    heap.detach();
    return port.close();
  }
  const index =
    'ptr' in place ? Flatbush.from(heap.u8.buffer, place.ptr) : Flatbush.from(place.copy);
  kept.push(index);
  return port.postMessage(answersOf(index, windows) satisfies Answers);
});
port.postMessage('ready');
