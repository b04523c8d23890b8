// atomalloc: a heap that many JavaScript threads share. Public names only; `word/layout.ts` draws
// the heap, `heap/heap.ts` is where a call arrives. And what happens on import: heaps are told of
// the guard, who does nothing where the system can be asked about threads, and where scribes are to
// be had, whom only a recording calls.

import { bringIn } from './heap/attached.ts';
import { bringInScribes } from './heap/recording.ts';
import { guard } from './host/guard.ts';
import { hireScribe } from './host/recorder.ts';

export { SharedHeap, type Ptr } from './heap/heap.ts';
export type { ColdHandle } from './heap/cold.ts';
export type { AllocOptions, AsyncAllocOptions } from './heap/patient.ts';
export type { Shrinker } from './heap/thrifty.ts';
export type { OutOfMemory, OutOfMemoryHandler } from './heap/pleading.ts';
export type { Victim } from './heap/victims.ts';
export type { Budget, BudgetLimits, BudgetUsage } from './heap/budget.ts';
export type { DamageListener, LeakListener } from './heap/debugged.ts';
export type { DebugOptions, HeapOptions } from './heap/create.ts';
export type { HeapHandle } from './heap/open.ts';
export type { Mode } from './heap/mode.ts';
export type { HeapExtent } from './heap/extents.ts';
export type { BlockInfo, Leak, LeakPlace } from './heap/inspect.ts';
export type { Transaction } from './heap/transaction.ts';
export type { Outcome, TransactionHandle } from './heap/txpart.ts';
export type { Owner } from './heap/owners.ts';
export type { CountMessage, PressureMessage, RecoveredMessage } from './heap/announce.ts';
export type { HealthReason, PressureStats } from './heap/health.ts';
export type { Recovered, RecoveryStats } from './heap/notices.ts';
export type { RecoveredListener, Watched } from './heap/survivor.ts';
export type { FaultCounts, FaultPlan, Faults } from './heap/faults.ts';
export type { ReferenceStats } from './heap/refaudit.ts';
export type { Ref } from './block/generations.ts';
export type { Recorder, RecordingFigures } from './heap/recording.ts';
export type { Reserve } from './heap/reserve.ts';
export type { Roots } from './heap/roots.ts';
export type {
  ClassStats,
  HeapStats,
  LatencyStats,
  LockStats,
  SlotStats,
  ZoneStats,
} from './heap/stats.ts';
export type { Latency } from './slot/latency.ts';
export type { ReclaimStats } from './heap/tallies.ts';
export type { Finding } from './heap/validate.ts';
export type { ViewType } from './heap/views.ts';
export type { Watermarks } from './heap/watermarks.ts';
export type { ZoneName } from './page/zone.ts';
export {
  HeapError,
  type AllocError,
  type AllocErrorCode,
  type HeapErrorCode,
  type Result,
} from './word/errors.ts';

bringIn(guard);
bringInScribes(hireScribe);
