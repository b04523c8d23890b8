// A worker of somebody's pool, with one task: to square a block of numbers into a new block. It
// finds the heap by the handle in the task, as often as it is asked, and returns a pointer.
import { threadId } from 'node:worker_threads';
import { SharedHeap, type HeapHandle, type Ptr } from '../src/index.ts';

export interface SquareTask {
  readonly heap: HeapHandle;
  readonly ptr: Ptr;
  readonly length: number;
}

export interface SquareResult {
  readonly ptr: Ptr;
  readonly slot: number;
  readonly thread: number;
}

export function square({ heap: handle, ptr, length }: SquareTask): SquareResult {
  const heap = SharedHeap.attach(handle);
  const result = heap.alloc(length * Float64Array.BYTES_PER_ELEMENT);
  const numbers = heap.view(ptr, Float64Array, length);
  heap.view(result, Float64Array, length).set(numbers.map((x) => x * x));
  return { ptr: result, slot: heap.slot, thread: threadId };
}
