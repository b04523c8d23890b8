// How one field of a record is read and written: a function per kind, made over one DataView and
// one offset (record.ts). Each kind's functions are written out, and not picked by a parameter, so
// that V8 sees one kind in each.

import { HeapError } from '../word/errors.ts';
import { GRANULE } from '../word/layout.ts';

/** Bytes of a value of each kind. */
export const WIDTHS = /* @__PURE__ */ Object.freeze({
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  f64: 8,
  ptr: 4,
});

/** What a field may hold: whole numbers, floats, and `ptr`, the pointer of a block. */
export type Kind = keyof typeof WIDTHS;
type Bytes = DataView<SharedArrayBuffer>;
type Get = (ptr: number) => number;
type Set = (ptr: number, value: number) => void;

/** A field's functions; those of an array take the index after the pointer. */
export interface Accessors {
  readonly get: Get | ((ptr: number, index: number) => number);
  readonly set: Set | ((ptr: number, index: number, value: number) => void);
}

const { BYTES } = GRANULE;

const GETTERS: Readonly<Record<Kind, (on: Bytes, offset: number) => Get>> = {
  i8: (on, offset) => (ptr) => on.getInt8(ptr + offset),
  u8: (on, offset) => (ptr) => on.getUint8(ptr + offset),
  i16: (on, offset) => (ptr) => on.getInt16(ptr + offset, true),
  u16: (on, offset) => (ptr) => on.getUint16(ptr + offset, true),
  i32: (on, offset) => (ptr) => on.getInt32(ptr + offset, true),
  u32: (on, offset) => (ptr) => on.getUint32(ptr + offset, true),
  f32: (on, offset) => (ptr) => on.getFloat32(ptr + offset, true),
  f64: (on, offset) => (ptr) => on.getFloat64(ptr + offset, true),
  ptr: (on, offset) => (ptr) => on.getUint32(ptr + offset, true) * BYTES,
};

const SETTERS: Readonly<Record<Kind, (on: Bytes, offset: number) => Set>> = {
  i8: (on, offset) => (ptr, value) => on.setInt8(ptr + offset, value),
  u8: (on, offset) => (ptr, value) => on.setUint8(ptr + offset, value),
  i16: (on, offset) => (ptr, value) => on.setInt16(ptr + offset, value, true),
  u16: (on, offset) => (ptr, value) => on.setUint16(ptr + offset, value, true),
  i32: (on, offset) => (ptr, value) => on.setInt32(ptr + offset, value, true),
  u32: (on, offset) => (ptr, value) => on.setUint32(ptr + offset, value, true),
  f32: (on, offset) => (ptr, value) => on.setFloat32(ptr + offset, value, true),
  f64: (on, offset) => (ptr, value) => on.setFloat64(ptr + offset, value, true),
  ptr: (on, offset) => (ptr, value) => on.setUint32(ptr + offset, granuleOf(value), true),
};

/** `field` is 'kind', or [kind, length]: the latter's functions take an index. */
export function accessorsOf(
  on: Bytes,
  offset: number,
  [kind, length]: readonly [Kind, number],
  field: unknown,
): Accessors {
  const [get, set] = [GETTERS[kind](on, offset), SETTERS[kind](on, offset)];
  return typeof field === 'string' ? { get, set } : arrayOf(get, set, WIDTHS[kind], length);
}

function arrayOf(get: Get, set: Set, width: number, length: number): Accessors {
  return {
    get: (ptr, index) => {
      if (index >>> 0 !== index || index >= length) throw beyond(index, length);
      return get(ptr + index * width);
    },
    set: (ptr: number, index: number, value: number) => {
      if (index >>> 0 !== index || index >= length) throw beyond(index, length);
      set(ptr + index * width, value);
    },
  };
}

/** What stands in a field of kind 'ptr'. Throws BAD_OPTION for what is no pointer of a block. */
export function granuleOf(ptr: number): number {
  const granule = ptr / BYTES;
  if (granule >>> 0 !== granule) {
    const why = `${String(ptr)} is no block's pointer: a field 'ptr' holds multiples of 16`;
    throw new HeapError('BAD_OPTION', why);
  }
  return granule;
}

function beyond(index: number, length: number): RangeError {
  return new RangeError(`index ${String(index)} of a field with ${String(length)} values`);
}
