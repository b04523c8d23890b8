// Zones: DMA (the buffer's first 16 MiB), Normal, and High (from 2 GiB, where addresses leave
// int32). Each is a page range with its own buddy system and its own lock. Whoever asks names the
// zone preferred; when that is empty the request falls back, and then leaves a reserve (LOW) in the
// zone it falls into, so that ordinary traffic cannot use up the DMA zone.
//
//   'high'    High → Normal → DMA            'dma'   DMA and nothing else
//   'normal'  Normal → DMA
//   (none)    Normal → High → DMA: high addresses are boxed doubles to V8, so they come late
//
// A seat with a zone of its own (affinity) has that one first when it names none, without reserve.
//
// A zone without pages is skipped, and then the next one counts as the preferred one.

import { HeapError } from '../word/errors.ts';
import type { Layout } from '../word/geometry.ts';
import { HEADER, LOCK, ZONE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Guarded, Lock, Locks } from '../word/lock.ts';
import { raiseTo, type Memory } from '../word/memory.ts';
import { Buddy, type Claim } from './buddy.ts';
import type { PageMap } from './pagemap.ts';

const { COUNT, WORDS, FIRST, END, LOW, USED, PEAK, LARGE_RUNS, LARGE_PAGES, TOUCHED } = ZONE;
const { PEAK: HEAP_PEAK, DMA_END, HIGH_START } = HEADER;
const { OWNER } = PAGE;

/** A zone: below 16 MiB, below 2 GiB, and the rest. */
export type ZoneName = 'dma' | 'normal' | 'high';
export const ZONE_NAMES: readonly ZoneName[] = ['dma', 'normal', 'high'];

/** Zones in the order in which a request tries them. */
export const PREFERENCES = Object.freeze({
  any: [1, 2, 0],
  high: [2, 1, 0],
  normal: [1, 0],
  dma: [0],
});

/** What a zone has to know of the blocks above it. */
export interface LargeRuns {
  /** Whether the run that starts at `page` is a live large one, by its block's state. */
  isLargeAt(page: number): boolean;
  /** Settles the journal entry that the word `at` names, if it names one (statemap.ts). */
  settleEntry(at: number): void;
}

/** What large runs are cut with: they belong to nobody but their holder. */
const LARGE_OWNER = 0;

export class Zone implements Guarded {
  readonly memory: Memory;
  readonly lock: Lock;
  readonly buddy: Buddy;
  /** Word index of the zone's record. */
  readonly record: number;
  readonly pages: number;
  /** What a large run is cut with. */
  readonly forLarge: Claim;
  private readonly map: PageMap;
  private readonly zones: number;
  private readonly blocks: LargeRuns;

  /** Zone number `index` of those whose records begin at word `zones`. */
  constructor(map: PageMap, zones: number, index: number, locks: Locks, blocks: LargeRuns) {
    const record = zones + index * WORDS;
    this.map = map;
    this.zones = zones;
    this.memory = map.memory;
    this.record = record;
    this.blocks = blocks;
    this.lock = locks.at(record + LOCK.WORD, this);
    this.buddy = new Buddy(map, record);
    this.pages = this.buddy.end - this.buddy.first;
    this.forLarge = { owner: LARGE_OWNER, note: record + TOUCHED };
  }

  /** Pages that a request must leave free here: none if it prefers this zone. */
  reserveFor(preferred: boolean): number {
    return preferred ? 0 : this.memory.get(this.record + LOW);
  }

  /** Takes a run if `reserve` pages stay free; its first page, or 0. */
  alloc(pages: number, reserve: number, claim: Claim): number {
    this.lock.lock();
    const page = this.allocLocked(pages, 0, reserve, claim);
    this.lock.unlock();
    return page;
  }

  allocLocked(pages: number, alignOrder: number, reserve: number, claim: Claim): number {
    if (this.buddy.freePages() - pages < reserve) return 0;
    const page = this.buddy.allocLocked(pages, alignOrder, claim);
    if (page !== 0) this.used();
    return page;
  }

  /** A large run's state is about to change: named, so that a death cannot lose it. */
  touchLocked(page: number): void {
    this.memory.set(this.record + TOUCHED, page);
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

  freeLocked(page: number): void {
    this.buddy.freeLocked(page);
    this.memory.set(this.record + USED, this.pages - this.buddy.freePages());
  }

  /** Changes the run at `page` to `pages` where it stands; false if its neighbour is in use. */
  resizeLocked(page: number, from: number, pages: number): boolean {
    let done = true;
    if (pages < from) this.buddy.shrinkLocked(page, pages);
    else if (pages > from) done = this.buddy.growLocked(page, pages);
    if (done) this.used();
    return done;
  }

  /** The dead may have left runs half cut, lists half linked, and a large run in nobody's name. */
  repairLocked(): void {
    const page = this.memory.get(this.record + TOUCHED);
    this.buddy.rebuildLocked();
    this.blocks.settleEntry(this.record + ZONE.ENTRY);
    const inUse = page !== 0 && this.map.run(page) > 0;
    const nobodys = inUse && this.map.get(page, OWNER) === LARGE_OWNER;
    if (nobodys && !this.blocks.isLargeAt(page)) this.buddy.freeLocked(page);
    this.used();
    this.countLargeAnew();
  }

  private countLargeAnew(): void {
    const { memory, record, map, buddy } = this;
    let runs = 0;
    let pages = 0;
    for (let page = buddy.first; page < buddy.end && map.lengthAt(page) > 0;) {
      const large = map.run(page) > 0 && this.blocks.isLargeAt(page);
      if (large) runs++;
      if (large) pages += map.run(page);
      page += map.lengthAt(page);
    }
    memory.set(record + LARGE_RUNS, runs);
    memory.set(record + LARGE_PAGES, pages);
  }

  /** After each change: pages in use, and the peaks. */
  private used(): void {
    const { memory, record } = this;
    const inUse = this.pages - this.buddy.freePages();
    memory.set(record + USED, inUse);
    if (inUse > memory.get(record + PEAK)) memory.set(record + PEAK, inUse);
    raiseTo(memory, HEAP_PEAK, usedPages(memory, this.zones));
  }
}

/** Pages in use in all zones, whose records begin at word `zones`. */
export function usedPages(memory: Memory, zones: number): number {
  let used = 0;
  for (let record = zones; record < zones + COUNT * WORDS; record += WORDS) {
    // RACE: other zones go on; each figure was true a moment ago, and none decides anything.
    used += memory.get(record + USED);
  }
  return used;
}

export class Zones {
  readonly list: readonly Zone[];
  readonly map: PageMap;
  /** Whether this seat has a zone of its own. */
  hasHome = false;
  /** Where its requests look that name none; and where as long as they have found something. */
  home: readonly number[] = PREFERENCES.any;
  near: readonly number[] = PREFERENCES.any;

  constructor(map: PageMap, layout: Layout, locks: Locks, blocks: LargeRuns) {
    this.map = map;
    this.list = ZONE_NAMES.map((_, i) => new Zone(map, layout.zones, i, locks, blocks));
  }

  /** This seat's requests that name no zone look there first; null: as anybody's. */
  settleIn(zone: ZoneName | null): void {
    if (zone !== null && !ZONE_NAMES.includes(zone)) {
      throw new HeapError('BAD_OPTION', `a zone is ${ZONE_NAMES.join(', ')}, or null for any`);
    }
    this.hasHome = zone !== null;
    const first = ZONE_NAMES.indexOf(zone ?? 'normal');
    this.home = [first, ...PREFERENCES.any.filter((index) => index !== first)];
    this.near = this.hasHome ? [first] : this.home;
  }

  /** The zones that a request looks in, in order. */
  orderFor(zone: ZoneName | undefined): readonly number[] {
    return zone === undefined ? this.home : PREFERENCES[zone];
  }

  /** Takes a run by preference; its first page, or 0 when no zone may give it. */
  alloc(pages: number, preference: readonly number[], claim: Claim): number {
    const first = this.firstOf(preference);
    for (const index of preference) {
      const page = this.allocIn(index, pages, index === first, claim);
      if (page !== 0) return page;
    }
    return 0;
  }

  /** Takes a run of one zone; from one that is not preferred, only above its reserve. */
  allocIn(index: number, pages: number, preferred: boolean, claim: Claim): number {
    const zone = this.list[index] as Zone;
    return zone.pages === 0 ? 0 : zone.alloc(pages, zone.reserveFor(preferred), claim);
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
