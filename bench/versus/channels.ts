// Ours by a channel: blocks of a heap go to the other thread by `atomalloc/channel`, one by one or
// 32 in one call. What the ring of the workload shows is the least that a hand-over can cost
// between exactly two threads that look again and again; a channel serves any number, lets them
// sleep, and outlives their deaths.
import { SharedHeap, type HeapHandle } from '../../src/index.ts';
import { channel, type Channel } from '../../src/parts/channel.ts';
import { capacityFor } from '../workloads/ring.ts';
import { damaged, exhausted, type Part, type Work } from '../workloads/work.ts';
import { memoryFor, type Peer } from './peer.ts';

const NAME = 'hand-over';
const OPS = 2048;

export const oneByOne = peerWith(1);
export const inBatches = peerWith(32);

function channelOf(heap: SharedHeap, size: number): Channel {
  const opened = channel(heap, NAME, { capacity: capacityFor(size) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

function sender(heap: SharedHeap, jobs: Channel, size: number, batch: number): Work {
  const words = heap.i32;
  const ptrs = new Array<number>(batch).fill(0);
  let token = 0;
  return {
    ops: OPS,
    turn() {
      for (let i = 0; i < OPS; i += batch) {
        for (let at = 0; at < batch; at++) {
          const ptr = heap.alloc(size);
          if (ptr === 0) throw exhausted(size);
          words[ptr >> 2] = token;
          token = (token + 1) | 0;
          ptrs[at] = ptr;
        }
        const sent = batch === 1 ? jobs.send(ptrs[0]!) : jobs.sendMany(ptrs);
        if (!sent.ok) throw new Error(sent.error.message);
      }
    },
    finish() {},
  };
}

function receiver(heap: SharedHeap, jobs: Channel, batch: number): Work {
  const words = heap.i32;
  const ptrs = new Array<number>(batch).fill(0);
  let [at, end, token] = [0, 0, 0];
  return {
    ops: OPS,
    turn() {
      for (let i = 0; i < OPS; i++) {
        if (at === end) {
          const got = jobs.receiveMany(ptrs);
          if (!got.ok) throw new Error(got.error.message);
          [at, end] = [0, got.value];
        }
        const ptr = ptrs[at++]!;
        if (words[ptr >> 2] !== token || !heap.free(ptr)) throw damaged(ptr);
        token = (token + 1) | 0;
      }
    },
    finish() {},
  };
}

function peerWith(batch: number): Peer {
  return {
    found(job) {
      const heap = SharedHeap.create({ size: memoryFor(job) });
      const { ptr } = channelOf(heap, job.size);
      return {
        seat: () => ({ data: heap.handle }),
        stats: () => heap.stats(),
        examine() {
          heap.free(ptr);
          const wrong = heap.validate().map(({ where, message }) => `${where}: ${message}`);
          const { liveBlocks } = heap.stats();
          heap.detach();
          return liveBlocks === 0 ? wrong : [...wrong, `${liveBlocks} blocks are still live`];
        },
      };
    },
    join(data, { thread, size }: Part) {
      const heap = SharedHeap.attach(data as HeapHandle);
      const jobs = channelOf(heap, size);
      const sends = thread === 0;
      const work = sends ? sender(heap, jobs, size, batch) : receiver(heap, jobs, batch);
      return { work, leave: () => heap.detach() };
    },
  };
}
