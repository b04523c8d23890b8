// The relay: a channel through which the threads of a trial pass blocks, the living and those who
// are about to die. Each block in it is in the ledger, and nobody's; what has come out is freed by
// whoever has it.
//
// A death between two steps leaves a record in between: a block that is in the channel, or its
// sender's still, or its receiver's already, or freed. In a heap that tracks owners what only the
// dead had is freed, and what the channel has is not.

import { Stamper } from '../../bench/replay/stamp.ts';
import type { SharedHeap } from '../../src/index.ts';
import type { Channel, channel } from '../../src/parts/channel.ts';
import { EMPTY, GIVING, HELD, TAKING, type Ledger } from './ledger.ts';
import type { Tour } from './tour.ts';

export type OpenChannel = typeof channel;

const NAME = 'relay';
/** So few that it is full now and then, and no power of two. */
const CAPACITY = 3;
const CHANNEL_BYTES = 128;
const MOST_BYTES = 4096;
const WAIT_MS = 2;

/** A block is sent, or one is received, or both. Who is alone may close the relay. */
export function relay(tour: Tour): void {
  const { random, heap, plan } = tour;
  const line = lineOf(tour);
  if (line === null) return;
  if (plan.alone && (line.isClosed() || random.below(8) === 0)) return void close(tour, line);
  const what = random.below(4);
  if (what < 3) send(tour, line);
  if (what > 0) {
    const got = random.below(2) === 0 ? line.tryReceive() : line.receive({ waitMs: WAIT_MS });
    if (got.ok) new Receiver(heap, plan.ledger, plan.owner, plan.complain).free(got.value);
  }
}

/** Nobody's block is in nobody's hands for a while. */
function close({ heap, client, plan, open }: Tour, line: Channel): void {
  const { ledger, owner, complain } = plan;
  const record = client.reserve(CHANNEL_BYTES);
  if (record < 0) return;
  ledger.mark(record, 0, TAKING);
  line.close();
  if (line.count() > CAPACITY) complain('the relay has more than it can have');
  new Receiver(heap, ledger, owner, complain).drain(open);
  client.forget(record);
}

/** Opened, or made: its block is in the ledger until it has the name. */
function lineOf({ heap, client, open }: Tour): Channel | null {
  if (heap.roots.get(NAME) !== 0) {
    const there = open(heap, NAME);
    return there.ok ? there.value : null;
  }
  const record = client.reserve(CHANNEL_BYTES);
  if (record < 0) return null;
  const made = open(heap, NAME, { capacity: CAPACITY });
  client.forget(record);
  return made.ok ? made.value : null;
}

function send({ random, client, plan: { ledger } }: Tour, line: Channel): void {
  const record = client.alloc(random.logUniform(1, MOST_BYTES));
  if (record < 0) return;
  const { ptr } = ledger.read(record);
  ledger.mark(record, 0, GIVING);
  const waitMs = random.below(2) * WAIT_MS;
  const sent =
    random.below(2) === 0 ? line.send(ptr, { waitMs }) : line.sendMany([ptr], { waitMs });
  if (sent.ok) return;
  ledger.mark(record, client.owner, HELD);
  client.free(record);
}

/** Frees what has come out of the relay, and keeps the ledger. */
export class Receiver {
  private readonly heap: SharedHeap;
  private readonly ledger: Ledger;
  private readonly owner: number;
  private readonly complain: (text: string) => void;

  constructor(heap: SharedHeap, ledger: Ledger, owner: number, complain: (text: string) => void) {
    this.heap = heap;
    this.ledger = ledger;
    this.owner = owner;
    this.complain = complain;
  }

  /** A record of one who died may name a block that has become another's since: it goes as well. */
  free(ptr: number): void {
    const { heap, ledger, owner, complain } = this;
    const stamper = new Stamper(heap);
    const sent = ledger.entries().filter((it) => it.phase === GIVING && it.ptr === ptr);
    const mine = sent.filter(({ record }) => ledger.takeOver(record, owner));
    if (!mine.some(({ size, key }) => stamper.check(ptr, size, key) < 0)) {
      complain(`${ptr} came, and was not sent so`);
    }
    if (!heap.free(ptr)) complain(`${ptr} came, and was no block`);
    for (const { record } of mine) ledger.mark(record, owner, EMPTY);
  }

  /** Nobody else is at work: all that is in the relay comes out, and there is none any more. */
  drain(open: OpenChannel): void {
    const { roots } = this.heap;
    if (roots.get(NAME) === 0) return;
    const line = open(this.heap, NAME);
    if (!line.ok) return;
    for (let got = line.value.tryReceive(); got.ok; got = line.value.tryReceive()) {
      this.free(got.value);
    }
    roots.delete(NAME);
    if (!this.heap.free(line.value.ptr)) this.complain('the relay was no block');
  }
}
