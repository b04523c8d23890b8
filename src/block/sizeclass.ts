// Size classes: which block serves which request.
//
// Slab classes: 16, 32, 48, … 128 in steps of a granule, then four a doubling to 4 KiB (at most a
// quarter more than was asked, 8 % of the block on average), then eight a doubling to 8 KiB. The
// last eight are there because real programs ask for a page and a header: SQLite's 4,368 bytes in
// runs of whole pages took 1.60 bytes for each byte asked, in slabs of these classes 1.04.
//
// Then whole pages: 3, 4, … 16 of them, four a doubling, so 8 KiB and a byte take 12. Their first
// slabs have one block each. Beyond, a request goes straight to a zone and gets whole pages.
//
// Not so 128, 256 and 512 KiB and 1 MiB in a heap of 256 times that. Such a class serves what takes
// exactly its pages, so it wastes nothing; its slabs have one block each, and a pair out of a
// magazine takes 3 to 5 ns instead of 260. That is for programs whose buffers are powers of two: of
// 155 requests for more than 64 KiB in the shipped traces, one is of these sizes.
//
// The class table turns a size into a class with one byte read. It lies in shared memory because
// that is how a mode switch or a checked heap takes the fast path away from every thread at once:
// a table of zeroes names class 0, whose magazines are always empty.

import type { ClassGeometry } from '../word/geometry.ts';
import { GRANULE, MAGAZINE, TABLE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';

const { SMALL_MAX, RUNS, RUN_PAGES_MAX } = TABLE;
const { SHIFT, BYTES } = GRANULE;

/** Blocks in a slab: the page map has so many bits for it. */
const SLAB_BLOCKS_MAX = 256;
/** A large slab has up to so many pages, or so many blocks, whichever is more. */
const SLAB_PAGES_MAX = 16;
const LARGE_BLOCKS_MAX = 16;
/** Of up to two pages a magazine holds at least so many blocks, in larger heaps twice that. */
const MAGAZINE_BLOCKS_MIN = 4;
/** The largest block that serves what is smaller, too. */
const BLOCK_PAGES_MAX = 16;
/** The largest block of those that serve one number of pages; the heap is so much larger. */
const EXACT_BYTES_MAX = 2 ** 20;
const EXACT_SHARE = 256;
/** A magazine of blocks of more than two pages holds about so many bytes. */
const LARGE_MAGAZINE_BYTES = 65536;

/** Sizes from `least` to `most`, `steps` of them for each doubling, in whole granules. */
function* sizes(least: number, most: number, steps: number): Generator<number> {
  for (let size = least; size <= most;) {
    yield size;
    size += Math.max(BYTES, 2 ** Math.floor(Math.log2(size)) / steps);
  }
}

/** The fewest pages that waste at most a sixteenth behind their last block and hold two blocks. */
function slabPages(size: number, pageBytes: number): number {
  for (let pages = 1; pages < BLOCK_PAGES_MAX; pages++) {
    const bytes = pages * pageBytes;
    if (bytes >= 2 * size && (bytes % size) * 16 <= bytes) return pages;
  }
  return BLOCK_PAGES_MAX;
}

function slabClass(size: number, pageBytes: number, magazineBytes: number): ClassGeometry {
  const pages = slabPages(size, pageBytes);
  const pagesOf = (blocks: number) => Math.floor((blocks * size) / pageBytes);
  const large = Math.max(SLAB_PAGES_MAX, pagesOf(LARGE_BLOCKS_MAX));
  const most = Math.min(large, pagesOf(SLAB_BLOCKS_MAX));
  const least = magazineBytes < 2 ** 15 ? MAGAZINE_BLOCKS_MIN : 2 * MAGAZINE_BLOCKS_MIN;
  const capacity = Math.min(Math.max(Math.floor(magazineBytes / size), least), MAGAZINE.CAPACITY);
  const maxPages = Math.max(pages, most - (most % pages));
  return { granules: size / BYTES, pages, maxPages, capacity };
}

/** Blocks of so many whole pages, up to so many of them in a slab. */
function pagesClass(pages: number, pageBytes: number, blocks: number): ClassGeometry {
  const capacity = Math.max(1, Math.floor(LARGE_MAGAZINE_BYTES / (pages * pageBytes)));
  const granules = (pages * pageBytes) / BYTES;
  return { granules, pages, maxPages: blocks * pages, capacity };
}

/**
 * What a magazine holds of small blocks. With 32 KiB instead of 8 a mix of blocks up to 4 KiB takes
 * three quarters of the time, and real traces the same pages; with 64 KiB a seventh of the locks,
 * at which 64 threads on as many cores would first meet. A small heap cannot spare as much.
 */
function magazineBytesFor(heapBytes: number): number {
  return Math.min(Math.max(heapBytes / 2 ** 12, 2 ** 13), 2 ** 16);
}

/** The classes of a heap of so many bytes. Class c is entry c - 1. */
export function standardClasses(pageShift: number, heapBytes: number): ClassGeometry[] {
  const magazineBytes = magazineBytesFor(heapBytes);
  const pageBytes = 2 ** pageShift;
  const small = [...sizes(BYTES, pageBytes - 1, 4), ...sizes(pageBytes, 2 * pageBytes, 8)];
  const classes = small.map((size) => slabClass(size, pageBytes, magazineBytes));
  for (const pages of sizes(48, BLOCK_PAGES_MAX * BYTES, 4)) {
    classes.push(pagesClass(pages / BYTES, pageBytes, LARGE_BLOCKS_MAX));
  }
  const most = Math.min(EXACT_BYTES_MAX, heapBytes / EXACT_SHARE);
  for (let pages = 2 * BLOCK_PAGES_MAX; pages * pageBytes <= most; pages *= 2) {
    classes.push(pagesClass(pages, pageBytes, 1));
  }
  return classes;
}

/** Which class serves how many granules: the table's contents, and the slow path's own copy. */
export class SizeClasses {
  readonly list: readonly ClassGeometry[];
  /** Log2 of the granules in a page. */
  private readonly shift: number;
  private readonly byGranules: Uint8Array;
  /** Beyond those, classes that serve exactly so many pages. */
  private readonly byPages = new Uint8Array(RUN_PAGES_MAX + 1);

  constructor(list: readonly ClassGeometry[], pageShift: number) {
    this.list = list;
    this.shift = pageShift - SHIFT;
    const most = BLOCK_PAGES_MAX << this.shift;
    const largest = list.findLast(({ granules }) => granules <= most)?.granules ?? 0;
    this.byGranules = new Uint8Array(largest + 1);
    let from = 1;
    list.forEach(({ granules }, index) => {
      if (granules > most) this.byPages[granules >>> this.shift] = index + 1;
      else this.byGranules.fill(index + 1, from, granules + 1);
      from = granules + 1;
    });
  }

  /** The class that serves so many granules, or 0. */
  of(granules: number): number {
    if (granules < this.byGranules.length) return this.byGranules[granules] ?? 0;
    return this.byPages[((granules - 1) >>> this.shift) + 1] ?? 0;
  }

  /** The class that serves so many granules with every block on a multiple of `align`, or 0. */
  aligned(granules: number, align: number): number {
    for (let id = this.of(granules); id > 0 && id <= this.list.length; id++) {
      if ((this.list[id - 1]?.granules ?? 0) % align === 0) return id;
    }
    return 0;
  }

  /** Writes the class table; closed, zeroes, which send every request to the slow path. */
  writeTable(memory: Memory, open: boolean): void {
    for (let granules = 1; granules <= SMALL_MAX >> SHIFT; granules++) {
      // RACE: read by every thread's fast path; any past entry names a class that serves the size.
      memory.setByte(granules, open ? this.of(granules) : 0);
    }
    for (let pages = 1; pages <= RUN_PAGES_MAX; pages++) {
      // RACE: as above.
      memory.setByte(RUNS + pages, open ? this.of(pages << this.shift) : 0);
    }
  }
}
