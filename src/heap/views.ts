// Users' views of the heap's bytes: typed arrays over the whole buffer, made once per thread, and
// bounded views of single blocks.
//
// Whole-heap views begin at the buffer's first byte, so a pointer is an index: u8[ptr],
// i32[ptr >> 2], f64[ptr >> 3]. They have a fixed length, the end of the heap, also on a buffer
// that can grow. A platform's typed arrays may be shorter than the heap (4 GiB on Node 20): then
// the whole-heap views end there, and blocks beyond are reached through `view`.

import { HeapError } from '../word/errors.ts';

/** A typed array's constructor, such as Float32Array, or DataView's. */
export interface ViewType<T> {
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT?: number;
}

/** Views of the whole heap: u8[ptr], i32[ptr >> 2], f64[ptr >> 3]. Fixed length, made once. */
export class HeapViews {
  readonly u8: Uint8Array<SharedArrayBuffer>;
  readonly i8: Int8Array<SharedArrayBuffer>;
  readonly u16: Uint16Array<SharedArrayBuffer>;
  readonly i16: Int16Array<SharedArrayBuffer>;
  readonly u32: Uint32Array<SharedArrayBuffer>;
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly f32: Float32Array<SharedArrayBuffer>;
  readonly f64: Float64Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer, byteEnd: number) {
    this.u8 = wholeView<Uint8Array<SharedArrayBuffer>>(Uint8Array, buffer, byteEnd);
    this.i8 = wholeView<Int8Array<SharedArrayBuffer>>(Int8Array, buffer, byteEnd);
    this.u16 = wholeView<Uint16Array<SharedArrayBuffer>>(Uint16Array, buffer, byteEnd);
    this.i16 = wholeView<Int16Array<SharedArrayBuffer>>(Int16Array, buffer, byteEnd);
    this.u32 = wholeView<Uint32Array<SharedArrayBuffer>>(Uint32Array, buffer, byteEnd);
    this.i32 = wholeView<Int32Array<SharedArrayBuffer>>(Int32Array, buffer, byteEnd);
    this.f32 = wholeView<Float32Array<SharedArrayBuffer>>(Float32Array, buffer, byteEnd);
    this.f64 = wholeView<Float64Array<SharedArrayBuffer>>(Float64Array, buffer, byteEnd);
  }
}

/** The longest view of the first `bytes` bytes that this platform can make. */
export function wholeView<T>(type: ViewType<T>, buffer: SharedArrayBuffer, bytes: number): T {
  const most = Math.floor(bytes / (type.BYTES_PER_ELEMENT ?? 1));
  const whole = viewOrNull(type, buffer, most);
  if (whole !== null) return whole;
  let fits = 0;
  for (let tooLong = most; tooLong - fits > 1;) {
    const length = fits + Math.floor((tooLong - fits) / 2);
    if (viewOrNull(type, buffer, length) === null) tooLong = length;
    else fits = length;
  }
  return new type(buffer, 0, fits);
}

function viewOrNull<T>(type: ViewType<T>, buffer: SharedArrayBuffer, length: number): T | null {
  try {
    return new type(buffer, 0, length);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** A view of `length` elements at `ptr`, which must lie in the block's `bytes`. */
export function blockView<T>(
  type: ViewType<T>,
  buffer: SharedArrayBuffer,
  ptr: number,
  length: number,
  bytes: number,
): T {
  const width = type.BYTES_PER_ELEMENT ?? 1;
  if (bytes === 0) throw new HeapError('BAD_VIEW', `no live block starts at ${String(ptr)}`);
  if (!Number.isInteger(length) || length < 0 || length * width > bytes) {
    const asked = `${String(length)} elements of ${String(width)} bytes`;
    throw new HeapError('BAD_VIEW', `${asked} do not fit the block's ${String(bytes)} bytes`);
  }
  return new type(buffer, ptr, length);
}
