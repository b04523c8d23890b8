// Making a heap: options to geometry, geometry to the first words of the metadata. Whatever is
// wrong here is misuse at set-up and throws a HeapError that says what to do.

import { layoutOf, type ClassGeometry, type Geometry, type Layout } from '../word/geometry.ts';
import { CLASS, HEADER, MAGIC, SLOT, VERSION } from '../word/layout.ts';
import { DEBUGGING } from '../word/records.ts';
import { HeapError } from '../word/errors.ts';
import { Memory } from '../word/memory.ts';
import { PageMap } from '../page/pagemap.ts';
import { formatZones } from '../page/zone.ts';
import { standardClasses } from '../block/sizeclass.ts';
import { checkIsolation } from './isolation.ts';
import { checkMode, writeMode, type Mode } from './mode.ts';
import { handleOf, type Formatted } from './open.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const PAGE_SHIFT = 12;
const MIN_BYTES = 4 * MIB;
const MAX_BYTES = 16 * GIB;
const DEFAULT_SLOTS = 64;
/** In HEADER.SENTINEL: none is ever started. */
const NO_SENTINEL = -1;

/**
 * Of a debug heap. Bytes written behind a block's requested size, or into a block that is free, are
 * found when the block is freed or handed out again, and by `validate`; each block knows who took
 * it, and under which tag.
 */
export interface DebugOptions {
  /** Blocks also know where they were taken and freed: stack traces, at 10 to 20 µs each. */
  readonly stacks?: boolean;
}

/** How a heap is made. What is said here holds for all its threads and cannot be changed. */
export interface HeapOptions {
  /** Bytes of a new SharedArrayBuffer: 4 MiB to 16 GiB, a number or text as '256MiB'. */
  readonly size?: number | string;
  /** Memory to use instead: a SharedArrayBuffer, also that of a shared WebAssembly.Memory. */
  readonly buffer?: SharedArrayBuffer;
  /** The part of `buffer` to use; all of it by default. */
  readonly byteOffset?: number;
  readonly byteLength?: number;
  /** Threads that can be attached at once, 1 to 128; 64 by default. */
  readonly maxSlots?: number;
  /** Which tiers serve allocations; 'two-tier' by default. `setMode` changes it later. */
  readonly mode?: Mode;
  /** Where DMA ends (16 MiB) and High begins (2 GiB), as offsets into the buffer. */
  readonly zones?: { readonly dmaEnd?: number | string; readonly highStart?: number | string };
  /** Makes frees exact against other threads' simultaneous frees, and offers refs; slower. */
  readonly checked?: boolean;
  /**
   * Each live block knows whose it is; when a thread dies, those that it had alone are freed
   * (`give` says otherwise). Such a heap is checked too.
   */
  readonly trackOwners?: boolean;
  /** Blocks can be charged to named budgets (`heap.budget`). Such a heap is checked too. */
  readonly budgets?: boolean;
  /**
   * A debug heap finds what a program does to blocks that it should not: see `DebugOptions`. It is
   * checked too, takes twice the memory, and some microseconds for what takes nanoseconds.
   */
  readonly debug?: boolean | DebugOptions;
  /**
   * Where the system cannot be asked about threads (all but Linux), an idle worker is started that
   * is told when another one ends; false: it is not, and `watch` and `reap` tell of deaths.
   */
  readonly sentinel?: boolean;
}

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: MIB, g: GIB };

/** Bytes in a number or in text such as '256MiB', '64 MB' (powers of two either way) or '1g'. */
export function parseBytes(value: number | string, what: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmg])(?:i?b)?|b)?\s*$/i.exec(String(value));
  const bytes = match ? Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? NaN) : NaN;
  if (!Number.isSafeInteger(bytes)) {
    throw new HeapError('BAD_OPTION', `${what} is no number of bytes: give 67108864 or '64MiB'`);
  }
  return bytes;
}

/** Formats a new heap as the options say. */
export function create(options: HeapOptions): Formatted {
  const region = regionOf(options);
  const geometry = geometryOf(options, region.byteOffset, region.byteEnd);
  const layout = layoutOf(geometry);
  const memory = new Memory(region.buffer, layout.metadataByte, layout);
  const mode = checkMode(options.mode ?? 'two-tier');
  if (options.buffer !== undefined) memory.clear(); // a new buffer is all zeroes
  format(memory, geometry, layout, mode);
  if (options.sentinel === false) memory.store(HEADER.SENTINEL, NO_SENTINEL);
  return { memory, geometry, handle: handleOf(memory, geometry, layout) };
}

interface Region {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly byteEnd: number;
}

/** The whole pages to use: of the buffer given, or of a new one. */
function regionOf(options: HeapOptions): Region {
  checkIsolation();
  if (options.buffer !== undefined && options.size !== undefined) {
    throw new HeapError('BAD_OPTION', 'give a size or a buffer, not both');
  }
  const buffer = options.buffer ?? newBuffer(options);
  if (!(buffer instanceof SharedArrayBuffer)) {
    throw new HeapError('BAD_BUFFER', 'buffer must be a SharedArrayBuffer');
  }
  const from = options.byteOffset ?? 0;
  const length = options.byteLength ?? buffer.byteLength - from;
  const inside = Number.isSafeInteger(from) && Number.isSafeInteger(length) && from >= 0;
  if (!inside || from + length > buffer.byteLength) {
    throw new HeapError('BAD_OPTION', 'byteOffset and byteLength must lie inside the buffer');
  }
  const page = 2 ** PAGE_SHIFT;
  const byteOffset = Math.ceil(from / page) * page;
  const byteEnd = Math.floor((from + length) / page) * page;
  if (byteEnd - byteOffset < MIN_BYTES - 2 * page || byteEnd > MAX_BYTES) {
    throw new HeapError(
      'BAD_OPTION',
      'a heap has at least 4 MiB and lies in the first 16 GiB of its buffer',
    );
  }
  return { buffer, byteOffset, byteEnd };
}

function newBuffer(options: HeapOptions): SharedArrayBuffer {
  const wanted = options.size ?? '64MiB';
  const size = parseBytes(wanted, 'size');
  if (size < MIN_BYTES || size > MAX_BYTES) {
    throw new HeapError('BAD_OPTION', `size is 4 MiB to 16 GiB, not ${String(wanted)}`);
  }
  try {
    return new SharedArrayBuffer(size);
  } catch (cause) {
    throw new HeapError(
      'BAD_BUFFER',
      `no address space for ${String(size)} bytes: ${String(cause)}`,
    );
  }
}

function geometryOf(options: HeapOptions, byteOffset: number, byteEnd: number): Geometry {
  const maxSlots = options.maxSlots ?? DEFAULT_SLOTS;
  const debug = debugging(options.debug);
  if (!Number.isInteger(maxSlots) || maxSlots < 1 || maxSlots > SLOT.MAX) {
    throw new HeapError('BAD_OPTION', `maxSlots is 1 to ${String(SLOT.MAX)}`);
  }
  const page = 2 ** PAGE_SHIFT;
  const dmaEnd = parseBytes(options.zones?.dmaEnd ?? 16 * MIB, 'zones.dmaEnd');
  const highStart = parseBytes(options.zones?.highStart ?? 2 * GIB, 'zones.highStart');
  if (highStart < dmaEnd) throw new HeapError('BAD_OPTION', 'zones.highStart lies before dmaEnd');
  return {
    pageShift: PAGE_SHIFT,
    maxSlots,
    magazines: Math.min(Math.max((byteEnd - byteOffset) >>> 15, 128), 8192),
    checked: debug > 0 || [options.checked, options.trackOwners, options.budgets].includes(true),
    tracked: options.trackOwners === true,
    budgeted: options.budgets === true,
    debug,
    byteOffset,
    byteEnd,
    dmaEnd: Math.floor(Math.min(dmaEnd, byteEnd) / page),
    highStart: Math.floor(Math.min(highStart, byteEnd) / page),
    classes: standardClasses(PAGE_SHIFT, byteEnd - byteOffset),
  };
}

function debugging(option: boolean | DebugOptions = false): number {
  if (typeof option === 'boolean') return option ? DEBUGGING.ON : DEBUGGING.OFF;
  if (typeof option !== 'object' || option === null) {
    throw new HeapError('BAD_OPTION', 'debug is true, false or { stacks: true }');
  }
  return option.stacks === true ? DEBUGGING.STACKS : DEBUGGING.ON;
}

/** Writes a heap's first words. READY comes last: who reads it sees all of them. */
export function format(memory: Memory, geometry: Geometry, layout: Layout, mode: Mode): void {
  const words: [number, number][] = [
    [HEADER.NOTHING, layout.endGranule],
    [HEADER.MAGIC, MAGIC],
    [HEADER.VERSION, VERSION],
    [HEADER.ID_LOW, (Math.random() * 2 ** 32) | 0],
    [HEADER.ID_HIGH, (Math.random() * 2 ** 32) | 0],
    [HEADER.PAGE_SHIFT, geometry.pageShift],
    [HEADER.MAX_SLOTS, geometry.maxSlots],
    [HEADER.CLASSES, geometry.classes.length],
    [HEADER.MAGAZINES, geometry.magazines],
    [HEADER.REGION_FIRST, geometry.byteOffset / (1 << geometry.pageShift)],
    [HEADER.REGION_END, geometry.byteEnd / (1 << geometry.pageShift)],
    [HEADER.DMA_END, geometry.dmaEnd],
    [HEADER.HIGH_START, geometry.highStart],
    [HEADER.CHECKED, geometry.checked ? 1 : 0],
    [HEADER.TRACKED, geometry.tracked ? 1 : 0],
    [HEADER.BUDGETED, geometry.budgeted ? 1 : 0],
    [HEADER.DEBUG, geometry.debug],
  ];
  for (const [word, value] of words) memory.set(word, value);
  geometry.classes.forEach((shape, i) => {
    writeClass(memory, layout.classes + (i + 1) * CLASS.WORDS, shape);
  });
  formatZones(new PageMap(memory, layout, geometry.pageShift), layout);
  writeMode(memory, geometry, mode);
  memory.store(HEADER.READY, 1); // COMMIT: pairs with the load in `open`
}

function writeClass(memory: Memory, record: number, shape: ClassGeometry): void {
  memory.set(record + CLASS.GRANULES, shape.granules);
  memory.set(record + CLASS.SLAB_PAGES, shape.pages);
  memory.set(record + CLASS.MAX_PAGES, shape.maxPages);
  memory.set(record + CLASS.CAPACITY, shape.capacity);
}
