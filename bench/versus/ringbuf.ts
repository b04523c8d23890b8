// ringbuf.js: a ring of bytes between one sender and one receiver, without an allocator. Each block
// is copied in, and copied out again. Neither side sleeps in it, so both wait as the ring of the
// workload does.
import { RingBuffer } from 'ringbuf.js';
import { pause } from '../workloads/pause.ts';
import { capacityFor } from '../workloads/ring.ts';
import type { Part, Work } from '../workloads/work.ts';
import { foundedAs, type Peer } from './peer.ts';

const MOST_OPS = 2048;
const TURN_BYTES = 2 ** 23;

function opsFor(size: number): number {
  return Math.min(MOST_OPS, Math.max(1, TURN_BYTES / size));
}

function sender(ring: RingBuffer, size: number): Work {
  const block = new Int32Array(size / 4);
  const ops = opsFor(size);
  let token = 0;
  return {
    ops,
    turn() {
      for (let i = 0; i < ops; i++) {
        block[0] = token;
        token = (token + 1) | 0;
        for (let spins = 0; ring.availableWrite() < block.length;) spins = pause(spins);
        ring.push(block);
      }
    },
    finish() {},
  };
}

function receiver(ring: RingBuffer, size: number): Work {
  const block = new Int32Array(size / 4);
  const ops = opsFor(size);
  let token = 0;
  return {
    ops,
    turn() {
      for (let i = 0; i < ops; i++) {
        for (let spins = 0; ring.availableRead() < block.length;) spins = pause(spins);
        ring.pop(block);
        if (block[0] !== token) throw new Error(`block ${token} came as ${block[0]}`);
        token = (token + 1) | 0;
      }
    },
    finish() {},
  };
}

export const ringbuf: Peer = {
  found({ size }) {
    const words = (capacityFor(size) * size) / 4;
    return foundedAs(RingBuffer.getStorageForCapacity(words, Int32Array));
  },
  join(data, { thread, size }: Part) {
    const ring = new RingBuffer(data as SharedArrayBuffer, Int32Array);
    return { work: (thread === 0 ? sender : receiver)(ring, size), leave: () => {} };
  },
};
