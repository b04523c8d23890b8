// Finding a heap that another thread has made: a handle says where its metadata begins, the header
// there has its geometry. Nothing of a handle is believed before it fits the buffer and the header.

import {
  FIXED,
  layoutOf,
  type ClassGeometry,
  type Geometry,
  type Layout,
} from '../word/geometry.ts';
import { CLASS, HEADER, MAGIC, VERSION } from '../word/layout.ts';
import { allocError, HeapError } from '../word/errors.ts';
import { Memory } from '../word/memory.ts';
import { checkIsolation } from './isolation.ts';

/** What another thread needs to attach. Survives structured clone. */
export interface HeapHandle {
  readonly kind: 'atomalloc';
  readonly version: number;
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Byte of the buffer where the heap's metadata begins. */
  readonly metadataOffset: number;
}

/** A heap that can be attached to. */
export interface Formatted {
  readonly memory: Memory;
  readonly geometry: Geometry;
  readonly handle: HeapHandle;
}

export function handleOf(memory: Memory, geometry: Geometry, layout: Layout): HeapHandle {
  const { byteOffset, byteEnd } = geometry;
  return Object.freeze({
    kind: 'atomalloc',
    version: VERSION,
    buffer: memory.buffer,
    byteOffset,
    byteLength: byteEnd - byteOffset,
    metadataOffset: layout.metadataByte,
  });
}

/** Opens the heap that a handle names. */
export function open(handle: HeapHandle): Formatted {
  checkIsolation();
  if (handle?.kind !== 'atomalloc' || !(handle.buffer instanceof SharedArrayBuffer)) {
    throw badHandle('this is no heap.handle');
  }
  if (handle.version !== VERSION) throw otherVersion(handle.version);
  if (!fitsBuffer(handle)) throw badHandle('it names memory outside its buffer');
  const geometry = geometryAt(handle.buffer, handle.metadataOffset);
  const layout = layoutOf(geometry);
  const memory = new Memory(handle.buffer, layout.metadataByte, layout);
  const real = handleOf(memory, geometry, layout);
  const parts = ['byteOffset', 'byteLength', 'metadataOffset'] as const;
  if (parts.some((part) => real[part] !== handle[part])) {
    throw badHandle('it does not fit the heap in its buffer');
  }
  return { memory, geometry, handle };
}

function fitsBuffer({ buffer, byteOffset, byteLength, metadataOffset }: HeapHandle): boolean {
  const numbers = [byteOffset, byteLength, metadataOffset];
  if (!numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) return false;
  const end = byteOffset + byteLength;
  const aligned = metadataOffset % 8 === 0;
  return aligned && end <= buffer.byteLength && metadataOffset + FIXED.END * 4 <= end;
}

function badHandle(what: string): HeapError {
  return new HeapError('BAD_HANDLE', `${what}: attach with the handle of SharedHeap.create`);
}

function otherVersion(version: number): HeapError {
  const ours = String(VERSION);
  const text = `the heap has layout ${String(version)}, this atomalloc reads ${ours}`;
  return new HeapError('BAD_VERSION', `${text}: load the same release in every thread`);
}

/** Reads the geometry back: the header and the class records lie at the same words in any heap. */
function geometryAt(buffer: SharedArrayBuffer, metadataOffset: number): Geometry {
  const bare = { endWords: FIXED.END, countersByte: 0, bytesByte: 0, endByte: 0 };
  const memory = new Memory(buffer, metadataOffset, bare);
  if (memory.load(HEADER.READY) !== 1 || memory.get(HEADER.MAGIC) !== MAGIC) {
    throw new HeapError('BAD_BUFFER', 'there is no heap in this buffer: make one first');
  }
  if (memory.get(HEADER.VERSION) !== VERSION) throw otherVersion(memory.get(HEADER.VERSION));
  const pageShift = memory.get(HEADER.PAGE_SHIFT);
  return {
    pageShift,
    maxSlots: memory.get(HEADER.MAX_SLOTS),
    magazines: memory.get(HEADER.MAGAZINES),
    checked: memory.get(HEADER.CHECKED) === 1,
    tracked: memory.get(HEADER.TRACKED) === 1,
    budgeted: memory.get(HEADER.BUDGETED) === 1,
    debug: memory.get(HEADER.DEBUG),
    byteOffset: memory.get(HEADER.REGION_FIRST) * (1 << pageShift),
    byteEnd: memory.get(HEADER.REGION_END) * (1 << pageShift),
    dmaEnd: memory.get(HEADER.DMA_END),
    highStart: memory.get(HEADER.HIGH_START),
    classes: Array.from({ length: memory.get(HEADER.CLASSES) }, (_, i) => readClass(memory, i)),
  };
}

function readClass(memory: Memory, index: number): ClassGeometry {
  const record = FIXED.CLASSES + (index + 1) * CLASS.WORDS;
  return {
    granules: memory.get(record + CLASS.GRANULES),
    pages: memory.get(record + CLASS.SLAB_PAGES),
    maxPages: memory.get(record + CLASS.MAX_PAGES),
    capacity: memory.get(record + CLASS.CAPACITY),
  };
}

/** What `attach` throws when all slots are taken by the living. */
export function noSlot({ geometry }: Formatted): HeapError {
  return new HeapError('NO_SLOT', allocError('NO_SLOT', geometry.maxSlots).message);
}
