// Texts in blocks: what comes back, what is refused, and the same where the platform refuses shared
// memory or has no Buffer.

import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import { allocText, readText, textBytes, writeText } from '../../src/parts/text.ts';
import { assertProperty } from '../support/random.ts';

const heap = SharedHeap.create({ size: '16MiB' });
const units = fc.string({ unit: 'binary', maxLength: 200 });
const loose = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes));
const surrogates = fc
  .array(fc.integer({ min: 0xd700, max: 0xe100 }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes));
const texts = fc.oneof(units, loose, surrogates);

/** What UTF-8 makes of it, lone surrogates and all. */
function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}

function refuseShared(): void {
  const { encodeInto } = TextEncoder.prototype;
  const { decode } = TextDecoder.prototype;
  const check = (view: { buffer?: unknown } | undefined): void => {
    if (view?.buffer instanceof SharedArrayBuffer) throw new TypeError('must not be shared');
  };
  vi.spyOn(TextEncoder.prototype, 'encodeInto').mockImplementation(function (
    this: InstanceType<typeof TextEncoder>,
    ...a
  ) {
    check(a[1]);
    return encodeInto.apply(this, a);
  });
  vi.spyOn(TextDecoder.prototype, 'decode').mockImplementation(function (
    this: InstanceType<typeof TextDecoder>,
    ...a
  ) {
    check(a[0] as { buffer?: unknown });
    return decode.apply(this, a);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe.each([
  ['a platform that reads and writes shared memory', () => {}],
  ['one that refuses it', refuseShared],
  ['one without Buffer', () => vi.stubGlobal('Buffer', undefined)],
])('on %s', (_, prepare) => {
  test('every string comes back, lone surrogates as U+FFFD, and takes what textBytes says', () => {
    prepare();
    assertProperty(
      300,
      fc.property(texts, (text) => {
        const ptr = allocText(heap, text);
        expect(readText(heap, ptr)).toBe(wellFormed(text));
        expect(textBytes(text)).toBe(4 + new TextEncoder().encode(text).length);
        expect(heap.free(ptr)).toBe(true);
      }),
    );
    expect(heap.validate()).toEqual([]);
  });

  test('a text takes another’s place, and nothing behind it changes', () => {
    prepare();
    const ptr = heap.alloc(64);
    const bytes = heap.view(ptr, Uint8Array, 64);
    assertProperty(
      200,
      fc.property(texts, (text) => {
        bytes.fill(0xa5);
        const written = writeText(heap, ptr, text);
        const wants = textBytes(text);
        if (wants > heap.usableSize(ptr)) {
          expect(written).toMatchObject({ ok: false, error: { code: 'INVALID_SIZE' } });
          expect(written.ok ? 0 : written.error.requested).toBe(wants);
          expect(bytes.every((byte) => byte === 0xa5)).toBe(true);
          return;
        }
        expect(written).toEqual({ ok: true, value: wants });
        expect(readText(heap, ptr)).toBe(wellFormed(text));
        expect(bytes.subarray(wants).every((byte) => byte === 0xa5)).toBe(true);
      }),
    );
    heap.free(ptr);
  });

  test('long texts, empty ones and a byte order mark are texts like others', () => {
    prepare();
    for (const text of ['', '\0', '\ufeffmark', 'é€😀'.repeat(200_000)]) {
      const ptr = allocText(heap, text);
      expect(readText(heap, ptr) === text).toBe(true);
      heap.free(ptr);
    }
  });
});

test('nothing is decoded out of memory that another thread could be writing', () => {
  const seen: unknown[] = [];
  const { decode } = TextDecoder.prototype;
  vi.spyOn(TextDecoder.prototype, 'decode').mockImplementation(function (this: unknown, ...a) {
    seen.push((a[0] as Uint8Array).buffer);
    return decode.apply(this as InstanceType<typeof TextDecoder>, a);
  });
  const ptr = allocText(heap, 'a race in a decoder ends the process');
  expect(readText(heap, ptr)).toBe('a race in a decoder ends the process');
  expect(seen.map((buffer) => buffer instanceof ArrayBuffer)).toEqual([true]);
  heap.free(ptr);
});

test('a length is four little-endian bytes in front of the UTF-8', () => {
  const ptr = allocText(heap, 'é1');
  expect([...heap.view(ptr, Uint8Array, 7)]).toEqual([3, 0, 0, 0, 0xc3, 0xa9, 0x31]);
  heap.free(ptr);
});

test('what is no live block, or claims more than the block holds, is no text', () => {
  const ptr = allocText(heap, 'gone');
  expect(readText(heap, ptr + 16)).toBeUndefined();
  heap.view(ptr, DataView, 4).setUint32(0, heap.usableSize(ptr) - 3, true);
  expect(readText(heap, ptr)).toBeUndefined();
  heap.free(ptr);
  expect(readText(heap, ptr)).toBeUndefined();
  expect(readText(heap, 0)).toBeUndefined();
  expect(writeText(heap, ptr, '')).toMatchObject({ ok: false, error: { code: 'INVALID_POINTER' } });
});

test('what is no string is refused before anything is taken', () => {
  const live = heap.stats().liveBlocks;
  expect(() => allocText(heap, 5 as unknown as string)).toThrow(/String\(value\)/);
  expect(heap.stats().liveBlocks).toBe(live);
});

test('a text for which there is no memory is 0, and the heap says why', () => {
  expect(allocText(heap, 'x'.repeat(17 * 2 ** 20))).toBe(0);
  expect(heap.lastError?.code).toBe('INVALID_SIZE');
});

test('a text of a transaction goes with it, and stays when it is committed', () => {
  const tx = heap.beginTransaction();
  const gone = allocText(heap, 'to be undone', tx);
  expect(readText(heap, gone)).toBe('to be undone');
  tx.rollback();
  expect(readText(heap, gone)).toBeUndefined();
  const kept = heap.transaction((it) => allocText(heap, 'to stay', it));
  expect(kept.ok && readText(heap, kept.value)).toBe('to stay');
  if (kept.ok) heap.free(kept.value);
});

test('a debug heap’s red zones lie behind the text', () => {
  const debug = SharedHeap.create({ size: '9MiB', debug: {} });
  const ptr = allocText(debug, 'exactly as long as asked for');
  expect(readText(debug, ptr)).toBe('exactly as long as asked for');
  expect(writeText(debug, ptr, 'one byte longer than the other')).toMatchObject({ ok: false });
  expect(debug.free(ptr)).toBe(true);
  expect(debug.validate()).toEqual([]);
  debug.detach();
});
