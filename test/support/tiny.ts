// Heaps of small geometry, made as `create` makes large ones: pages of 256 bytes, zones of exactly
// so many pages, few slots and magazines. Also further seats for the one thread that runs a test,
// so that it can play several threads, one step at a time.

import { layoutOf } from '../../src/word/geometry.ts';
import { HEADER } from '../../src/word/layout.ts';
import type { ClassGeometry, Geometry, Layout } from '../../src/word/geometry.ts';
import { TX } from '../../src/word/records.ts';
import { firstOf } from '../../src/tx/record.ts';
import { Memory } from '../../src/word/memory.ts';
import { SlotTable } from '../../src/slot/slot.ts';
import { standardClasses } from '../../src/block/sizeclass.ts';
import type { Mode } from '../../src/heap/mode.ts';
import { viewFrom, type Attachment } from '../../src/heap/attachment.ts';
import { format } from '../../src/heap/create.ts';
import { handleOf, type HeapHandle } from '../../src/heap/open.ts';
import { SharedHeap } from '../../src/heap/heap.ts';

export interface TinyOptions {
  /** Pages of DMA, Normal and High. */
  readonly zones?: readonly [dma: number, normal: number, high: number];
  /** The first page's number is a multiple of this. */
  readonly align?: number;
  readonly pageShift?: number;
  readonly maxSlots?: number;
  readonly magazines?: number;
  readonly checked?: boolean;
  readonly tracked?: boolean;
  readonly budgeted?: boolean;
  /** One of DEBUGGING. */
  readonly debug?: number;
  readonly mode?: Mode;
  readonly classes?: readonly ClassGeometry[];
  /** What lies in the buffer before it is made a heap. */
  readonly litter?: number;
  /** The class of the heap's memory, for tests that watch or count its accesses. */
  readonly memory?: typeof Memory;
}

export interface Tiny {
  readonly memory: Memory;
  readonly geometry: Geometry;
  readonly layout: Layout;
  readonly handle: HeapHandle;
  /** The first page that users get. */
  readonly first: number;
  readonly pageBytes: number;
}

/** A formatted heap to which nobody is attached. */
export function tinyHeap(options: TinyOptions = {}): Tiny {
  const { geometry, first } = geometryFor(options);
  const layout = layoutOf(geometry);
  const { byteEnd, pageShift } = geometry;
  const buffer = new SharedArrayBuffer(byteEnd);
  const memory = new (options.memory ?? Memory)(buffer, layout.metadataByte, layout);
  if (options.litter !== undefined) {
    new Uint8Array(buffer).fill(options.litter);
    memory.clear();
  }
  format(memory, geometry, layout, options.mode ?? 'two-tier');
  const handle = handleOf(memory, geometry, layout);
  return { memory, geometry, layout, handle, first, pageBytes: 2 ** pageShift };
}

/** The metadata comes behind the pages: the least that leaves exactly so many of them. */
function geometryFor(options: TinyOptions): { geometry: Geometry; first: number } {
  const [dma, normal, high] = options.zones ?? [0, 256, 0];
  const { pageShift = 8, maxSlots = 4, magazines = 64, tracked = false, debug = 0 } = options;
  const { budgeted = false } = options;
  const checked = options.checked === true || tracked || budgeted || debug > 0;
  const classes = options.classes ?? standardClasses(pageShift, 0);
  const first = options.align ?? 1;
  const sized = (end: number): Geometry => ({
    pageShift,
    maxSlots,
    magazines,
    checked,
    tracked,
    budgeted,
    debug,
    byteOffset: first * 2 ** pageShift,
    byteEnd: end * 2 ** pageShift,
    dmaEnd: first + dma,
    highStart: first + dma + normal,
    classes,
  });
  const endPage = first + dma + normal + high;
  let end = endPage;
  while (layoutOf(sized(end)).endPage < endPage) end++;
  return { geometry: sized(end), first };
}

/** A seat, and the layers as the thread on it sees them. */
export function sit({
  memory,
  geometry,
  layout,
}: Pick<Tiny, 'memory' | 'geometry' | 'layout'>): Attachment {
  const table = new SlotTable(memory, layout, geometry.maxSlots);
  const seat = table.take();
  if (seat === null) throw new Error('every slot is taken');
  table.settle(seat);
  return viewFrom(memory, geometry, table, seat);
}

/** The numbers of a slot's transaction records. */
export function recordsOf(slot: number): number[] {
  return Array.from({ length: TX.PER_SLOT }, (_, i) => firstOf(slot) + i);
}

/** The layers beneath a heap. */
export function layersOf(heap: SharedHeap): Attachment {
  return heap['attachment'];
}

let seats = 0;

/**
 * One more attachment of this thread. A thread has one for each heap's number: so the number is
 * another one for a moment.
 */
export function anotherSeat(handle: HeapHandle): SharedHeap {
  const words = new Int32Array(handle.buffer, handle.metadataOffset, HEADER.WORDS);
  const number = words[HEADER.ID_HIGH] as number;
  words[HEADER.ID_HIGH] = ++seats;
  try {
    return SharedHeap.attach(handle);
  } finally {
    words[HEADER.ID_HIGH] = number;
  }
}

/** The RUN words of all pages: two heaps with the same ones have the same free blocks and runs. */
export function shapeOf(on: Attachment): number[] {
  const { firstPage, endPage } = on.layout;
  return Array.from({ length: endPage - firstPage }, (_, i) => on.map.run(firstPage + i));
}
