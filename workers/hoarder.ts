// A worker of somebody's pool, in a heap that is too small: one task leaks all the memory there is
// and never ends, another one waits for some.
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { blockUntil, signal, SIGNAL, type Signals } from '../test/support/threads/signals.ts';

export interface HoarderTask {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  readonly size: number;
  /** How it speaks of its own end. */
  readonly adj: number;
  /** Blocks that are enough; in the task that waits, milliseconds. */
  readonly most: number;
  /** The name of what it is charged to. */
  readonly budget?: string;
}

export interface Fed {
  readonly ptr: number;
  readonly slot: number;
  /** Why not, or ''. */
  readonly code: string;
}

export function hoard({ heap: handle, signals, size, adj, most, budget }: HoarderTask): void {
  const heap = SharedHeap.attach(handle);
  heap.setOomScoreAdj(adj);
  if (budget !== undefined) heap.budget(budget).use();
  for (let i = 0; i < most && heap.alloc(size) !== 0;) i++;
  signal(signals, SIGNAL.STARTED);
  blockUntil(signals, SIGNAL.STOP, 1, Infinity);
}

export function wait({ heap: handle, size, most }: HoarderTask): Fed {
  const heap = SharedHeap.attach(handle);
  const got = heap.tryAlloc(size, { waitMs: most });
  const { slot } = heap;
  return got.ok ? { ptr: got.value, slot, code: '' } : { ptr: 0, slot, code: got.error.code };
}
