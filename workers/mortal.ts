// One worker of a crowd on one heap. It works until it is killed, or until it ends in the way that
// it was told to: by an exception, by process.exit, or by filling its own JavaScript heap. Or it
// overflows its stack again and again with calls of the heap at the bottom, and lives on. Or it
// does nothing but look for the dead.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import { channel } from '../src/parts/channel.ts';
import type { Range } from '../test/crash/client.ts';
import { Ledger, type LedgerWords } from '../test/crash/ledger.ts';
import { pauseIfAsked, type PauseWords } from '../test/crash/pause.ts';
import { MODES, Tour } from '../test/crash/tour.ts';
import { Dice } from '../test/support/dice.ts';

export type Ending = 'killed' | 'throw' | 'exit' | 'memory' | 'overflow' | 'undertaker';

export interface MortalOrders {
  readonly handle: HeapHandle;
  readonly ledger: LedgerWords;
  readonly pause: PauseWords;
  readonly place: number;
  readonly seed: number;
  readonly range: Range;
  readonly owner: number;
  readonly ending: Ending;
  /** After so many steps it ends, if it does. */
  readonly steps: number;
}

const { ending, steps, pause, place, ...orders } = workerData as MortalOrders;
const random = new Dice(orders.seed);
const ledger = new Ledger(orders.ledger);
const complain = (text: string) => parentPort?.postMessage(text);
const calm = { tracked: false, alone: false, overflows: false, modes: MODES };
const rest = { ...calm, steps, ground: new SharedArrayBuffer(0) };
const built = { SharedHeap, channel };
const tour = new Tour({ ...orders, ...rest, ledger, random, complain }, built);
const ballast: number[][] = [];

function dive(levels: number): void {
  if (levels > 0) dive(levels - 1);
  else tour.step();
}

/** How deep a dive may go here. */
function depth(): number {
  let deepest = 0;
  const down = (level: number): void => {
    deepest = level;
    down(level + 1);
  };
  try {
    down(0);
  } catch {
    return deepest;
  }
  return 0;
}

/** One step near the end of the stack; what comes of it is no matter, but the thread goes on. */
function overflow(): void {
  try {
    dive(Math.max(0, Math.floor(depth() * (0.5 + random.next() / 2)) - random.below(40)));
  } catch (error) {
    if (!(error instanceof RangeError)) complain(`an overflow threw ${String(error)}`);
  }
}

function end(): void {
  if (ending === 'throw') throw new Error('as ordered');
  if (ending === 'exit') process.exit();
  if (ending === 'memory') ballast.push(Array.from({ length: 20_000 }, (_, i) => i + 0.5));
}

for (let step = 0; ; step++) {
  pauseIfAsked(pause, place);
  if (ending === 'undertaker') tour.heap.recover();
  else if (ending === 'overflow' && random.below(4) === 0) overflow();
  else tour.step();
  if (step >= steps) end();
}
