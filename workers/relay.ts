// One worker that passes blocks on: it sends new stamped blocks to its outbox, and checks and frees
// what comes into its inbox. With both it is a link of a ring; with one, a producer or a consumer.
//
// It leaves the heap when it has sent all it should and read its inbox to the end.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle, type ZoneName } from '../src/index.ts';
import { Mailbox } from '../test/support/threads/mailbox.ts';
import { Dice } from '../test/support/dice.ts';
import { Stamped } from '../test/support/threads/stamped.ts';

export interface RelayOrders {
  readonly heap: HeapHandle;
  readonly owner: number;
  readonly seed: number;
  /** Names of roots. */
  readonly inbox?: string;
  readonly outbox?: string;
  /** Blocks to send. */
  readonly count: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
  readonly zone?: ZoneName;
}

const PATIENCE_MS = 5;

const orders = workerData as RelayOrders;
const heap = SharedHeap.attach(orders.heap);
const random = new Dice(orders.seed);
const stamped = new Stamped(heap, orders.owner);
let inbox = orders.inbox === undefined ? null : Mailbox.find(heap, orders.inbox);
let outbox = orders.outbox === undefined ? null : Mailbox.find(heap, orders.outbox);
let sent = 0;

function receive(from: Mailbox): boolean {
  if (!from.hasMail) return false;
  const block = from.receive();
  if (block === null) inbox = null;
  else stamped.free(block);
  return true;
}

function send(to: Mailbox): boolean {
  if (!to.hasRoom) return false;
  if (sent++ === orders.count) {
    to.send(null);
    outbox = null;
    return true;
  }
  const size = random.logUniform(orders.leastBytes, orders.mostBytes);
  const { zone } = orders;
  const block = stamped.alloc(size, zone === undefined ? {} : { zone });
  if (block !== null) to.send(block);
  return true;
}

while (inbox !== null || outbox !== null) {
  const received = inbox !== null && receive(inbox);
  const worked = (outbox !== null && send(outbox)) || received;
  if (worked) continue;
  if (inbox !== null) inbox.waitForMail(PATIENCE_MS);
  else outbox?.waitForRoom(PATIENCE_MS);
}
heap.detach();
parentPort?.postMessage(stamped.tally);
