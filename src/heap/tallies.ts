// Tallies: what all slots have counted since the heap was made, whoever sat there, as stats shows
// it. See slot/counters.ts for who writes them.

import { COUNTER } from '../word/records.ts';
import { Counters } from '../slot/counters.ts';
import type { Attachment } from './attachment.ts';

const { ALLOCS, FREES, FAILURES, OOMS, DOUBLE_FREES, INVALID_FREES, CORRUPTIONS } = COUNTER;
const { COMMITS, ROLLBACKS, RECOVERED, INJECTED } = COUNTER;
const { OWN_BLOCKS, DEAD_BLOCKS, ASKED_BLOCKS, SLAB_PAGES, SHRUNK_BYTES } = COUNTER;
const { WAITS, WAITED_MS, SERVED, DEFLATED_BYTES, PACKED_BYTES, PLEAS } = COUNTER;

/** What each step of the recovery ladder has brought (allocate.ts, patient.ts). */
export interface ReclaimStats {
  /** Blocks that came home from the magazines of the thread that found no memory. */
  readonly ownBlocks: number;
  /** Blocks of threads that had died, from magazines and, in a heap that tracks owners, live. */
  readonly deadBlocks: number;
  /** Blocks that threads sent home because another one waited. */
  readonly askedBlocks: number;
  /** Pages of empty slabs that went back to their zones. */
  readonly slabPages: number;
  /** Bytes that shrinkers say they have freed. */
  readonly shrunkBytes: number;
  /** Bytes of cold blocks that were deflated so far, and what they were deflated to. */
  readonly deflatedBytes: number;
  readonly packedBytes: number;
  /** Allocations that stood in line, their time there, and how many of them got their memory. */
  readonly waits: number;
  readonly waitedMs: number;
  readonly served: number;
  /** How often one of them has asked for a worker to be stopped (`onOutOfMemory`). */
  readonly pleas: number;
}

export function talliesOf(on: Attachment) {
  const of = Array.from(
    { length: on.table.seats },
    (_, slot) => new Counters(on.memory, on.layout, slot),
  );
  const total = (which: number) => of.reduce((sum, counters) => sum + counters.get(which), 0);
  const reclaim: ReclaimStats = {
    ownBlocks: total(OWN_BLOCKS),
    deadBlocks: total(DEAD_BLOCKS),
    askedBlocks: total(ASKED_BLOCKS),
    slabPages: total(SLAB_PAGES),
    shrunkBytes: total(SHRUNK_BYTES),
    deflatedBytes: total(DEFLATED_BYTES),
    packedBytes: total(PACKED_BYTES),
    waits: total(WAITS),
    waitedMs: total(WAITED_MS),
    served: total(SERVED),
    pleas: total(PLEAS),
  };
  return {
    allocCount: total(ALLOCS),
    freeCount: total(FREES),
    failureCount: total(FAILURES),
    oomEvents: total(OOMS),
    injectedFailures: total(INJECTED),
    doubleFrees: total(DOUBLE_FREES),
    invalidFrees: total(INVALID_FREES),
    corruptions: total(CORRUPTIONS),
    transactions: { committed: total(COMMITS), rolledBack: total(ROLLBACKS) + total(RECOVERED) },
    reclaim,
  };
}
