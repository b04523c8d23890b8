// Statistics: one snapshot, computed from the words that the layers keep anyway. Nothing is counted
// twice: live blocks of a class are those carved that are neither free, nor in the depot, nor in a
// slot's magazines. No lock is taken, so a monitor never waits; the numbers are exact when no
// thread is inside the heap.
//
// RACE: every read here may be of a word that another thread writes. Each is one word, none decides
// anything, and a past value is a figure that was true a moment ago.

import { CLASS, HEADER, LOCK, ZONE } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import { usedPages, ZONE_NAMES, type ZoneName } from '../page/zone.ts';
import { Magazines } from '../block/magazine.ts';
import { Counters } from '../slot/counters.ts';
import { countsOf, latencyOf, type Latency } from '../slot/latency.ts';
import { pressureOf, rate, type PressureStats } from './health.ts';
import { modeIn, type Mode } from './mode.ts';
import { Notices, type RecoveryStats } from './notices.ts';
import { referenceStats, type ReferenceStats } from './refaudit.ts';
import { talliesOf, type ReclaimStats } from './tallies.ts';
import { watermarksOf, type Watermarks } from './watermarks.ts';
import type { Attachment } from './attachment.ts';

const { CARVED, FREE, DEPOT_BLOCKS, SLABS, PAGES } = CLASS;
const { ALLOCS, FREES } = COUNTER;

/** How often a lock was found taken, and how often a thread slept for it. */
export interface LockStats {
  readonly contended: number;
  readonly waits: number;
}

/** One zone of pages: Linux's DMA, Normal and High by their place in the heap. */
export interface ZoneStats {
  readonly name: ZoneName;
  readonly startPtr: number;
  readonly endPtr: number;
  readonly pages: number;
  readonly freePages: number;
  readonly peakPages: number;
  readonly lowReservePages: number;
  readonly watermarks: Watermarks;
  /** Per order: the share of free pages that lie in blocks too small for it, 0..1. */
  readonly externalFragmentation: readonly number[];
  /** Per order: Linux's index; -1 a block is free, near 0 memory is short, near 1 in pieces. */
  readonly fragmentationIndex: readonly number[];
  readonly lock: LockStats;
}

/** The slabs of one size of blocks. */
export interface ClassStats {
  readonly blockBytes: number;
  readonly liveBlocks: number;
  /** In slots' magazines and in the depot. */
  readonly cachedBlocks: number;
  readonly freeBlocks: number;
  readonly slabs: number;
  readonly lock: LockStats;
}

/** How long the slow allocs took that one slot has timed, since the heap was made. */
export interface LatencyStats extends Latency {
  /** Calls by the time they took: to 0.25 µs, above that to 0.5, to 1, and so on to 2^18 µs. */
  readonly counts: readonly number[];
}

/** One thread that is attached, and what it has done. Counts go on from who sat there before. */
export interface SlotStats {
  readonly slot: number;
  readonly incarnation: number;
  readonly allocCount: number;
  readonly freeCount: number;
  readonly cachedBytes: number;
  /**
   * Of allocs that no magazine could serve (refills, waits for locks, larger blocks); one in 251 of
   * a thread's slow calls is timed. What a magazine serves takes some nanoseconds, and is not.
   */
  readonly slowAllocLatency: LatencyStats;
  readonly self: boolean;
}

/**
 * What a heap has done and holds, summed over its threads, the dead ones included. While a thread
 * is inside the heap, what it is moving may be counted twice or not at all: a count of live blocks
 * may then even be below 0.
 */
export interface HeapStats {
  /** Bytes of pages that users can get. */
  readonly totalBytes: number;
  /** Bytes of live blocks, by the size of the block. */
  readonly allocatedBytes: number;
  readonly liveBlocks: number;
  /** Most bytes ever in live blocks and magazines at once; not less than the peak of live. */
  readonly peakBytes: number;
  readonly pageBytes: number;
  readonly pages: number;
  readonly freePages: number;
  readonly peakPages: number;
  readonly metadataBytes: number;
  readonly allocCount: number;
  readonly freeCount: number;
  readonly failureCount: number;
  readonly oomEvents: number;
  /** Of these, requests that `heap.faults` has refused. */
  readonly injectedFailures: number;
  readonly doubleFrees: number;
  readonly invalidFrees: number;
  readonly corruptions: number;
  /** Failures / attempts. */
  readonly failureRate: number;
  /** The share of slabs' bytes that is in no live block: free, cached, or behind the last block. */
  readonly fragmentationRatio: number;
  readonly mode: Mode;
  readonly zones: readonly ZoneStats[];
  readonly classes: readonly ClassStats[];
  readonly slots: readonly SlotStats[];
  readonly transactions: { readonly committed: number; readonly rolledBack: number };
  readonly lockContention: number;
  readonly lockWaits: number;
  /** What was done for allocations that found no memory. */
  readonly reclaim: ReclaimStats;
  /** For how long somebody waited for memory. */
  readonly pressure: PressureStats;
  /** Of blocks that threads share. */
  readonly references: ReferenceStats;
  /** Of threads that died without detaching. */
  readonly recoveries: RecoveryStats;
}

export function statsOf(on: Attachment): HeapStats {
  const { memory, layout, geometry } = on;
  const { pageBytes } = on.map;
  const zones = ZONE_NAMES.map((name, i) => zoneStats(on, name, i));
  const magazines = magazinesOf(on);
  const classes = geometry.classes.map((_, i) => classStats(on, i + 1, magazines));
  const slots = magazines.map((of) => slotStats(on, of));
  const tallies = talliesOf(on);
  const { allocCount, failureCount } = tallies;
  const locks = [...zones.map((z) => z.lock), ...classes.map((c) => c.lock), ...headerLocks(on)];
  const pages = layout.endPage - layout.firstPage;
  return {
    totalBytes: pages * pageBytes,
    ...liveTotals(on, classes),
    peakBytes: memory.load(HEADER.OUT_PEAK) * 16,
    pageBytes,
    pages,
    freePages: pages - usedPages(memory, layout.zones),
    peakPages: memory.load(HEADER.PEAK),
    metadataBytes: geometry.byteEnd - layout.metadataByte,
    ...tallies,
    failureRate: rate(failureCount, failureCount + allocCount),
    fragmentationRatio: slackOf(on, classes),
    mode: modeIn(memory),
    zones,
    classes,
    slots,
    lockContention: sum(locks.map((l) => l.contended)),
    lockWaits: sum(locks.map((l) => l.waits)),
    pressure: pressureOf(on),
    references: referenceStats(on),
    recoveries: new Notices(memory).stats(),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

function lockStats(on: Attachment, word: number): LockStats {
  const { memory } = on;
  const unsigned = (at: number) => memory.get(at) >>> 0;
  return { contended: unsigned(word + LOCK.CONTENDED), waits: unsigned(word + LOCK.WAITS) };
}

function headerLocks(on: Attachment): LockStats[] {
  const { SLOT_LOCK, ROOT_LOCK, RECOVERY_LOCK, REFERENCES_LOCK, POOL_LOCK, SIMPLE_LOCK } = HEADER;
  const all = [SLOT_LOCK, ROOT_LOCK, RECOVERY_LOCK, REFERENCES_LOCK, POOL_LOCK, SIMPLE_LOCK];
  return all.map((word) => lockStats(on, word));
}

/** The magazines of every taken slot. */
function magazinesOf(on: Attachment): Magazines[] {
  const slots = Array.from({ length: on.geometry.maxSlots }, (_, slot) => slot);
  return slots
    .filter((slot) => on.table.isTaken(slot))
    .map((slot) => new Magazines(on.states, on.layout, on.geometry.pageShift, slot));
}

function zoneStats(on: Attachment, name: ZoneName, index: number): ZoneStats {
  const { memory, layout, map } = on;
  const record = layout.zones + index * ZONE.WORDS;
  const first = memory.get(record + ZONE.FIRST);
  const end = memory.get(record + ZONE.END);
  const free = on.zones.list[index]?.buddy.counts() ?? [];
  return {
    name,
    startPtr: first * map.pageBytes,
    endPtr: end * map.pageBytes,
    pages: end - first,
    freePages: memory.get(record + ZONE.FREE),
    peakPages: memory.get(record + ZONE.PEAK),
    lowReservePages: memory.get(record + ZONE.LOW),
    watermarks: watermarksOf(end - first),
    externalFragmentation: free.map((_, order) => externalFragmentation(free, order)),
    fragmentationIndex: free.map((_, order) => fragmentationIndex(free, order)),
    lock: lockStats(on, record + ZONE.LOCK),
  };
}

/** The share of the free pages that lie in blocks of a lower order; 0 when nothing is free. */
export function externalFragmentation(freeBlocks: readonly number[], order: number): number {
  const pages = freeBlocks.map((count, k) => count * 2 ** k);
  const total = sum(pages);
  return total === 0 ? 0 : sum(pages.slice(0, order)) / total;
}

/**
 * Linux's fragmentation index (mm/vmstat.c, after Gorman): -1 when a block of the order is free;
 * else near 0 when memory is short and near 1 when it is only in pieces.
 */
export function fragmentationIndex(freeBlocks: readonly number[], order: number): number {
  if (sum(freeBlocks.slice(order)) > 0) return -1;
  const blocks = sum(freeBlocks);
  const pages = sum(freeBlocks.map((count, k) => count * 2 ** k));
  return blocks === 0 ? 0 : 1 - (1 + pages / 2 ** order) / blocks;
}

function classStats(on: Attachment, id: number, magazines: readonly Magazines[]): ClassStats {
  const { memory, layout, geometry } = on;
  const record = layout.classes + id * CLASS.WORDS;
  const shape = geometry.classes[id - 1];
  const inSlots = sum(magazines.map((of) => of.countOf(id)));
  const cachedBlocks = memory.get(record + DEPOT_BLOCKS) + inSlots;
  const freeBlocks = memory.get(record + FREE);
  return {
    blockBytes: (shape?.granules ?? 0) * 16,
    liveBlocks: memory.get(record + CARVED) - freeBlocks - cachedBlocks,
    cachedBlocks,
    freeBlocks,
    slabs: memory.get(record + SLABS),
    lock: lockStats(on, record + CLASS.LOCK),
  };
}

function slotStats(on: Attachment, of: Magazines): SlotStats {
  const counters = new Counters(on.memory, on.layout, of.slot);
  const bytes = on.geometry.classes.map((shape, i) => of.countOf(i + 1) * shape.granules * 16);
  const counts = countsOf(counters);
  return {
    slot: of.slot,
    incarnation: on.table.incarnationOf(of.slot),
    allocCount: counters.get(ALLOCS),
    freeCount: counters.get(FREES),
    cachedBytes: sum(bytes),
    slowAllocLatency: { ...latencyOf(counts), counts },
    self: of.slot === on.seat.slot,
  };
}

function liveTotals(on: Attachment, classes: readonly ClassStats[]) {
  const { memory, layout } = on;
  const zone = (word: number) =>
    sum(ZONE_NAMES.map((_, i) => memory.get(layout.zones + i * ZONE.WORDS + word)));
  const inClasses = sum(classes.map((c) => c.liveBlocks * c.blockBytes));
  const large = zone(ZONE.LARGE_PAGES) * on.map.pageBytes;
  const blocks = sum(classes.map((c) => c.liveBlocks));
  return {
    allocatedBytes: inClasses + large + memory.get(HEADER.SIMPLE_GRANULES) * 16,
    liveBlocks: blocks + zone(ZONE.LARGE_RUNS) + memory.get(HEADER.SIMPLE_BLOCKS),
  };
}

function slackOf(on: Attachment, classes: readonly ClassStats[]): number {
  const record = (i: number) => on.layout.classes + (i + 1) * CLASS.WORDS;
  const pages = sum(classes.map((_, i) => on.memory.get(record(i) + PAGES)));
  const live = sum(classes.map((c) => c.liveBlocks * c.blockBytes));
  return pages === 0 ? 0 : 1 - live / (pages * on.map.pageBytes);
}
