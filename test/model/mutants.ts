// Protocol mutants: small wrongs done to the sources as they are loaded. Each is a mistake that one
// can make, and that a schedule or a death has to show; the scenario named is one that shows it.
// One that no scenario shows is a failure of the model, or stands in EQUIVALENT with the reason.

import { ofArenas } from './mutants/arenas.ts';
import { ofArrays } from './mutants/arrays.ts';
import { ofBudgets } from './mutants/budgets.ts';
import { ofChannels } from './mutants/channels.ts';
import { ofDebug } from './mutants/debug.ts';
import { ofDepot } from './mutants/depot.ts';
import { ofFaults } from './mutants/faults.ts';
import { ofHeap } from './mutants/heap.ts';
import { ofJournals } from './mutants/journals.ts';
import { ofLock } from './mutants/lock.ts';
import { ofMagazines } from './mutants/magazines.ts';
import type { Mutant } from './mutants/mutant.ts';
import { ofOom } from './mutants/oom.ts';
import { ofPages } from './mutants/pages.ts';
import { ofRacks } from './mutants/racks.ts';
import { ofReferences } from './mutants/references.ts';
import { ofRepair } from './mutants/repair.ts';
import { ofSamples } from './mutants/samples.ts';
import { ofStrays } from './mutants/strays.ts';
import { ofEnds } from './mutants/elsewhere.ts';
import { ofTakeover } from './mutants/takeover.ts';
import { ofTapes } from './mutants/tapes.ts';
import { ofTx } from './mutants/tx.ts';
import { ofWaits } from './mutants/waits.ts';

export type { Mutant };

export const mutants: readonly Mutant[] = [
  ...ofLock,
  ...ofPages,
  ...ofMagazines,
  ...ofDepot,
  ...ofRacks,
  ...ofStrays,
  ...ofHeap,
  ...ofFaults,
  ...ofTakeover,
  ...ofEnds,
  ...ofArrays,
  ...ofRepair,
  ...ofArenas,
  ...ofTx,
  ...ofJournals,
  ...ofWaits,
  ...ofSamples,
  ...ofTapes,
  ...ofOom,
  ...ofBudgets,
  ...ofReferences,
  ...ofDebug,
  ...ofChannels,
];

/** Mutants that no schedule can show, and why. */
export const EQUIVALENT: Readonly<Record<string, string>> = {
  'bits are cleared before the blocks are cached':
    'a repair makes the bits anew from the states, whichever of the two came first',
  'a block is live before what is behind it is free':
    'a repair makes the block as long as there is no start byte behind it: longer than ' +
    'was asked for',
  'a tag is believed that the other end denies':
    'the tag at a start is written before its start byte, so one that ends at a start is true',
  'entries of the transaction before count':
    'whoever finishes a transaction makes each entry inert; the number is a second wall',
  'a record is open before it says whose it is':
    'nobody reads it before its leader names it, and recovery finishes it alone',
  'a vote counts when all is over':
    'who decides finishes the part under its lock, whether it has voted or not',
};
