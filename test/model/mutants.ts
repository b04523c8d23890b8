// Protocol mutants: small wrongs done to the sources as they are loaded. Each is a mistake that one
// can make, and that a schedule or a death has to show; the scenario named is one that shows it.
// One that no scenario shows is a failure of the model, or stands in EQUIVALENT with the reason.

import { ofArrays } from './mutants/arrays.ts';
import { ofDepot } from './mutants/depot.ts';
import { ofHeap } from './mutants/heap.ts';
import { ofLock } from './mutants/lock.ts';
import { ofMagazines } from './mutants/magazines.ts';
import type { Mutant } from './mutants/mutant.ts';
import { ofPages } from './mutants/pages.ts';
import { ofRepair } from './mutants/repair.ts';
import { ofStrays } from './mutants/strays.ts';
import { ofTakeover } from './mutants/takeover.ts';
import { ofTx } from './mutants/tx.ts';

export type { Mutant };

export const mutants: readonly Mutant[] = [
  ...ofLock,
  ...ofPages,
  ...ofMagazines,
  ...ofDepot,
  ...ofStrays,
  ...ofHeap,
  ...ofTakeover,
  ...ofArrays,
  ...ofRepair,
  ...ofTx,
];

/** Mutants that no schedule can show, and why. */
export const EQUIVALENT: Readonly<Record<string, string>> = {};
