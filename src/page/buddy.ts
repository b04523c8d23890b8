// A buddy system over one zone's pages: runs are cut from and merged into aligned blocks of
// 2^order pages (Knowlton 1965; Knuth, TAOCP 1, 2.5). A run may have any number of pages: what the
// block had too much is given back at once, piece by piece, so nothing is lost to rounding. Where
// no one block is long enough, free blocks that stand side by side make a run: an aligned block may
// be only a quarter of the free pages around it.
//
// The RUN words are the truth: reading them from the zone's first page, each says how far it is to
// the next, and every page inside reads 0. Splits and merges decide with one store (COMMIT): a
// split writes the pieces' words inside the old block, where nobody looks, and then shortens it; a
// merge writes the longer block and then clears the word it swallowed. The lists, AVAILABLE and
// FREE are derived from it: who takes the lock over from the dead makes them anew. Words that stand
// inside a run or block, written too early or not yet cleared, lie in the range DIRTY.
//
// A used run has an OWNER from its first moment on: the word is written before the run is cut. The
// word `note`, which the caller's lock guards, names the run before anybody else could: a run that
// was cut for the dead is found there (layout.ts, TRANSIT).
//
// All methods want the zone's lock. Equations:
//   sum of lengths over all starts == pages of the zone
//   FREE == sum of lengths over free starts

import { ZONE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';
import { FreeLists } from './freelists.ts';
import type { PageMap } from './pagemap.ts';

const { FIRST, END, DIRTY, DIRTY_PAGES } = ZONE;
const { OWNER } = PAGE;

/** For whom a run is cut. */
export interface Claim {
  /** What its OWNER word says from its first moment on. */
  readonly owner: number;
  /** The word that names it. */
  readonly note: number;
}

/** The smallest order whose block holds so many pages. */
export function orderOf(pages: number): number {
  return 32 - Math.clz32(pages - 1);
}

/** The largest order that may start at `at` and is no longer than `pages`. */
function orderAt(at: number, pages: number): number {
  const aligned = 31 - Math.clz32(at & -at);
  const fitting = 31 - Math.clz32(pages);
  return aligned < fitting ? aligned : fitting;
}

export class Buddy {
  private readonly map: PageMap;
  private readonly memory: Memory;
  private readonly zone: number;
  private readonly lists: FreeLists;
  readonly first: number;
  readonly end: number;

  /** A view of the zone whose record begins at word `zone`. */
  constructor(map: PageMap, zone: number) {
    this.map = map;
    this.memory = map.memory;
    this.zone = zone;
    this.lists = new FreeLists(map, zone);
    this.first = map.memory.get(zone + FIRST);
    this.end = map.memory.get(zone + END);
  }

  /** Makes all the zone's pages free; once, by the thread that creates the heap. */
  format(): void {
    if (this.end > this.first) this.addFree(this.first, this.end - this.first);
  }

  freePages(): number {
    return this.lists.freePages();
  }

  /** Takes a run of `pages` aligned to 2^alignOrder pages; its first page, or 0. */
  allocLocked(pages: number, alignOrder: number, claim: Claim): number {
    const fits = orderOf(pages);
    const order = this.lists.findOrder(fits > alignOrder ? fits : alignOrder);
    if (order < 0) return alignOrder === 0 ? this.allocSpanLocked(pages, claim) : 0;
    const page = this.lists.first(order);
    this.claim(page, claim);
    this.lists.remove(page, order);
    const length = 1 << order;
    this.dirty(page, length);
    if (pages < length) this.writeFree(page + pages, length - pages);
    this.map.setRun(page, pages); // COMMIT: the pieces behind it become visible with it
    if (pages < length) this.linkFree(page + pages, length - pages);
    return page;
  }

  /** Takes a run out of free blocks that stand side by side; what no one block holds. Or 0. */
  private allocSpanLocked(pages: number, claim: Claim): number {
    const page = pages > this.freePages() ? 0 : this.findSpan(pages);
    if (page === 0) return 0;
    this.claim(page, claim);
    const order = -1 - this.map.run(page);
    this.lists.remove(page, order);
    this.map.setRun(page, 1 << order); // COMMIT
    return this.growLocked(page, pages) ? page : 0;
  }

  /** Where free blocks side by side first have `pages`, or 0: a walk over all runs of the zone. */
  private findSpan(pages: number): number {
    let from = 0;
    for (let page = this.first; page < this.end;) {
      const length = this.map.lengthAt(page);
      if (length <= 0) return 0; // damage: validate names it
      if (this.map.run(page) > 0) from = 0;
      else if (from === 0) from = page;
      page += length;
      if (from !== 0 && page - from >= pages) return from;
    }
    return 0;
  }

  /** Gives back the run that starts at `page`; returns its pages. */
  freeLocked(page: number): number {
    const pages = this.map.run(page);
    this.dirty(page, pages);
    this.addFree(page, pages);
    this.mergeRange(page, pages);
    return pages;
  }

  /** Cuts the used run at `page` down to `pages`. */
  shrinkLocked(page: number, pages: number): void {
    const tail = this.map.run(page) - pages;
    this.dirty(page, pages + tail);
    this.writeFree(page + pages, tail);
    this.map.setRun(page, pages); // COMMIT
    this.linkFree(page + pages, tail);
    this.mergeRange(page + pages, tail);
  }

  /** Lengthens the used run at `page` to `pages` if what follows it is free. */
  growLocked(page: number, pages: number): boolean {
    const from = page + this.map.run(page);
    const to = page + pages;
    const reach = this.freeReach(from, to);
    if (reach === 0) return false;
    for (let at = from; at < reach; at += this.map.lengthAt(at)) {
      this.lists.remove(at, -1 - this.map.run(at));
    }
    this.dirty(page, reach - page);
    if (reach > to) this.writeFree(to, reach - to);
    const swallowed = this.startsBetween(from, to);
    this.map.setRun(page, pages); // COMMIT
    for (const at of swallowed) this.map.setRun(at, 0);
    if (reach > to) this.linkFree(to, reach - to);
    return true;
  }

  /** Makes everything anew that follows from the RUN words. */
  rebuildLocked(): void {
    const { map, lists } = this;
    lists.clear();
    for (let page = this.first; page < this.end;) {
      const length = map.lengthAt(page);
      if (length <= 0) return; // damage: validate names it
      this.cleanInside(page, length);
      if (map.run(page) < 0) lists.insert(page, -1 - map.run(page));
      page += length;
    }
    for (let page = this.first; page < this.end;) {
      page = map.run(page) < 0 ? this.merge(page) : page + map.run(page);
    }
  }

  /** Clears the words that a cut operation left inside [page, page + length). */
  private cleanInside(page: number, length: number): void {
    const dirty = this.memory.get(this.zone + DIRTY);
    const end = Math.min(page + length, dirty + this.memory.get(this.zone + DIRTY_PAGES));
    for (let at = Math.max(page + 1, dirty); at < end; at++) this.map.setRun(at, 0);
  }

  /** Free blocks of each order that fits the zone. Without the lock, as of a moment ago. */
  counts(): number[] {
    return this.lists.counts(this.end > this.first ? 32 - Math.clz32(this.end - this.first) : 0);
  }

  /** Bit k is set if a block of order k is free. */
  available(): number {
    return this.lists.available();
  }

  /** First page of the list of an order; 0 when it is empty. */
  firstFreeLocked(order: number): number {
    return this.lists.first(order);
  }

  private claim(page: number, { owner, note }: Claim): void {
    this.map.set(page, OWNER, owner);
    this.memory.set(note, page);
  }

  /** RUN words inside [page, page + pages) are about to change. */
  private dirty(page: number, pages: number): void {
    this.memory.set(this.zone + DIRTY, page);
    this.memory.set(this.zone + DIRTY_PAGES, pages);
  }

  /** Makes [at, at + pages) free blocks as long as alignment allows, without merging. */
  private addFree(at: number, pages: number): void {
    const first = orderAt(at, pages);
    this.writeFree(at + (1 << first), pages - (1 << first));
    this.map.setRun(at, -1 - first); // COMMIT: the first word makes the rest visible
    this.linkFree(at, pages);
  }

  private writeFree(at: number, pages: number): void {
    for (let left = pages, page = at; left > 0;) {
      const order = orderAt(page, left);
      this.map.setRun(page, -1 - order);
      page += 1 << order;
      left -= 1 << order;
    }
  }

  private linkFree(at: number, pages: number): void {
    const end = at + pages;
    for (let page = at; page < end; page += this.map.lengthAt(page)) {
      this.lists.insert(page, -1 - this.map.run(page));
    }
  }

  /** Merges each free block of a range that has just become free with its buddies. */
  private mergeRange(at: number, pages: number): void {
    const end = at + pages;
    for (let page = at; page < end;) page = this.merge(page);
  }

  /** Merges one free block upwards as far as it goes; returns the page behind the result. */
  private merge(from: number): number {
    let page = from;
    let order = -1 - this.map.run(page);
    let buddy = this.buddyOf(page, order);
    if (buddy < 0) return page + (1 << order);
    this.lists.remove(page, order);
    while (buddy >= 0) {
      this.lists.remove(buddy, order);
      const high = page < buddy ? buddy : page;
      page = page < buddy ? page : buddy;
      order++;
      this.dirty(page, 1 << order);
      this.map.setRun(page, -1 - order); // COMMIT
      this.map.setRun(high, 0);
      buddy = this.buddyOf(page, order);
    }
    this.lists.insert(page, order);
    return page + (1 << order);
  }

  /** The free buddy to merge with, or -1. */
  private buddyOf(page: number, order: number): number {
    const buddy = page ^ (1 << order);
    if (buddy < this.first || buddy + (1 << order) > this.end) return -1;
    return this.map.run(buddy) === -1 - order ? buddy : -1;
  }

  /** Where the free blocks from `from` on first reach `to`, or 0 if something is in between. */
  private freeReach(from: number, to: number): number {
    let at = from;
    while (at < to) {
      if (at >= this.end || this.map.run(at) >= 0) return 0;
      at += this.map.lengthAt(at);
    }
    return at;
  }

  private startsBetween(from: number, to: number): number[] {
    const starts: number[] = [];
    for (let at = from; at < to; at += this.map.lengthAt(at)) starts.push(at);
    return starts;
  }
}
