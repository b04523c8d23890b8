// One worker of the replay pool: takes a seat in the heap, plays its share of a turn, and gives the
// seat back with everything cached in it.
import { performance } from 'node:perf_hooks';
import { SharedHeap } from '../src/index.ts';
import { Player } from '../bench/replay/player.ts';
import type { ShareResult, ShareTask } from '../bench/replay/crew.ts';

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function replay({ heap: handle, stage, share }: ShareTask): ShareResult {
  const heap = SharedHeap.attach(handle);
  try {
    const player = new Player(heap, stage, share);
    player.gather();
    const startedMs = nowMs();
    player.playShare();
    return { startedMs, endedMs: nowMs(), notes: player.notes };
  } finally {
    heap.detach();
  }
}
