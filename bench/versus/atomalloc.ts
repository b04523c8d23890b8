// Ours: a heap as a user makes it, one that is `checked`, and one that is a simple heap. When all
// have left, every block must be back and the heap sound.
import { SharedHeap, type HeapHandle, type HeapOptions } from '../../src/index.ts';
import { startWork } from '../workloads/start.ts';
import type { Part, Work } from '../workloads/work.ts';
import { memoryFor, type Founded, type Peer } from './peer.ts';

export const plain = peerWith({});
export const checked = peerWith({ checked: true });
export const simple = peerWith({ mode: 'simple-heap' });

function peerWith(options: HeapOptions): Peer {
  return peerOf(options, (heap, part) => startWork({ heap, words: heap.i32 }, part));
}

/** A heap of ours on which each thread begins some work. */
export function peerOf(options: HeapOptions, begin: (heap: SharedHeap, part: Part) => Work): Peer {
  return {
    found: (job) => found(SharedHeap.create({ size: memoryFor(job), ...options })),
    join(data, part) {
      const heap = SharedHeap.attach(data as HeapHandle);
      return { work: begin(heap, part), leave: () => heap.detach() };
    },
  };
}

function found(heap: SharedHeap): Founded {
  return {
    seat: () => ({ data: heap.handle }),
    stats: () => heap.stats(),
    examine() {
      const wrong = heap.validate().map(({ where, message }) => `${where}: ${message}`);
      const { liveBlocks } = heap.stats();
      heap.detach();
      return liveBlocks === 0 ? wrong : [...wrong, `${liveBlocks} blocks are still live`];
    },
  };
}
