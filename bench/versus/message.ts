// What JavaScript offers without an allocator: postMessage, with a SharedArrayBuffer for each
// block, with an ArrayBuffer for each that is transferred, or with one that is cloned each time.
// The consumer reads its port without an event loop, so it never waits for one, and the producer is
// never further ahead than the ring of the other sides is long.
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { pause } from '../workloads/pause.ts';
import { capacityFor } from '../workloads/ring.ts';
import type { Part, Work } from '../workloads/work.ts';
import type { Peer } from './peer.ts';

const TAKEN = 0; // the shared word: how many the consumer has taken
const MOST_OPS = 200;
const TURN_BYTES = 2 ** 23;

/** Posts a block of `words` with a number in its first. */
type Post = (port: MessagePort, words: number, sent: number) => void;

const shared: Post = (port, words, sent) => {
  const block = new Int32Array(new SharedArrayBuffer(words * 4));
  block[0] = sent;
  port.postMessage(block);
};

const transferred: Post = (port, words, sent) => {
  const block = new Int32Array(words);
  block[0] = sent;
  port.postMessage(block, [block.buffer]);
};

let original = new Int32Array(0);

const cloned: Post = (port, words, sent) => {
  if (original.length !== words) original = new Int32Array(words);
  original[0] = sent;
  port.postMessage(original);
};

class Sender implements Work {
  readonly ops: number;
  private readonly port: MessagePort;
  private readonly part: Part;
  private readonly post: Post;
  private readonly most: number;
  private sent = 0;

  constructor(port: MessagePort, part: Part, post: Post) {
    this.ops = opsFor(part);
    this.port = port;
    this.part = part;
    this.post = post;
    this.most = capacityFor(part.size);
  }

  turn(): void {
    for (let i = 0; i < this.ops; i++) {
      this.waitForRoom();
      this.post(this.port, this.part.size / 4, this.sent++);
    }
  }

  private waitForRoom(): void {
    let spins = 0;
    while (this.sent - Atomics.load(this.part.shared, TAKEN) >= this.most) spins = pause(spins);
  }

  finish(): void {
    this.port.close();
  }
}

class Receiver implements Work {
  readonly ops: number;
  private readonly port: MessagePort;
  private readonly part: Part;
  private taken = 0;

  constructor(port: MessagePort, part: Part) {
    this.ops = opsFor(part);
    this.port = port;
    this.part = part;
  }

  turn(): void {
    for (let i = 0; i < this.ops; i++) {
      const words = this.next();
      if (words[0] !== this.taken) throw new Error(`block ${this.taken} came as ${words[0]}`);
      Atomics.store(this.part.shared, TAKEN, ++this.taken);
    }
  }

  private next(): Int32Array {
    let spins = 0;
    for (;;) {
      const received = receiveMessageOnPort(this.port);
      if (received !== undefined) return received.message as Int32Array;
      spins = pause(spins);
    }
  }

  finish(): void {
    this.port.close();
  }
}

function opsFor({ size }: Part): number {
  return Math.min(MOST_OPS, Math.max(1, TURN_BYTES / size));
}

function peerThat(post: Post): Peer {
  return {
    found() {
      const { port1, port2 } = new MessageChannel();
      const ports = [port1, port2];
      return {
        seat: (thread) => ({ data: ports[thread], moved: [ports[thread]!] }),
        examine: () => [],
      };
    },
    join(data, part) {
      const port = data as MessagePort;
      const sends = part.thread === 0;
      const work = sends ? new Sender(port, part, post) : new Receiver(port, part);
      return { work, leave: () => {} };
    },
  };
}

export const message = peerThat(shared);
export const transferring = peerThat(transferred);
export const cloning = peerThat(cloned);
