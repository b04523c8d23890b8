// A worker of somebody's pool, with two tasks: one that never ends, for its pool to give up, and
// one that does a little with the heap and says on which slot.
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { beBlind } from '../src/slot/thread.ts';
import { blockUntil, signal, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

export interface HostageTask {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  readonly blind: boolean;
}

function enter({ heap: handle, blind }: HostageTask): SharedHeap {
  if (blind) beBlind();
  const heap = SharedHeap.attach(handle);
  const ptrs = Array.from({ length: 40 }, () => heap.alloc(64));
  heap.freeMany(ptrs);
  return heap;
}

export function hold(task: HostageTask): void {
  enter(task);
  signal(task.signals, SIGNAL.STARTED);
  blockUntil(task.signals, SIGNAL.STOP, 1, Infinity);
}

export function visit(task: HostageTask): number {
  return enter(task).slot;
}
