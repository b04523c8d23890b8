// A look: everything that the page and the terminal show of a heap, as plain data. What the heap
// counts since it was made becomes a rate by comparison with the look before.
//
// No lock is taken, and nothing is written: figures are read as heap.stats() reads them, and are
// exact when no thread is inside the heap. Nothing of what is in users' blocks is looked at.
//
// What is not counted cannot be shown. The fast path keeps no time: of all calls together there is
// `mostMicroseconds`, above which a worker's mean cannot be (all its time divided by its calls).
// Allocs that take the slow path are timed now and then (slot/latency.ts): those of the last ten
// seconds are shown, and how long those waited that found no memory. And locks count who found them
// taken and who slept for them, not how long they were held.

import { COUNTER } from '../../word/records.ts';
import { Counters } from '../../slot/counters.ts';
import { latencyOf, type Latency } from '../../slot/latency.ts';
import type { Attachment } from '../../heap/attachment.ts';
import { identityOf } from '../../heap/attached.ts';
import { insideOf } from '../../heap/door.ts';
import type { SharedHeap } from '../../heap/heap.ts';
import { Notices, type Recovered, type RecoveryStats } from '../../heap/notices.ts';
import type { HeapStats, LockStats, SlotStats } from '../../heap/stats.ts';
import { pagesOf, type PageMapPicture } from './pages.ts';
import { Rates } from './rates.ts';

const { WAITS, WAITED_MS, COMMITS, ROLLBACKS, RECOVERED } = COUNTER;
/** Locks that are listed, those first for which most came in vain. */
const MOST_LOCKS = 12;

/** The figures that stand alone. Rates are per second, and 0 at the first look. */
export interface Headline {
  readonly liveBytes: number;
  readonly peakBytes: number;
  readonly totalBytes: number;
  readonly metadataBytes: number;
  readonly liveBlocks: number;
  readonly usedPages: number;
  readonly pages: number;
  readonly allocRate: number;
  readonly freeRate: number;
  readonly failures: number;
  readonly failureRate: number;
  readonly oomEvents: number;
  readonly badFrees: number;
  readonly corruptions: number;
  readonly slabSlack: number;
  /** Shares of the last 10 and 60 seconds in which somebody waited for memory. */
  readonly pressure10: number;
  readonly pressure60: number;
  readonly contended: number;
  readonly contendedRate: number;
  readonly lockWaits: number;
  readonly lockWaitRate: number;
  readonly committed: number;
  readonly commitRate: number;
  readonly rolledBack: number;
  readonly rollbackRate: number;
  readonly recoveryRate: number;
}

/** One seat that somebody has. Its counts go on from those of who sat there before. */
export interface WorkerLook {
  readonly slot: number;
  /** How many sat there before. */
  readonly incarnation: number;
  /** Of worker_threads; -1 where it is not known. */
  readonly threadId: number;
  readonly self: boolean;
  readonly allocRate: number;
  readonly freeRate: number;
  /** All its time by all its calls, µs; null while it makes none. */
  readonly mostMicroseconds: number | null;
  /** Of slow allocs on this seat in the last ten seconds, those that were timed. */
  readonly slowAllocLatency: Latency;
  readonly cachedBytes: number;
  /** Allocations that stood in line for memory, and how long they did on average. */
  readonly waits: number;
  readonly meanWaitMs: number;
  readonly commits: number;
  readonly rollbacks: number;
}

/** The free blocks of one order of a zone. */
export interface OrderLook {
  /** Of 2^order pages. */
  readonly bytes: number;
  readonly freeBlocks: number;
  /** The share of free pages in blocks too small for it, 0..1. */
  readonly external: number;
}

/** One zone of pages. */
export interface ZoneLook {
  readonly name: string;
  readonly bytes: number;
  readonly freeBytes: number;
  readonly orders: readonly OrderLook[];
}

/** The slabs of one size of blocks. */
export interface ClassLook {
  readonly blockBytes: number;
  readonly liveBlocks: number;
  readonly cachedBlocks: number;
  readonly freeBlocks: number;
  readonly slabs: number;
}

/** One lock, and who came in vain. */
export interface LockLook {
  readonly name: string;
  readonly contended: number;
  readonly waits: number;
  readonly contendedRate: number;
}

/** What one look has seen. */
export interface Picture {
  readonly heap: string;
  readonly mode: string;
  readonly pageBytes: number;
  readonly maxSlots: number;
  readonly tracksOwners: boolean;
  /** Since the epoch. */
  readonly timeMs: number;
  /** Since the look before; 0 at the first. */
  readonly seconds: number;
  readonly headline: Headline;
  readonly workers: readonly WorkerLook[];
  readonly zones: readonly ZoneLook[];
  /** Those that have slabs. */
  readonly classes: readonly ClassLook[];
  /** Bytes of the blocks of each class, from class 1 on. */
  readonly sizes: readonly number[];
  readonly locks: readonly LockLook[];
  readonly recoveries: RecoveryStats;
  /** The latest recoveries, the newest first. */
  readonly deaths: readonly Recovered[];
  /** Why the heap is not healthy; empty if it is. */
  readonly health: readonly string[];
  readonly map: PageMapPicture;
}

/** Looks at one heap, again and again, on a thread that is attached to it. */
export class Looker {
  private readonly heap: SharedHeap;
  private readonly rates = new Rates();

  constructor(heap: SharedHeap) {
    this.heap = heap;
  }

  /** Throws DETACHED or NO_SLOT when this thread has no seat in the heap any more. */
  look(mostCells?: number): Picture {
    const on = insideOf(this.heap)((session) => session.on);
    const stats = this.heap.stats();
    const { rates } = this;
    rates.begin();
    const notices = new Notices(on.memory);
    return {
      heap: identityOf(on.memory),
      mode: stats.mode,
      pageBytes: stats.pageBytes,
      maxSlots: on.geometry.maxSlots,
      tracksOwners: on.states.tracked,
      timeMs: Date.now(),
      seconds: rates.seconds,
      headline: headlineOf(stats, rates),
      workers: stats.slots.map((slot) => workerOf(on, slot, rates)),
      zones: zonesOf(on, stats),
      classes: stats.classes.filter((c) => c.slabs > 0).map(classOf),
      sizes: stats.classes.map((c) => c.blockBytes),
      locks: locksOf(stats, rates),
      recoveries: stats.recoveries,
      deaths: notices.after(0).reverse(),
      health: this.heap.health().map((reason) => reason.message),
      map: pagesOf(on, mostCells),
    };
  }
}

function headlineOf(stats: HeapStats, rates: Rates): Headline {
  const { transactions, recoveries, pressure } = stats;
  return {
    liveBytes: stats.allocatedBytes,
    peakBytes: stats.peakBytes,
    totalBytes: stats.totalBytes,
    metadataBytes: stats.metadataBytes,
    liveBlocks: stats.liveBlocks,
    usedPages: stats.pages - stats.freePages,
    pages: stats.pages,
    allocRate: rates.of('allocs', stats.allocCount),
    freeRate: rates.of('frees', stats.freeCount),
    failures: stats.failureCount,
    failureRate: stats.failureRate,
    oomEvents: stats.oomEvents,
    badFrees: stats.doubleFrees + stats.invalidFrees,
    corruptions: stats.corruptions,
    slabSlack: stats.fragmentationRatio,
    pressure10: pressure.some10,
    pressure60: pressure.some60,
    contended: stats.lockContention,
    contendedRate: rates.of('contended', stats.lockContention),
    lockWaits: stats.lockWaits,
    lockWaitRate: rates.of('waits', stats.lockWaits),
    committed: transactions.committed,
    commitRate: rates.of('commits', transactions.committed),
    rolledBack: transactions.rolledBack,
    rollbackRate: rates.of('rollbacks', transactions.rolledBack),
    recoveryRate: rates.of('recoveries', recoveries.count),
  };
}

function workerOf(on: Attachment, stats: SlotStats, rates: Rates): WorkerLook {
  const { slot, incarnation, self, cachedBytes } = stats;
  const counters = new Counters(on.memory, on.layout, slot);
  const waits = counters.get(WAITS);
  const allocRate = rates.of(`allocs ${String(slot)}`, stats.allocCount);
  const freeRate = rates.of(`frees ${String(slot)}`, stats.freeCount);
  const calls = allocRate + freeRate;
  const slow = rates.lately(`slow allocs ${String(slot)}`, stats.slowAllocLatency.counts);
  return {
    slot,
    incarnation,
    threadId: on.table.threadOf(slot) - 1,
    self,
    allocRate,
    freeRate,
    mostMicroseconds: calls === 0 ? null : 1e6 / calls,
    slowAllocLatency: latencyOf(slow),
    cachedBytes,
    waits,
    meanWaitMs: waits === 0 ? 0 : counters.get(WAITED_MS) / waits,
    commits: counters.get(COMMITS),
    rollbacks: counters.get(ROLLBACKS) + counters.get(RECOVERED),
  };
}

function zonesOf(on: Attachment, stats: HeapStats): ZoneLook[] {
  return stats.zones.flatMap((zone, index) => {
    const free = on.zones.list[index]?.buddy.counts() ?? [];
    const orders = free.map((freeBlocks, order) => ({
      bytes: 2 ** order * stats.pageBytes,
      freeBlocks,
      external: zone.externalFragmentation[order] ?? 0,
    }));
    const bytes = zone.pages * stats.pageBytes;
    const freeBytes = zone.freePages * stats.pageBytes;
    return zone.pages === 0 ? [] : [{ name: zone.name, bytes, freeBytes, orders }];
  });
}

function classOf(stats: HeapStats['classes'][number]): ClassLook {
  const { blockBytes, liveBlocks, cachedBlocks, freeBlocks, slabs } = stats;
  return { blockBytes, liveBlocks, cachedBlocks, freeBlocks, slabs };
}

/** Those that were ever found taken. */
function locksOf(stats: HeapStats, rates: Rates): LockLook[] {
  const look = (name: string, { contended, waits }: LockStats): LockLook => {
    return { name, contended, waits, contendedRate: rates.of(`lock ${name}`, contended) };
  };
  const zones = stats.zones.map(({ name, lock }) => look(`zone ${name}`, lock));
  const classes = stats.classes.map((c) => look(`class ${String(c.blockBytes)} B`, c.lock));
  const known = [...zones, ...classes];
  const others = {
    contended: stats.lockContention - known.reduce((sum, lock) => sum + lock.contended, 0),
    waits: stats.lockWaits - known.reduce((sum, lock) => sum + lock.waits, 0),
  };
  const all = [...known, look('all others', others)].filter((lock) => lock.contended > 0);
  return all.sort((a, b) => b.contended - a.contended).slice(0, MOST_LOCKS);
}
