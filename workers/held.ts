// One worker that comes to a stop at an access that its test has chosen, and is terminated there.
// It runs the hold build (test/crash/build.ts) and either takes the tour of a heap, or inherits one
// whose last visitor was stopped: then it recovers what that one left, and is stopped over that.
//
// When it comes through without having been stopped, it rests: it is terminated all the same.
import { parentPort, workerData } from 'node:worker_threads';
import type { HeapHandle, SharedHeap } from '../src/index.ts';
import type { Range } from '../test/crash/client.ts';
import { DONE, obey, rest, type HoldWords } from '../test/crash/hold.ts';
import { Ledger, type LedgerWords } from '../test/crash/ledger.ts';
import { Tour } from '../test/crash/tour.ts';
import { Dice } from '../test/support/dice.ts';

export interface HeldOrders {
  readonly build: string;
  readonly hold: HoldWords;
  readonly handle: HeapHandle;
  readonly ledger: LedgerWords;
  readonly seed: number;
  readonly range: Range;
  readonly owner: number;
  readonly tracked: boolean;
  readonly alone: boolean;
  readonly role: 'tour' | 'founder' | 'recoverer' | 'heir';
  readonly steps: number;
  readonly ground: SharedArrayBuffer;
}

const { build, hold, role, ...orders } = workerData as HeldOrders;
const heaps = (await import(build)) as { SharedHeap: typeof SharedHeap };
obey(hold);
const ledger = new Ledger(orders.ledger);
const random = new Dice(orders.seed);
const complain = (text: string) => parentPort?.postMessage(text);
const tour = new Tour({ ...orders, ledger, random, complain }, heaps.SharedHeap);
if (role === 'recoverer') tour.heap.recover();
if (role === 'founder') tour.found();
tour.run();
tour.heap.recover();
rest(DONE);
