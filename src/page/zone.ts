// Zones: DMA (the buffer's first 16 MiB), Normal, and High (from 2 GiB, where addresses leave
// int32). Each is a page range with its own buddy system and its own lock. Whoever asks names the
// zone preferred; when that is empty the request falls back, and then leaves a reserve (LOW) in the
// zone it falls into, so that ordinary traffic cannot use up the DMA zone.
//
//   'high'    High → Normal → DMA            'dma'   DMA and nothing else
//   'normal'  Normal → DMA
//   (none)    Normal → High → DMA: high addresses are boxed doubles to V8, so they come late
//
// A zone without pages is skipped, and then the next one counts as the preferred one.

import type { Layout } from '../word/geometry.ts';
import { HEADER, LOCK, ZONE } from '../word/layout.ts';
import { Lock } from '../word/lock.ts';
import { raiseTo, type Memory } from '../word/memory.ts';
import { Buddy } from './buddy.ts';
import type { PageMap } from './pagemap.ts';

const { COUNT, WORDS, FIRST, END, LOW, PEAK, LARGE_RUNS, LARGE_PAGES } = ZONE;
const { USED, PEAK: HEAP_PEAK, DMA_END, HIGH_START } = HEADER;

export type ZoneName = 'dma' | 'normal' | 'high';
export const ZONE_NAMES: readonly ZoneName[] = ['dma', 'normal', 'high'];

/** Zones in the order in which a request tries them. */
export const PREFERENCES = Object.freeze({
  any: [1, 2, 0],
  high: [2, 1, 0],
  normal: [1, 0],
  dma: [0],
});

export class Zone {
  readonly memory: Memory;
  readonly lock: Lock;
  readonly buddy: Buddy;
  /** Word index of the zone's record. */
  readonly record: number;
  readonly pages: number;

  constructor(map: PageMap, record: number, token: number) {
    this.memory = map.memory;
    this.record = record;
    this.lock = new Lock(map.memory, record + LOCK.WORD, token);
    this.buddy = new Buddy(map, record);
    this.pages = this.buddy.end - this.buddy.first;
  }

  /** Pages that a request must leave free here: none if it prefers this zone. */
  reserveFor(preferred: boolean): number {
    return preferred ? 0 : this.memory.get(this.record + LOW);
  }

  /** Takes a run if `reserve` pages stay free; its first page, or 0. */
  alloc(pages: number, alignOrder: number, reserve: number): number {
    this.lock.lock();
    const page = this.allocLocked(pages, alignOrder, reserve);
    this.lock.unlock();
    return page;
  }

  allocLocked(pages: number, alignOrder: number, reserve: number): number {
    if (this.buddy.freePages() - pages < reserve) return 0;
    const page = this.buddy.allocLocked(pages, alignOrder);
    if (page !== 0) this.used(pages);
    return page;
  }

  /** Counts a run as large, or changes how many pages large runs have. */
  countLargeLocked(runs: number, pages: number): void {
    const { memory, record } = this;
    memory.set(record + LARGE_RUNS, memory.get(record + LARGE_RUNS) + runs);
    memory.set(record + LARGE_PAGES, memory.get(record + LARGE_PAGES) + pages);
  }

  free(page: number): void {
    this.lock.lock();
    this.freeLocked(page);
    this.lock.unlock();
  }

  /** Gives a run back; returns its pages. */
  freeLocked(page: number): number {
    const pages = this.buddy.freeLocked(page);
    this.used(-pages);
    return pages;
  }

  /** Changes the run at `page` to `pages` where it stands; false if its neighbour is in use. */
  resizeLocked(page: number, from: number, pages: number): boolean {
    let done = true;
    if (pages < from) this.buddy.shrinkLocked(page, pages);
    else if (pages > from) done = this.buddy.growLocked(page, pages);
    if (done) this.used(pages - from);
    return done;
  }

  /** Under the zone's lock; USED is shared by the zones, so it is added to atomically. */
  private used(pages: number): void {
    const { memory, record } = this;
    raiseTo(memory, HEAP_PEAK, memory.add(USED, pages) + pages);
    const inUse = this.pages - this.buddy.freePages();
    if (inUse > memory.get(record + PEAK)) memory.set(record + PEAK, inUse);
  }
}

export class Zones {
  readonly list: readonly Zone[];
  readonly map: PageMap;

  constructor(map: PageMap, layout: Layout, token: number) {
    this.map = map;
    this.list = ZONE_NAMES.map((_, i) => new Zone(map, layout.zones + i * WORDS, token));
  }

  /** Takes a run by preference; its first page, or 0 when no zone may give it. */
  alloc(pages: number, alignOrder: number, preference: readonly number[]): number {
    const first = this.firstOf(preference);
    for (const index of preference) {
      const page = this.allocIn(index, pages, alignOrder, index === first);
      if (page !== 0) return page;
    }
    return 0;
  }

  /** Takes a run of one zone; from one that is not preferred, only above its reserve. */
  allocIn(index: number, pages: number, alignOrder: number, preferred: boolean): number {
    const zone = this.list[index] as Zone;
    return zone.pages === 0 ? 0 : zone.alloc(pages, alignOrder, zone.reserveFor(preferred));
  }

  free(page: number): void {
    this.of(page).free(page);
  }

  /** The first zone of a preference that has pages at all. */
  firstOf(preference: readonly number[]): number {
    return preference.find((index) => (this.list[index] as Zone).pages > 0) ?? 0;
  }

  /** Index of the zone in which a page lies. */
  indexOf(page: number): number {
    const { list } = this;
    if (page < (list[0] as Zone).buddy.end) return 0;
    return page < (list[1] as Zone).buddy.end ? 1 : 2;
  }

  of(page: number): Zone {
    return this.list[this.indexOf(page)] as Zone;
  }
}

/** Writes the zones' bounds and reserves and makes all their pages free; once, by the creator. */
export function formatZones(map: PageMap, layout: Layout): void {
  const { memory, firstPage, endPage } = map;
  const clamp = (page: number) => Math.min(Math.max(page, firstPage), endPage);
  const dmaEnd = clamp(memory.get(DMA_END));
  const highStart = Math.max(clamp(memory.get(HIGH_START)), dmaEnd);
  const bounds = [firstPage, dmaEnd, highStart, endPage];
  for (let i = 0; i < COUNT; i++) {
    const record = layout.zones + i * WORDS;
    const first = bounds[i] as number;
    const end = bounds[i + 1] as number;
    memory.set(record + FIRST, first);
    memory.set(record + END, end);
    memory.set(record + LOW, (end - first) >>> 4);
    new Buddy(map, record).format();
  }
}
