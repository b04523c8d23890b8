// Records: blocks of a fixed layout, whose fields are read and written by pointer. Part of the
// package as `atomalloc/record`.
//
//   const Point = record({ x: 'f64', y: 'f64', id: 'u32', next: 'ptr', tags: ['u8', 16] });
//   const points = Point.on(heap);                   // once per thread: a module's constant
//   const ptr = heap.alloc(Point.bytes);
//   points.set.x(ptr, 1.5);  points.get.x(ptr);  points.atomic.id.add(ptr, 1);
//
// A record is no object and has no view: an accessor is a function that knows its field's offset,
// and an access is one load or store behind a check that it lies in the buffer. V8 inlines the
// function where it knows `points` as a constant: then it is as fast as a typed array (0.7 to
// 0.8 ns on Node 20 to 26; in an array field, whose index is checked, 1 to 2). Each kind's
// functions are made in a place of their own, as what V8 learns of one it learns of all that were
// made in one place; code from text would do as well, and a page's policy may forbid that.
//
// All is read through one DataView of the whole buffer: it ends where the buffer does, so pointers
// beyond 4 GiB need nothing else. Bytes are little-endian, as typed arrays are on every machine
// that runs JavaScript today.
//
//   kind                       bytes   what it holds
//   i8 u8 i16 u16 i32 u32      1 2 4   whole numbers, cut to their width as typed arrays do
//   f32 f64                    4 8     doubles, f32 rounded
//   ptr                        4       a multiple of 16, which every block's pointer is, as its
//                                      granule: all 16 GiB in one word. set throws for others
//   [kind, n]                  n of it an array in place: get.tags(ptr, i), set.tags(ptr, i, value)
//
// Fields stand in the order given, each at a multiple of its width; the record is aligned to its
// widest field and its `bytes` are a multiple of that, so records in a row are aligned: `at`.
// Blocks are aligned to 16. An accessor does not ask whether there is a live block at `ptr`: like
// all views of the heap it touches what it is told to.
//
//   word           writers              readers  access             if its writer dies midway
//   a field        as the user decides  any      plain or atomic    that field's old or new value
//
// A field that several threads write at once is accessed through `atomic` alone (i32, u32, ptr).

import { HeapError } from '../word/errors.ts';
import type { Ptr, SharedHeap } from '../heap/heap.ts';
import { atomicsOf, type Atomic } from './atomic.ts';
import { accessorsOf, WIDTHS, type Accessors, type Kind } from './field.ts';

export type { Atomic } from './atomic.ts';
export type { Kind } from './field.ts';

/** A field: one value, or so many in a row. */
export type Field = Kind | readonly [kind: Kind, length: number];
/** The fields of a record by name, laid out in this order. */
export type Fields = Readonly<Record<string, Field>>;

/** What `get` has for a field: an array is asked for one of its elements. */
export type Getter<F> = F extends Kind ? (ptr: Ptr) => number : (ptr: Ptr, index: number) => number;
/** What `set` has for a field. */
export type Setter<F> = F extends Kind
  ? (ptr: Ptr, value: number) => void
  : (ptr: Ptr, index: number, value: number) => void;
type AtomicNames<F extends Fields> = {
  [K in keyof F]: F[K] extends 'i32' | 'u32' | 'ptr' ? K : never;
}[keyof F];

/** A record's fields in one heap, for this thread. */
export interface RecordView<F extends Fields> {
  readonly get: { readonly [K in keyof F]: Getter<F[K]> };
  readonly set: { readonly [K in keyof F]: Setter<F[K]> };
  readonly atomic: { readonly [K in AtomicNames<F>]: Atomic };
}

/** Where the fields of a record lie. Belongs to no heap; `on` gives one its accessors. */
export interface RecordLayout<F extends Fields> {
  readonly fields: F;
  /** Bytes of one record, and from one to the next in a row. */
  readonly bytes: number;
  /** Where each field begins, in bytes from the record's pointer. */
  readonly offsets: { readonly [K in keyof F]: number };
  /** The pointer of the record `index` in a row that begins at `ptr`. Arithmetic alone. */
  at(ptr: Ptr, index: number): Ptr;
  /** The accessors; some microseconds. Good for as long as the buffer, also after a detach. */
  on(heap: SharedHeap): RecordView<F>;
}

/** How a record is laid out. */
export interface RecordOptions {
  /** A power of two up to 4096; a record's size is a multiple of it. 1 by default. */
  readonly align?: number;
}

/**
 * Lays out a record. Throws BAD_OPTION for a field that is none. `align: 16` lets a `ptr` field
 * name records that stand in a row.
 */
export function record<const F extends Fields>(
  fields: F,
  options: RecordOptions = {},
): RecordLayout<F> {
  const { offsets, bytes } = layOut(fields, options.align ?? 1);
  return Object.freeze({
    fields,
    bytes,
    offsets: Object.freeze(offsets) as { readonly [K in keyof F]: number },
    at: (ptr: Ptr, index: number): Ptr => ptr + index * bytes,
    on: (heap: SharedHeap): RecordView<F> => viewOf(heap, fields, offsets),
  });
}

type Offsets = Record<string, number>;

function layOut(fields: Fields, least: number): { offsets: Offsets; bytes: number } {
  if (![...Array(13).keys()].some((bit) => 2 ** bit === least)) {
    throw bad(`align is a power of two up to 4096, not ${String(least)}`);
  }
  const offsets: Offsets = {};
  let [end, align] = [0, least];
  for (const [name, field] of Object.entries(fields)) {
    const [kind, length] = checked(name, field);
    const width = WIDTHS[kind];
    offsets[name] = Math.ceil(end / width) * width;
    end = (offsets[name] as number) + width * length;
    align = Math.max(align, width);
  }
  if (end === 0 || end > 2 ** 31) throw bad('a record has 1 byte at least, and 2^31 at most');
  return { offsets, bytes: Math.ceil(end / align) * align };
}

function checked(name: string, field: Field): readonly [Kind, number] {
  const [kind, length] = typeof field === 'string' ? [field, 1] : field;
  // A number for a name would come first, and __proto__ is no field of an object.
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) || name === '__proto__') {
    throw bad(`'${name}' is no field's name: use letters, digits, _ and $`);
  }
  if (!Object.hasOwn(WIDTHS, kind)) {
    const kinds = Object.keys(WIDTHS).join(', ');
    throw bad(`'${name}' is ${String(kind)}, which is none of ${kinds}`);
  }
  if (!Number.isInteger(length) || length < 1 || length > 2 ** 31) {
    throw bad(`'${name}' has ${String(length)} values: a whole number from 1 to 2^31`);
  }
  return [kind, length];
}

function viewOf<F extends Fields>(heap: SharedHeap, fields: F, offsets: Offsets): RecordView<F> {
  const { buffer } = heap.u8;
  const view = new DataView(buffer, 0, buffer.byteLength); // of a fixed length, though it may grow
  const [get, set, atomic]: Record<string, unknown>[] = [{}, {}, {}] as const;
  for (const [name, field] of Object.entries(fields)) {
    const offset = offsets[name] as number;
    const accessors: Accessors = accessorsOf(view, offset, checked(name, field), field);
    get![name] = accessors.get;
    set![name] = accessors.set;
    const cell = typeof field === 'string' ? atomicsOf(buffer, field, offset) : null;
    if (cell !== null) atomic![name] = cell;
  }
  const parts = { get: Object.freeze(get), set: Object.freeze(set), atomic: Object.freeze(atomic) };
  return Object.freeze(parts) as unknown as RecordView<F>;
}

function bad(why: string): HeapError {
  return new HeapError('BAD_OPTION', why);
}
