// A heap with nothing left in it, of whatever size.

import type { SharedHeap } from '../../src/heap/heap.ts';

/** Takes all there is, so that nothing can be had any more. */
export function fill(heap: SharedHeap): number[] {
  const blocks: number[] = [];
  for (let size = 8192; size >= 16;) {
    const ptr = heap.alloc(size);
    if (ptr === 0) size /= 2;
    else blocks.push(ptr);
  }
  return blocks;
}
