// The page map: one record for every page that users can get, out of line, so that no overrun of a
// user's block reaches it. Page numbers are the buffer's, so page n lies at n << pageShift and a
// buddy is one exclusive-or away. Zero is no page: the heap's first pages hold its metadata.
//
// RUN is the truth of the buddy system and belongs to the zone's lock; the rest is a slab's or an
// arena's and belongs to the class or the simple lock while the run is in use (see layout.ts).

import type { Layout } from '../word/geometry.ts';
import { GRANULE, ZONE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';

const { WORDS, NEXT, PREV, RUN } = PAGE;

export class PageMap {
  readonly memory: Memory;
  readonly pageShift: number;
  readonly pageBytes: number;
  readonly firstPage: number;
  readonly endPage: number;
  /** Granule number = page number << this. */
  readonly granuleShift: number;
  private readonly origin: number;

  constructor(memory: Memory, layout: Layout, pageShift: number) {
    this.memory = memory;
    // `| 0` makes small integers of them: V8 keeps what a division gave as boxed doubles.
    this.pageShift = pageShift | 0;
    this.pageBytes = 1 << pageShift;
    this.firstPage = layout.firstPage | 0;
    this.endPage = layout.endPage | 0;
    this.granuleShift = (pageShift - GRANULE.SHIFT) | 0;
    this.origin = (layout.pageMap - layout.firstPage * WORDS) | 0;
  }

  /** Word index of a page's record. */
  record(page: number): number {
    return this.origin + page * WORDS;
  }

  get(page: number, word: number): number {
    return this.memory.get(this.record(page) + word);
  }

  set(page: number, word: number, value: number): void {
    this.memory.set(this.record(page) + word, value);
  }

  /** The RUN word: > 0 a used run of so many pages, < 0 free, of order -1 - RUN, 0 inside. */
  run(page: number): number {
    return this.get(page, RUN);
  }

  setRun(page: number, run: number): void {
    this.set(page, RUN, run);
  }

  /** Pages of the run or free block that starts here; 0 when none does. */
  lengthAt(page: number): number {
    const run = this.run(page);
    return run < 0 ? 1 << (-1 - run) : run;
  }

  /** Whether the page lies in a free block. Without the zone's lock the answer may be old. */
  isFree(page: number): boolean {
    for (let order = 0; order < ZONE.ORDERS; order++) {
      const start = page & (-1 << order);
      if (start < this.firstPage) return false;
      // RACE: the caller without a lock only words a message with it.
      const run = this.run(start);
      if (run !== 0) return -1 - run >= order;
    }
    return false;
  }

  /** Puts `page` first on the doubly linked list whose head is the word at `head`. */
  link(head: number, page: number): void {
    const first = this.memory.get(head);
    this.set(page, NEXT, first);
    this.set(page, PREV, 0);
    if (first !== 0) this.set(first, PREV, page);
    this.memory.set(head, page);
  }

  unlink(head: number, page: number): void {
    const next = this.get(page, NEXT);
    const prev = this.get(page, PREV);
    if (next !== 0) this.set(next, PREV, prev);
    if (prev === 0) this.memory.set(head, next);
    else this.set(prev, NEXT, next);
  }
}
