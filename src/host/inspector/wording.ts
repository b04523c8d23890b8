// How the figures of a look are put into words, for the page and for the terminal alike. Knows
// neither Node nor a browser: both load it.

import type { ZoneMap } from './pages.ts';
import type { Picture } from './look.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB'];
const STEPS = ['', 'k', 'M', 'G'];
const ZERO = 48;
/** The last bound of slot/latency.ts, which the page cannot load. */
const LONGEST = 2 ** 18;
/** As in pages.ts, which neither. */
const LARGE = 64;
const SIMPLE = 65;

export type Tier = 'free' | 'slab' | 'large' | 'simple';

export const TIERS: Readonly<Record<Tier, string>> = {
  free: 'free, the buddy’s',
  slab: 'slab',
  large: 'large run',
  simple: 'simple heap',
};

/** One cell of the map, its characters read. */
export interface CellLook {
  readonly tier: Tier;
  /** Of a slab's class, 1..63; 0 for other tiers. */
  readonly id: number;
  /** 0..9. */
  readonly fullness: number;
  /** Of whom a live block is that was found there; -1 is nobody, or not tracked. */
  readonly owner: number;
}

export function bytesText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** Three digits and a step: 987, 12.3k, 4.56M. */
export function countText(count: number): string {
  let step = 0;
  let value = count;
  for (; value >= 999.5 && step < STEPS.length - 1; step++) value /= 1000;
  const digits = step === 0 ? (value < 10 && !Number.isInteger(value) ? 1 : 0) : digitsOf(value);
  return `${value.toFixed(digits)}${STEPS[step] ?? ''}`;
}

function digitsOf(value: number): number {
  return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** A bound of the times that are counted; 0 is of none. */
export function latencyText(microseconds: number): string {
  if (microseconds === 0) return '–';
  if (microseconds >= LONGEST) return `> ${latencyText(LONGEST / 2)}`;
  if (microseconds < 1000) return `${String(microseconds)} µs`;
  const milliseconds = microseconds / 1000;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** A worker's name: its seat, and the thread where that is known. */
export function workerText(worker: { slot: number; threadId: number; self: boolean }): string {
  const thread = worker.threadId > 0 ? `, thread ${String(worker.threadId)}` : '';
  return `slot ${String(worker.slot)}${worker.self ? ' (here)' : thread}`;
}

export function cellOf({ kinds, fullness, owners }: ZoneMap, index: number): CellLook {
  const kind = kinds.charCodeAt(index) - ZERO;
  const tier = tierOf(kind);
  return {
    tier,
    id: tier === 'slab' ? kind : 0,
    fullness: fullness.charCodeAt(index) - ZERO,
    owner: owners === '' ? -1 : owners.charCodeAt(index) - ZERO - 1,
  };
}

function tierOf(kind: number): Tier {
  if (kind === 0) return 'free';
  return kind === LARGE ? 'large' : kind === SIMPLE ? 'simple' : 'slab';
}

/** The cell in a sentence. */
export function cellText(picture: Picture, zone: ZoneMap, index: number): string {
  const { cellBytes } = picture.map;
  const at = zone.startPtr + index * cellBytes;
  const { tier, id, fullness, owner } = cellOf(zone, index);
  const place = `${zone.name} zone, ${bytesText(cellBytes)} at ${bytesText(at)}`;
  if (tier === 'free') return `${place}: ${TIERS.free}`;
  const size = tier === 'slab' ? `s of ${bytesText(picture.sizes[id - 1] ?? 0)} blocks` : '';
  const full = tier === 'large' ? '' : `, about ${shareText(fullness / 9)} in use`;
  const whose = owner < 0 ? '' : `, owner slot ${String(owner)}`;
  return `${place}: ${TIERS[tier]}${size}${full}${whose}`;
}

/** Bytes of the map's cells by tier, for those who read a table. */
export function tierBytes(zone: ZoneMap, cellBytes: number): Record<Tier, number> {
  const sums = { free: 0, slab: 0, large: 0, simple: 0 };
  for (let index = 0; index < zone.kinds.length; index++) {
    const start = zone.startPtr + index * cellBytes;
    sums[cellOf(zone, index).tier] += Math.min(cellBytes, zone.endPtr - start);
  }
  return sums;
}

/** The heap in a few sentences, for who listens. */
export function summaryText({ headline: h, workers, recoveries, health }: Picture): string {
  const bytes = `${bytesText(h.liveBytes)} of ${bytesText(h.totalBytes)}`;
  const live = `${bytes} live in ${countText(h.liveBlocks)} blocks`;
  const rates = `${countText(h.allocRate)} allocations and ${countText(h.freeRate)} frees a second`;
  const crew = `${String(workers.length)} ${workers.length === 1 ? 'thread' : 'threads'} attached`;
  const deaths = `${String(recoveries.count)} dead recovered`;
  const state = health.length === 0 ? 'healthy' : `not healthy: ${health.join('; ')}`;
  return `${live}. ${rates}. ${crew}, ${deaths}. The heap is ${state}.`;
}
