// One worker that comes to a stop at an access that its test has chosen, and is terminated there.
// It runs the hold build (test/crash/build.ts) and either takes the tour of a heap, or inherits one
// whose last visitor was stopped: then it recovers what that one left, and is stopped over that.
//
// When it comes through without having been stopped, it rests: it is terminated all the same.
import { parentPort, workerData } from 'node:worker_threads';
import type { HeapHandle } from '../src/index.ts';
import { layersOf } from '../test/crash/account.ts';
import type { Range } from '../test/crash/client.ts';
import { DONE, obey, rest, type HoldWords } from '../test/crash/hold.ts';
import { Ledger, type LedgerWords } from '../test/crash/ledger.ts';
import { plantStrays } from '../test/crash/strays.ts';
import { MODES, Tour, type Built } from '../test/crash/tour.ts';
import type { Setting } from '../test/crash/trial.ts';
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
  readonly setting: Setting;
  /** Slots of the dead, of whom nobody else tells. */
  readonly gone: readonly number[];
  readonly role: 'tour' | 'founder' | 'recoverer' | 'heir';
  readonly steps: number;
  readonly ground: SharedArrayBuffer;
}

const { build, hold, role, setting, gone, ...orders } = workerData as HeldOrders;
if (setting === 'elsewhere') hideTheSystem();
const built = (await import(build)) as Built;
obey(hold);
const ledger = new Ledger(orders.ledger);
const random = new Dice(orders.seed);
const complain = (text: string) => parentPort?.postMessage(text);
const alone = setting !== 'company';
const overflows = setting === 'overflow' && !orders.tracked; // blocks of such are nobody's
const modes = setting === 'simple' ? (['simple-heap'] as const) : MODES;
const plan = { ...orders, ledger, random, complain, alone, overflows, modes };
const tour = arrive();
if (gone.length > 0) tellOf(gone);
if (setting === 'strays' && !orders.tracked) plantStrays(tour.client); // who leaves passes them on
if (role === 'recoverer') tour.heap.recover();
if (role === 'founder') tour.found();
tour.run();
tour.heap.recover();
rest(DONE);

/** As elsewhere than on Linux: this thread has no name by which others can ask, nor asks itself. */
function hideTheSystem(): void {
  const { getBuiltinModule } = process;
  const without = (name: string) => (name === 'node:fs' ? undefined : getBuiltinModule(name));
  process.getBuiltinModule = without as typeof getBuiltinModule;
}

/** Where all seats are taken for a while, that may be longer than a newcomer waits. */
function arrive(): Tour {
  for (;;) {
    try {
      return new Tour(plan, built);
    } catch (error) {
      if (setting !== 'crowded' || (error as { code?: string }).code !== 'NO_SLOT') throw error;
    }
  }
}

/** By a mark, as the sentinel and `watch` do, or by hand. */
function tellOf(slots: readonly number[]): void {
  const { table } = layersOf(tour.heap);
  if (random.below(2) === 0) for (const slot of slots) table.markEnded(table.threadOf(slot));
  tour.heap.reap(...slots);
}
