// Geometry and layout: the numbers that differ between heaps, and where each region of the map
// (layout.ts) begins for them. `create` decides a geometry once; every thread that attaches reads
// it back from the header and comes to the same layout.

import { CLASS, GRANULE, HEADER, MAGAZINE, ROOT, SLOT, TABLE, ZONE } from './layout.ts';
import { BUDGET, COUNTER, DEBUG, DEBUGGING, PAGE, TAPE, TX } from './records.ts';

const ROOTS_AT = HEADER.WORDS;
const ZONES_AT = ROOTS_AT + ROOT.COUNT * ROOT.WORDS;
const CLASSES_AT = ZONES_AT + ZONE.COUNT * ZONE.WORDS;
const SLOTS_AT = CLASSES_AT + (CLASS.MAX + 1) * CLASS.WORDS;
/**
 * The arrays and the page map begin with a page of the system's. Where they lay as it came, which
 * with 64 slots was 512 bytes in front of one, a batch of 8 KiB blocks took a sixth longer than
 * here or 512 bytes behind it; why is not known.
 */
const OS_PAGE_WORDS = 1024;

/** The regions that lie at the same words in every heap: what `attach` may read first. */
export const FIXED = Object.freeze({ CLASSES: CLASSES_AT, END: SLOTS_AT });

/** What `create` decides once. Lengths in pages and granules of the whole buffer. */
export interface Geometry {
  readonly pageShift: number;
  readonly maxSlots: number;
  readonly magazines: number;
  readonly checked: boolean;
  /** Owners are tracked; such a heap is checked too. */
  readonly tracked: boolean;
  /** Blocks have budgets; such a heap is checked too. */
  readonly budgeted: boolean;
  /** One of DEBUGGING; a debug heap is checked too. */
  readonly debug: number;
  /** Byte offset of the heap in its buffer, and one past its end; whole pages. */
  readonly byteOffset: number;
  readonly byteEnd: number;
  /** First page beyond DMA, first page of High: page numbers of the buffer. */
  readonly dmaEnd: number;
  readonly highStart: number;
  readonly classes: readonly ClassGeometry[];
}

/** One size class. */
export interface ClassGeometry {
  readonly granules: number;
  /** Pages of a first slab. */
  readonly pages: number;
  /** Pages of the largest slab. */
  readonly maxPages: number;
  /** Blocks that a magazine holds, 1..124; more where the class has many (shelf.ts). */
  readonly capacity: number;
}

/** Where each region begins: words and bytes count from the metadata's first, pages from 0. */
export interface Layout {
  readonly roots: number;
  readonly zones: number;
  readonly classes: number;
  readonly slots: number;
  readonly journals: number;
  readonly magazines: number;
  readonly pageMap: number;
  readonly generations: number;
  readonly tapes: number;
  readonly budgets: number;
  readonly debugMap: number;
  readonly texts: number;
  readonly endWords: number;
  readonly countersByte: number;
  readonly bytesByte: number;
  /** Byte, from bytesByte on, of the owners' map; 0 in a heap that does not track them. */
  readonly owners: number;
  /** The same of the budgets' map. */
  readonly budgetBytes: number;
  /** The same of the map of poison; 0 in a heap that is no debug heap. */
  readonly poison: number;
  readonly endByte: number;
  /** Byte of the buffer where the metadata begins: behind the last page and a guard. */
  readonly metadataByte: number;
  readonly firstPage: number;
  readonly endPage: number;
  readonly firstGranule: number;
  readonly endGranule: number;
  /** Granule number = page number << this. */
  readonly granuleShift: number;
  readonly checked: boolean;
  readonly debug: number;
}

/** Pages of nobody's between the last block and the metadata: what overruns it ends there. */
const GUARD_PAGES = 1;

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** Maps that were drawn before: a thread that attaches needs its heap's three times. */
const drawn = new WeakMap<Geometry, Layout>();

/** The map for a geometry. Pure arithmetic: every thread comes to the same numbers. */
export function layoutOf(g: Geometry): Layout {
  const known = drawn.get(g) ?? draw(g);
  drawn.set(g, known);
  return known;
}

function draw(g: Geometry): Layout {
  const page = 1 << g.pageShift;
  const granules = page / GRANULE.BYTES;
  // Pointer 0 is null: the buffer's first page is nobody's.
  const firstPage = Math.max(g.byteOffset / page, 1);
  const endPage = firstPage + pagesIn(g, Math.floor(g.byteEnd / page) - firstPage - GUARD_PAGES);
  return {
    ...regionsOf(g, endPage - firstPage),
    metadataByte: (endPage + GUARD_PAGES) * page,
    firstPage,
    endPage,
    firstGranule: firstPage * granules,
    endGranule: endPage * granules,
    granuleShift: g.pageShift - GRANULE.SHIFT,
    checked: g.checked,
    debug: g.debug,
  };
}

/**
 * The most pages that leave room for their own metadata behind them. That grows with the pages all
 * but evenly, so looking a page or two around where it would fit is mostly the end of the search.
 */
function pagesIn(g: Geometry, total: number): number {
  const metadata = (pages: number) => Math.ceil(regionsOf(g, pages).endByte / (1 << g.pageShift));
  const none = metadata(0);
  const even = Math.floor((total - none) / (1 + (metadata(total) - none) / total));
  const guesses = [even - 1, even + 2];
  let fit = 0;
  for (let tooMany = Math.max(total, 0) + 1; tooMany - fit > 1;) {
    const guess = guesses.shift() ?? 0;
    const pages = guess > fit && guess < tooMany ? guess : (fit + tooMany) >>> 1;
    if (pages + metadata(pages) <= total) fit = pages;
    else tooMany = pages;
  }
  return fit;
}

/** Texts that a debug heap has room for: tags, and where blocks were taken and freed. */
function textWords(debug: number, granules: number): number {
  if (debug === DEBUGGING.OFF) return 0;
  return Math.min(granules, debug === DEBUGGING.STACKS ? DEBUGGING.TEXTS : DEBUGGING.TAGS);
}

function regionsOf(g: Geometry, pages: number) {
  const granules = pages << (g.pageShift - GRANULE.SHIFT);
  const journals = SLOTS_AT + (g.maxSlots + SLOT.SPARES) * SLOT.WORDS;
  const magazines = align(journals + g.maxSlots * TX.PER_SLOT * TX.WORDS, OS_PAGE_WORDS);
  const pageMap = magazines + g.magazines * MAGAZINE.WORDS;
  const generations = pageMap + pages * PAGE.WORDS;
  const tapes = generations + (g.checked ? granules : 0);
  const budgets = tapes + (g.maxSlots + SLOT.SPARES) * TAPE.WORDS;
  const debugMap = budgets + (g.budgeted ? BUDGET.COUNT * BUDGET.WORDS : 0);
  const texts = debugMap + (g.debug > 0 ? granules * DEBUG.WORDS : 0);
  const endWords = align(texts + textWords(g.debug, granules), MAGAZINE.WORDS);
  const countersByte = endWords * 4;
  const bytesByte = countersByte + (g.maxSlots + SLOT.SPARES) * COUNTER.WORDS * 8;
  const states = TABLE.BYTES + granules + 1; // one more: no block's, always FREE
  const budgetBytes = states + (g.tracked ? granules : 0);
  const poison = budgetBytes + (g.budgeted ? granules : 0);
  const endByte = bytesByte + poison + (g.debug > 0 ? granules : 0);
  return {
    roots: ROOTS_AT,
    zones: ZONES_AT,
    classes: CLASSES_AT,
    slots: SLOTS_AT,
    journals,
    magazines,
    pageMap,
    generations,
    tapes,
    budgets,
    debugMap,
    texts,
    endWords,
    countersByte,
    bytesByte,
    owners: g.tracked ? states : 0,
    budgetBytes: g.budgeted ? budgetBytes : 0,
    poison: g.debug > 0 ? poison : 0,
    endByte,
  };
}
