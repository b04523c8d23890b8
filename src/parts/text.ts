// Texts in blocks: a JavaScript string as UTF-8, which every thread can read. `atomalloc/text`.
//
//   byte 0        4                 4 + n            the block's end
//        │ n      │ n bytes of UTF-8│ whatever       │
//
//   word     writers         readers         access   if its writer dies midway
//   n        whoever writes  any who know    plain    as the bytes: whatever was there, or is
//   bytes    whoever writes  any who know    plain    undefined until the text is written again
//
// n is an unsigned little-endian word. The block is the user's like any other: a text is written
// whole before its pointer is told (a root, a channel, a message, an Atomics store), and nobody
// writes it while others read it. A thread that dies while it writes has told nobody yet.
//
// UTF-8 has no lone surrogates: each is written as U+FFFD, as all encoders of the platform do, so
// `readText` gives what `text.toWellFormed()` would. All other strings come back as they were, also
// with a byte order mark or NULs in them.
//
// Writing goes straight into the block where the platform lets it (Node); browsers refuse with a
// TypeError, and then a copy is made. Reading always takes a copy first, which is this thread's: a
// decoder looks at its bytes twice, and if another thread wrote them in between (which nobody
// should) Node 20 and 22 wrote beyond their string and the whole process ended. So such a reader
// gets a text that nobody has written, and no more.

import { allocError, err, ok, type AllocError, type Result } from '../word/errors.ts';
import type { Ptr, SharedHeap } from '../heap/heap.ts';

/** Bytes in front of a text that say how many there are. */
const LENGTH_BYTES = 4;

const encoder = /* @__PURE__ */ new TextEncoder();
/** To which a byte order mark is a character like others. */
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Bytes of a block that is to hold the text: 4 for its length, and 1 to 3 for each of its UTF-16
 * code units. Looks at each of them, at native speed where there is a Buffer. Throws a TypeError
 * for what is no string.
 */
export function textBytes(text: string): number {
  if (typeof text !== 'string') {
    throw new TypeError(`a text is a string, not ${typeof text}: say String(value)`);
  }
  const counts = typeof Buffer === 'undefined' ? countBytes(text) : Buffer.byteLength(text);
  return LENGTH_BYTES + counts;
}

/** Who has blocks to give: a heap, or a transaction in it. */
export interface BlockSource {
  /** A block of at least so many bytes, or 0. */
  alloc(size: number): Ptr;
}

/**
 * A new block with the text in it, or 0: then `heap.lastError` says why. Free it as any other. Of a
 * transaction, if it is given one: 0 has ended that, and its `error` says why.
 */
export function allocText(heap: SharedHeap, text: string, from: BlockSource = heap): Ptr {
  const bytes = textBytes(text);
  const ptr = from.alloc(bytes);
  if (ptr !== 0) put(heap.view(ptr, Uint8Array, bytes), text);
  return ptr;
}

/**
 * Writes the text into the live block at `ptr`, in place of what is there; the value is how many
 * bytes of the block it takes. INVALID_POINTER if no live block starts there; INVALID_SIZE, with
 * the bytes that it wants, if the block is too small: then the block is as it was.
 */
export function writeText(heap: SharedHeap, ptr: Ptr, text: string): Result<number> {
  const room = heap.usableSize(ptr);
  const bytes = textBytes(text);
  if (room === 0) return err(allocError('INVALID_POINTER', ptr));
  if (bytes > room) return err(tooLong(bytes, room));
  put(heap.view(ptr, Uint8Array, bytes), text);
  return ok(bytes);
}

/**
 * The text in the block at `ptr`; undefined if no live block starts there, or if it has none: the
 * length that it claims is more than the block holds. Bytes that are no UTF-8 read as U+FFFD.
 */
export function readText(heap: SharedHeap, ptr: Ptr): string | undefined {
  const room = heap.usableSize(ptr);
  if (room < LENGTH_BYTES) return undefined;
  const head = heap.view(ptr, DataView, LENGTH_BYTES);
  const bytes = head.getUint32(0, true);
  if (bytes > room - LENGTH_BYTES) return undefined;
  return decoder.decode(heap.view(ptr, Uint8Array, LENGTH_BYTES + bytes).slice(LENGTH_BYTES));
}

/** Into a view that is exactly as long as the text wants. */
function put(view: Uint8Array, text: string): void {
  const bytes = view.length - LENGTH_BYTES;
  encode(text, view.subarray(LENGTH_BYTES));
  for (let i = 0; i < LENGTH_BYTES; i++) view[i] = bytes >>> (8 * i);
}

function encode(text: string, into: Uint8Array): void {
  try {
    encoder.encodeInto(text, into);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    into.set(encoder.encode(text));
  }
}

/** A surrogate pair is 4 bytes for 2 units; a lone surrogate is U+FFFD, which is 3. */
function countBytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 ? 1 : 2;
    if (isSurrogate(unit, 0xd800) && isSurrogate(text.charCodeAt(i + 1), 0xdc00)) i++;
  }
  return bytes;
}

function isSurrogate(unit: number, from: number): boolean {
  return unit >= from && unit < from + 0x400;
}

function tooLong(bytes: number, room: number): AllocError {
  const advice = `the text wants ${String(bytes)} bytes and its block has ${String(room)}`;
  const message = `INVALID_SIZE (${String(bytes)}): ${advice}; textBytes(text) says how many`;
  return { code: 'INVALID_SIZE', requested: bytes, message };
}
