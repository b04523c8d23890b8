// THE MAP. One heap lives in one stretch of one SharedArrayBuffer, and this file draws all of it.
// Every other file names words by the records below; no offset is written anywhere else.
//
//   byteOffset ─┬───────────────────────────────────────────────┐
//               │ header      magic, geometry, totals, 4 locks  │  one line per group of words
//               │ roots       64 names → pointers               │
//               │ zones       DMA · Normal · High               │  a lock, free lists per order
//               │ classes     one record per size class         │  a lock, slabs, depot
//               │ slots       one record per attached thread    │  its magazines' tops; one for nobody
//               │ journals    reserved for transactions         │
//               │ magazines   a pool of 64-word arrays          │  60 blocks each
//               │ page map    one record per page               │  the buddy's and the slabs' truth
//               │ generations (checked heaps) a word a granule  │
//               │ counters    8 doubles per slot, 8 for all gone│
//               │ class table size → class                      │  bytes from here
//               │ state map   one byte per granule              │  the truth about every pointer
//   firstPage  ─┼───────────────────────────────────────────────┤
//               │ pages       what users get                    │
//   byteEnd    ─┴───────────────────────────────────────────────┘
//
// Each region has one access width for ever: words (int32), doubles or bytes. No word is read
// both plainly and through a wider or narrower view, so a race can never be a torn one.
//
// A request walks up this drawing only when the level above is empty: class table → the slot's
// magazine (plain reads and writes, no Atomics) → depot and slabs (the class lock) → zone (the
// zone lock) → pages. Granules are 16 bytes, and everything inside the heap is numbered in granules
// or pages of the *buffer*, so 2 GiB and 4 GiB are no walls: 16 GiB are 2^30 granules.
//
// Lock order: slot table, class (one at a time), simple heap, roots, zone (one at a time), pool.
//
// Geometry (page size, classes, slots, magazine sizes) is data, written once by `create` and read
// by `attach`: model tests run the same code with pages of 256 bytes.

export const MAGIC = 0x4d4f5441; // 'ATOM', little endian
export const VERSION = 1;

export const GRANULE = Object.freeze({ SHIFT: 4, BYTES: 16 });

//   word         writers               readers  access   if its writer dies midway
//   MAGIC…FLAGS  create                all      plain    never attached: READY is still 0
//   READY        create                attach   atomic   0: the buffer is no heap
//   MODE         setMode, slot lock    all      plain    valid: any value is a mode
//   USED, PEAK   holder of a zone lock stats    atomic   derived: sum of the zones
//   OUT, OUTPEAK whoever moves blocks  stats    atomic   derived: sum of the classes
//   POOL_*       pool lock             same     plain    derived: a magazine is free iff nobody has it
//   SIMPLE_*     simple lock           same     plain    derived: the state map has every boundary
export const HEADER = Object.freeze({
  MAGIC: 0,
  VERSION: 1,
  READY: 2,
  ID_LOW: 3,
  ID_HIGH: 4,
  PAGE_SHIFT: 5,
  MAX_SLOTS: 6,
  SLAB_CLASSES: 7,
  CLASSES: 8,
  MAGAZINES: 9,
  FIRST_PAGE: 10,
  END_PAGE: 11,
  DMA_END: 12,
  HIGH_START: 13,
  CHECKED: 14,
  MODE: 16,
  USED: 32,
  PEAK: 33,
  OUT: 34,
  OUT_PEAK: 35,
  SLOT_LOCK: 48,
  ROOT_LOCK: 52,
  POOL_LOCK: 64,
  POOL_NEXT: 68,
  POOL_FREE: 69,
  SIMPLE_LOCK: 80,
  SIMPLE_ARENAS: 84,
  SIMPLE_BLOCKS: 85,
  SIMPLE_GRANULES: 86,
  WORDS: 96,
});

//   LOCK         any                   any      atomic   names the dead: recovery rebuilds, then unlocks
//   CONTENDED…   the holder            stats    plain    valid: a count
export const LOCK = Object.freeze({ WORD: 0, CONTENDED: 1, WAITS: 2, WORDS: 4 });

/** A named root: a granule, then its name in UTF-8, four bytes a word, zero-padded. */
export const ROOT = Object.freeze({ COUNT: 64, GRANULE: 0, NAME: 1, NAME_BYTES: 60, WORDS: 16 });

//   FIRST, END, LOW            create     all   plain   immutable
//   FREE, PEAK, AVAILABLE      zone lock  same  plain   derived: the page map's RUN words
//   LARGE_RUNS, LARGE_PAGES    zone lock  same  plain   derived: state bytes LARGE
//   HEADS, COUNTS[order]       zone lock  same  plain   derived
export const ZONE = Object.freeze({
  LOCK: 0,
  FIRST: 4,
  END: 5,
  LOW: 6,
  FREE: 7,
  PEAK: 8,
  AVAILABLE: 9,
  LARGE_RUNS: 10,
  LARGE_PAGES: 11,
  HEADS: 16,
  COUNTS: 40,
  ORDERS: 24,
  WORDS: 64,
  COUNT: 3,
});

// Everything but the geometry line is the class lock's:
//
//   PARTIAL[zone]  slabs with a free block, doubly linked through the page map         derived
//   EMPTY          of them, without a block in use                                     derived
//   SLABS, PAGES   all slabs of the class (run classes: unused)                        derived
//   CARVED, FREE   blocks in slabs, of them free (run classes: runs held, 0)           derived
//   FULL…          the depot: magazines with blocks, and how many blocks are in them   derived
//   EMPTIES        the depot: magazines without blocks                                 derived
//
//   CARVED == FREE + DEPOT_BLOCKS + blocks in slots' magazines + live blocks
export const CLASS = Object.freeze({
  LOCK: 0,
  PARTIAL: 4,
  EMPTY: 7,
  SLABS: 8,
  PAGES: 9,
  CARVED: 10,
  FREE: 11,
  FULL: 12,
  FULL_COUNT: 13,
  DEPOT_BLOCKS: 14,
  EMPTIES: 15,
  GRANULES: 16,
  SLAB_PAGES: 17,
  MAX_PAGES: 18,
  CAPACITY: 19,
  KIND: 20,
  WORDS: 32,
  MAX: 63,
});

//   SEAT         by CAS, then the slot  all        atomic  names the dead
//   MOVING       the slot               recovery   plain   the magazine that is between two places
//   CACHES       the slot               the slot   plain   valid: the state byte decides each entry
export const SLOT = Object.freeze({ SEAT: 0, MOVING: 1, CACHES: 32, WORDS: 32 + 64 * 4, MAX: 128 });

/** A slot's magazines of one class: the word index of the top entry, of the other one's, … */
export const CACHE = Object.freeze({ TOP: 0, LIMIT: 1, PREVIOUS: 2, BATCH: 3, WORDS: 4, SHIFT: 2 });

// A magazine is 64 words on a 64-word boundary, so one word (TOP) says both which magazine it is
// (its high bits) and how far it is filled (its low six): entries stand in words 4..63, and a top
// whose low bits are 3 is an empty one. Its header is the depot's while it lies in the depot.
export const MAGAZINE = Object.freeze({
  NEXT: 0,
  COUNT: 1,
  TAG: 2,
  ENTRIES: 4,
  NONE: 3,
  CAPACITY: 60,
  WORDS: 64,
  MASK: 63,
});

//   RUN        zone lock                 zone lock   plain  the truth: > 0 used run of so many pages,
//                                                           < 0 free block of order -1 - RUN, 0 inside
//   NEXT, PREV zone lock while free,     same        plain  derived
//              class lock while a slab
//   HEAD       class lock                class lock  plain  the slab's first page, on each of its pages
//   OWNER      class or simple lock      same        plain  0 a run, 1..63 a slab's class, 64 an arena
//   FREE       class lock                class lock  plain  derived: blocks free in this slab
//   BITS       class lock                class lock  plain  derived: a set bit is a free block
export const PAGE = Object.freeze({
  RUN: 0,
  NEXT: 1,
  PREV: 2,
  HEAD: 3,
  OWNER: 4,
  FREE: 5,
  BITS: 6,
  BITS_WORDS: 8,
  WORDS: 14,
  ARENA: 64,
});

//   FREE       nothing here: free in its slab or run, or no block's start    class or zone lock
//   LARGE      a live run straight from a zone                               its holder; zone lock
//   SIMPLE_*   a block of the simple heap, live or free; END bounds an arena simple lock
//   DIGIT+d    inside a block of the simple heap: five bits of its length    simple lock
//   LIVE+c     handed out; c is the class                                    whoever holds the block
//   CACHED+s   in a magazine of slot s, or in one that s gave to the depot   slot s
export const STATE = Object.freeze({
  FREE: 0,
  LARGE: 1,
  SIMPLE_LIVE: 2,
  SIMPLE_FREE: 3,
  SIMPLE_END: 4,
  DIGIT: 32,
  LIVE: 64,
  CACHED: 128,
});

/** Doubles, so that none wraps: exact to 2^53. Only the slot writes its own. */
export const COUNTER = Object.freeze({
  ALLOCS: 0,
  FREES: 1,
  FAILURES: 2,
  OOMS: 3,
  DOUBLE_FREES: 4,
  INVALID_FREES: 5,
  CORRUPTIONS: 6,
  WORDS: 8,
});

/** Class table: bytes 0..512 by (size + 15) / 16, then bytes 513.. by pages. 0 is "no class". */
export const TABLE = Object.freeze({ SMALL_MAX: 8192, RUNS: 513, RUN_PAGES_MAX: 64, BYTES: 640 });

const ROOTS_AT = HEADER.WORDS;
const ZONES_AT = ROOTS_AT + ROOT.COUNT * ROOT.WORDS;
const CLASSES_AT = ZONES_AT + ZONE.COUNT * ZONE.WORDS;
const SLOTS_AT = CLASSES_AT + (CLASS.MAX + 1) * CLASS.WORDS;

/** The regions that lie at the same words in every heap: what `attach` may read first. */
export const FIXED = Object.freeze({ CLASSES: CLASSES_AT, END: SLOTS_AT });

/** What `create` decides once. Lengths in pages and granules of the whole buffer. */
export interface Geometry {
  readonly pageShift: number;
  readonly maxSlots: number;
  readonly magazines: number;
  readonly checked: boolean;
  /** Byte offset of the heap in its buffer, and one past its end; whole pages. */
  readonly byteOffset: number;
  readonly byteEnd: number;
  /** First page beyond DMA, first page of High: page numbers of the buffer. */
  readonly dmaEnd: number;
  readonly highStart: number;
  readonly classes: readonly ClassGeometry[];
}

/** One size class: a slab class (blocks in slabs) or a run class (each block a run of pages). */
export interface ClassGeometry {
  readonly kind: 'slab' | 'run';
  readonly granules: number;
  /** Pages of a first slab, or of a run. */
  readonly pages: number;
  /** Pages of the largest slab. */
  readonly maxPages: number;
  /** Blocks in one full magazine, 1..60. */
  readonly capacity: number;
}

/** Where each region begins: word indexes relative to the heap, byte indexes relative to `bytes`. */
export interface Layout {
  readonly roots: number;
  readonly zones: number;
  readonly classes: number;
  readonly slots: number;
  readonly journals: number;
  readonly magazines: number;
  readonly pageMap: number;
  readonly generations: number;
  readonly endWords: number;
  readonly countersByte: number;
  readonly bytesByte: number;
  readonly endByte: number;
  readonly firstPage: number;
  readonly endPage: number;
  readonly firstGranule: number;
  readonly endGranule: number;
}

/** Words of one slot's journal: reserved for transactions. */
const JOURNAL_WORDS = 64;

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** Draws the map for a geometry. Pure arithmetic: every thread comes to the same numbers. */
export function layoutOf(g: Geometry): Layout {
  const page = 2 ** g.pageShift;
  const endPage = Math.floor(g.byteEnd / page);
  const firstPage = firstPageOf(g, g.byteOffset / page, endPage);
  const granules = page / GRANULE.BYTES;
  return {
    ...regionsOf(g, Math.max(endPage - firstPage, 0)),
    firstPage,
    endPage,
    firstGranule: firstPage * granules,
    endGranule: endPage * granules,
  };
}

/** The metadata's length depends on how many pages it leaves: the least fixed point of the two. */
function firstPageOf(g: Geometry, base: number, endPage: number): number {
  const after = (first: number) =>
    base + Math.ceil(regionsOf(g, Math.max(endPage - first, 0)).endByte / 2 ** g.pageShift);
  let first = after(base);
  for (let round = 0; round < 8; round++) first = after(first);
  while (after(first) > first) first++;
  return first;
}

function regionsOf(g: Geometry, pages: number) {
  const granules = (pages * 2 ** g.pageShift) / GRANULE.BYTES;
  const journals = SLOTS_AT + (g.maxSlots + 1) * SLOT.WORDS; // the last is nobody's, always empty
  const magazines = align(journals + g.maxSlots * JOURNAL_WORDS, MAGAZINE.WORDS);
  const pageMap = magazines + g.magazines * MAGAZINE.WORDS;
  const generations = pageMap + pages * PAGE.WORDS;
  const endWords = align(generations + (g.checked ? granules : 0), MAGAZINE.WORDS);
  const countersByte = endWords * 4;
  const bytesByte = countersByte + (g.maxSlots + 1) * COUNTER.WORDS * 8;
  const endByte = bytesByte + TABLE.BYTES + granules;
  return {
    roots: ROOTS_AT,
    zones: ZONES_AT,
    classes: CLASSES_AT,
    slots: SLOTS_AT,
    journals,
    magazines,
    pageMap,
    generations,
    endWords,
    countersByte,
    bytesByte,
    endByte,
  };
}
