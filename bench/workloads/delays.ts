// The mix once more, with a watch on every alloc: how long it took goes into the thread's histogram
// in the words that the threads share. The watch itself takes some tens of nanoseconds, which the
// loop alone shows.
import { BUCKETS, bucketOf } from '../latency/histogram.ts';
import { mixed } from './mixed.ts';
import type { Ground, Part, Work } from './work.ts';

export function delays({ heap, words }: Ground, part: Part): Work {
  const { shared } = part;
  const counts = part.thread * BUCKETS;
  const watched = {
    alloc(size: number): number {
      const start = performance.now();
      const ptr = heap.alloc(size);
      shared[counts + bucketOf((performance.now() - start) * 1e6)]!++;
      return ptr;
    },
    free: (ptr: number) => heap.free(ptr),
  };
  return mixed({ heap: watched, words }, part);
}
