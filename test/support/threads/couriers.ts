// Couriers: workers that send and receive at one channel, and what they have written down.

import { setTimeout as sleep } from 'node:timers/promises';
import { SharedHeap } from '../../../src/index.ts';
import { channel, type Channel } from '../../../src/parts/channel.ts';
import type { CourierOrders } from '../../../workers/courier.ts';
import { launch, type Launched } from './launch.ts';
import { bury, type SeatName } from './seats.ts';

export const NAME = 'letters';
const STAMPS = 2 ** 20;

export interface Courier {
  readonly number: number;
  readonly ledger: Int32Array;
  readonly worker: Launched<SeatName>;
}

/** The couriers of one channel, and the channel as this thread has it. */
export class Office {
  readonly heap: SharedHeap;
  readonly jobs: Channel;
  readonly senders: Courier[] = [];
  readonly receivers: Courier[] = [];
  private readonly capacity: number;
  private readonly each: number;

  constructor(capacity: number, each: number, trackOwners: boolean) {
    this.heap = SharedHeap.create({ size: '16MiB', trackOwners, maxSlots: 16 });
    this.capacity = capacity;
    this.each = each;
    const opened = channel(this.heap, NAME, { capacity });
    if (!opened.ok) throw new Error(opened.error.message);
    this.jobs = opened.value;
  }

  hire(role: CourierOrders['role'], batch: number): Courier {
    const crew = role === 'sends' ? this.senders : this.receivers;
    const number = crew.length + 1;
    const ledger = new Int32Array(new SharedArrayBuffer(4 * (8 * this.each + 1)));
    const { heap, capacity, each: count } = this;
    const orders = { heap: heap.handle, name: NAME, capacity, role, number, count, batch, ledger };
    const worker = launch<SeatName>('courier', orders satisfies CourierOrders);
    crew.push({ number, ledger, worker });
    return crew[crew.length - 1] as Courier;
  }

  /** Kills it when it has sent or received so many, or when there is nothing more to come. */
  async kill({ ledger, worker }: Courier, when: number): Promise<void> {
    const seat = await worker.first;
    let over = false;
    void Promise.all(this.senders.map((it) => it.worker.ended)).then(() => (over = true));
    while (Atomics.load(ledger, 0) < when && !over) await sleep(1);
    await worker.kill();
    await bury(this.heap, seat);
  }

  /** When all who send have ended, the others receive the rest. */
  async close(): Promise<void> {
    for (const { worker } of this.senders) await worker.ended;
    this.jobs.close();
    for (const { worker } of this.receivers) await worker.ended;
  }

  /** Stamps of a sender as a receiver got them. */
  got({ ledger }: Courier, from: Courier): number[] {
    const stamps = [...ledger.subarray(1, (ledger[0] as number) + 1)];
    const of = stamps.filter((stamp) => Math.floor(stamp / STAMPS) === from.number);
    return of.map((stamp) => stamp % STAMPS);
  }

  /** Of the blocks that each sender sent: how many are missing, came twice, or not in its order. */
  toll(): { readonly missing: number; readonly twice: number; readonly late: number } {
    let [missing, twice, late] = [0, 0, 0];
    for (const from of this.senders) {
      const all = this.receivers.map((to) => this.got(to, from));
      for (const stamps of all) late += stamps.filter((it, i) => it < (stamps[i - 1] ?? 0)).length;
      const seen = new Set(all.flat());
      twice += all.flat().length - seen.size;
      const sent = from.ledger[0] as number;
      for (let stamp = 1; stamp <= sent; stamp++) if (!seen.has(stamp)) missing++;
    }
    return { missing, twice, late };
  }

  /** What is left when all have ended. */
  remains(): { readonly inside: number; readonly findings: number; readonly blocks: number } {
    const [inside, findings] = [this.jobs.count(), this.heap.validate().length];
    const { liveBlocks: blocks } = this.heap.stats();
    this.heap.detach();
    return { inside, findings, blocks };
  }
}

/** Nothing but the channel itself. */
export const EMPTY = { inside: 0, findings: 0, blocks: 1 } as const;
