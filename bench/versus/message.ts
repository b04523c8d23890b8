// What JavaScript offers without an allocator: a SharedArrayBuffer for each block, handed over by
// postMessage. The consumer reads its port without an event loop, so it never waits for one, and
// the producer is never further ahead than the ring of the other sides is long.
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { pause } from '../workloads/pause.ts';
import { CAPACITY } from '../workloads/ring.ts';
import type { Part, Work } from '../workloads/work.ts';
import type { Peer } from './peer.ts';

const TAKEN = 0; // the shared word: how many the consumer has taken
const TURN = 200;

class Sender implements Work {
  readonly ops = TURN;
  private readonly port: MessagePort;
  private readonly part: Part;
  private sent = 0;

  constructor(port: MessagePort, part: Part) {
    this.port = port;
    this.part = part;
  }

  turn(): void {
    for (let i = 0; i < this.ops; i++) {
      this.waitForRoom();
      const words = new Int32Array(new SharedArrayBuffer(this.part.size));
      words[0] = this.sent++;
      this.port.postMessage(words);
    }
  }

  private waitForRoom(): void {
    const { shared } = this.part;
    let spins = 0;
    while (this.sent - Atomics.load(shared, TAKEN) >= CAPACITY) spins = pause(spins);
  }

  finish(): void {
    this.port.close();
  }
}

class Receiver implements Work {
  readonly ops = TURN;
  private readonly port: MessagePort;
  private readonly part: Part;
  private taken = 0;

  constructor(port: MessagePort, part: Part) {
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

export const message: Peer = {
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
    const work = part.thread === 0 ? new Sender(port, part) : new Receiver(port, part);
    return { work, leave: () => {} };
  },
};
