// Attaching and leaving: handles, seats, and what a heap says to a thread that has left.

import { describe, expect, test } from 'vitest';
import { HEADER, VERSION } from '../../src/word/layout.ts';
import { HeapError } from '../../src/word/errors.ts';
import type { HeapHandle } from '../../src/heap/open.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

const MIB = 2 ** 20;

function thrownBy(run: () => unknown): HeapError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(HeapError);
    return error as HeapError;
  }
  throw new Error('nothing was thrown');
}

function freshHeap(): SharedHeap {
  return SharedHeap.create({ size: '4MiB' });
}

function headerOf({ buffer, metadataOffset }: HeapHandle): Int32Array {
  return new Int32Array(buffer, metadataOffset, HEADER.WORDS);
}

describe('a handle', () => {
  test('is a frozen plain object that survives structured clone', () => {
    const { handle } = freshHeap();
    expect(Object.isFrozen(handle)).toBe(true);
    expect(Object.getPrototypeOf(handle)).toBe(Object.prototype);
    const { buffer, ...rest } = structuredClone(handle);
    const { metadataOffset } = handle;
    const place = { byteOffset: 0, byteLength: 4 * MIB, metadataOffset };
    expect(rest).toEqual({ kind: 'atomalloc', version: VERSION, ...place });
    expect(metadataOffset).toBeLessThan(4 * MIB);
    new Uint8Array(buffer)[4 * MIB - 1] = 77;
    expect(new Uint8Array(handle.buffer)[4 * MIB - 1], 'the same memory').toBe(77);
  });

  test('leads to the same heap, once per thread', () => {
    const heap = freshHeap();
    expect(SharedHeap.attach(heap.handle)).toBe(heap);
    expect(SharedHeap.attach(structuredClone(heap.handle))).toBe(heap);
    expect(heap.stats().slots).toHaveLength(1);
    heap.detach();
    const again = SharedHeap.attach(heap.handle);
    expect(again).not.toBe(heap);
    expect(again.alloc(64)).not.toBe(0);
    again.detach();
  });

  const bad: [what: string, make: (handle: HeapHandle) => unknown, code: string][] = [
    ['nothing', () => undefined, 'BAD_HANDLE'],
    ['null', () => null, 'BAD_HANDLE'],
    ['a number', () => 7, 'BAD_HANDLE'],
    ['an empty object', () => ({}), 'BAD_HANDLE'],
    ['the heap instead of its handle', () => freshHeap(), 'BAD_HANDLE'],
    ['the buffer instead of the handle', (it) => it.buffer, 'BAD_HANDLE'],
    ['no buffer', (it) => ({ ...it, buffer: undefined }), 'BAD_HANDLE'],
    ['a plain buffer', (it) => ({ ...it, buffer: new ArrayBuffer(MIB) }), 'BAD_HANDLE'],
    ['another kind', (it) => ({ ...it, kind: 'other' }), 'BAD_HANDLE'],
    ['another version', (it) => ({ ...it, version: VERSION + 1 }), 'BAD_VERSION'],
    ['no version', (it) => ({ ...it, version: undefined }), 'BAD_VERSION'],
    ['more than the buffer', (it) => ({ ...it, byteLength: it.byteLength + 4096 }), 'BAD_HANDLE'],
    ['less than any heap', (it) => ({ ...it, byteLength: 1000 }), 'BAD_HANDLE'],
    ['a negative length', (it) => ({ ...it, byteLength: -1 }), 'BAD_HANDLE'],
    ['no length', (it) => ({ ...it, byteLength: undefined }), 'BAD_HANDLE'],
    ['a length of NaN', (it) => ({ ...it, byteLength: NaN }), 'BAD_HANDLE'],
    ['no offset', (it) => ({ ...it, byteOffset: undefined }), 'BAD_HANDLE'],
    ['an offset of NaN', (it) => ({ ...it, byteOffset: NaN }), 'BAD_HANDLE'],
    [
      'an odd offset',
      (it) => ({ ...it, byteOffset: 1, byteLength: it.byteLength - 1 }),
      'BAD_HANDLE',
    ],
    ['a negative offset', (it) => ({ ...it, byteOffset: -4096 }), 'BAD_HANDLE'],
    ['a shorter heap than there is', (it) => ({ ...it, byteLength: 3 * MIB }), 'BAD_HANDLE'],
    ['a heap that begins later', (it) => moved(it, 4096), 'BAD_HANDLE'],
    ['no metadata', (it) => ({ ...it, metadataOffset: undefined }), 'BAD_HANDLE'],
    ['metadata of NaN', (it) => ({ ...it, metadataOffset: NaN }), 'BAD_HANDLE'],
    ['odd metadata', (it) => ({ ...it, metadataOffset: it.metadataOffset + 1 }), 'BAD_HANDLE'],
    ['negative metadata', (it) => ({ ...it, metadataOffset: -4096 }), 'BAD_HANDLE'],
    ['metadata beyond the end', (it) => ({ ...it, metadataOffset: 4 * MIB }), 'BAD_HANDLE'],
    ['metadata at the end', (it) => ({ ...it, metadataOffset: 4 * MIB - 64 }), 'BAD_HANDLE'],
    ['other metadata', (it) => ({ ...it, metadataOffset: MIB }), 'BAD_BUFFER'],
    ['an empty buffer', (it) => ({ ...it, buffer: new SharedArrayBuffer(4 * MIB) }), 'BAD_BUFFER'],
    ['a buffer too small for any heap', (it) => tooSmall(it, 1024), 'BAD_HANDLE'],
    ['a buffer too small for this heap', (it) => tooSmall(it, 20_000), 'BAD_BUFFER'],
  ];
  function moved(handle: HeapHandle, by: number): HeapHandle {
    return { ...handle, byteOffset: by, byteLength: handle.byteLength - by };
  }
  function tooSmall(handle: HeapHandle, bytes: number): HeapHandle {
    return {
      ...handle,
      buffer: new SharedArrayBuffer(bytes),
      byteLength: bytes,
      metadataOffset: 0,
    };
  }
  test.each(bad)('that is none is refused with its reason: %s', (_, make, code) => {
    const { handle } = freshHeap();
    const error = thrownBy(() => SharedHeap.attach(make(handle) as HeapHandle));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/\w+ \w+ \w+/);
  });

  test('of a heap that another release has made says so', () => {
    const { handle } = freshHeap();
    headerOf(handle)[HEADER.VERSION] = VERSION + 7;
    const error = thrownBy(() => SharedHeap.attach(handle));
    expect(error.code).toBe('BAD_VERSION');
    expect(error.message).toContain(String(VERSION + 7));
  });

  test('of a heap that is not finished is refused', () => {
    const { handle } = freshHeap();
    headerOf(handle)[HEADER.READY] = 0;
    expect(thrownBy(() => SharedHeap.attach(handle)).code).toBe('BAD_BUFFER');
  });
});

describe('a seat', () => {
  test('is had by as many threads as there are, and the next one is told NO_SLOT', () => {
    const { handle } = tinyHeap({ maxSlots: 3 });
    const heaps = [0, 1, 2].map(() => anotherSeat(handle));
    expect(heaps.map((heap) => heap.slot)).toEqual([0, 1, 2]);
    const error = thrownBy(() => anotherSeat(handle));
    expect(error.code).toBe('NO_SLOT');
    expect(error.message).toMatch(/every slot is taken.*maxSlots/);
    heaps[1]?.detach();
    expect(anotherSeat(handle).slot).toBe(1);
  });

  test('is given back with everything on it', () => {
    const { handle } = tinyHeap();
    const [staying, leaving] = [anotherSeat(handle), anotherSeat(handle)];
    const kept = leaving.alloc(100);
    leaving.freeMany([64, 64, 100, 700].map((size) => leaving.alloc(size)));
    leaving.detach();
    staying.reclaim();
    expect(staying.stats()).toMatchObject({ liveBlocks: 1, allocCount: 5, freeCount: 4 });
    expect(staying.validate()).toEqual([]);
    expect(staying.free(kept), 'its blocks stay, for anyone to free').toBe(true);
    staying.reclaim();
    expect(staying.stats()).toMatchObject({ freePages: 256, liveBlocks: 0 });
  });

  test('is another incarnation for the next who takes it', () => {
    const { handle } = tinyHeap();
    const first = anotherSeat(handle);
    const { incarnation = 0 } = first.stats().slots[0] ?? {};
    first.detach();
    const second = anotherSeat(handle);
    expect(second.slot).toBe(first.slot);
    expect(second.stats().slots[0]).toMatchObject({ incarnation: incarnation + 1, self: true });
  });
});

describe('a heap that was left', () => {
  function left(): { heap: SharedHeap; ptr: number; other: SharedHeap } {
    const { handle } = tinyHeap();
    const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
    const ptr = heap.alloc(64);
    heap.free(heap.alloc(64));
    heap.detach();
    return { heap, ptr, other };
  }

  const refused: [
    what: string,
    run: (heap: SharedHeap, ptr: number) => unknown,
    result: unknown,
  ][] = [
    ['alloc', (heap) => heap.alloc(64), 0],
    ['alloc of pages', (heap) => heap.alloc(20_000), 0],
    ['free', (heap, ptr) => heap.free(ptr), false],
    ['free of null', (heap) => heap.free(0), false],
    ['tryAlloc', (heap) => heap.tryAlloc(64, { align: 64 }).ok, false],
    ['realloc', (heap, ptr) => heap.realloc(ptr, 100), 0],
    ['realloc in place', (heap, ptr) => heap.realloc(ptr, 60), 0],
    ['realloc of null', (heap) => heap.realloc(0, 100), 0],
    ['allocMany', (heap) => heap.allocMany([0, 0], 64), 0],
    ['freeMany', (heap, ptr) => heap.freeMany([ptr]), 0],
    ['freeRef', (heap, ptr) => heap.freeRef(ptr), false],
  ];
  test.each(refused)('refuses %s as DETACHED, and nothing happens', (_, run, result) => {
    const { heap, ptr, other } = left();
    const before = other.stats();
    expect(run(heap, ptr)).toBe(result);
    expect(heap.lastError).toMatchObject({ code: 'DETACHED' });
    expect(other.stats()).toEqual(before);
    expect(other.validate()).toEqual([]);
    expect(other.free(ptr)).toBe(true);
  });

  test('knows no blocks, views or refs any more', () => {
    const { heap, ptr } = left();
    expect([heap.usableSize(ptr), heap.ref(ptr), heap.deref(ptr)]).toEqual([0, 0, 0]);
    expect(() => heap.view(ptr, Uint8Array, 1)).toThrow(HeapError);
  });

  const locking: [what: string, run: (heap: SharedHeap) => unknown][] = [
    ['reclaim', (heap) => heap.reclaim()],
    ['setMode', (heap) => heap.setMode('hybrid')],
    ['validate', (heap) => heap.validate()],
    ['extents', (heap) => heap.extents()],
    ['roots.get', (heap) => heap.roots.get('index')],
    ['roots.set', (heap) => heap.roots.set('index', 0)],
    ['roots.delete', (heap) => heap.roots.delete('index')],
    ['roots.entries', (heap) => heap.roots.entries()],
  ];
  test.each(locking)('takes no lock for %s: its seat may be another’s', (_, run) => {
    const { heap, other } = left();
    const before = other.stats();
    expect(thrownBy(() => run(heap)).code).toBe('DETACHED');
    expect(other.stats()).toEqual(before);
  });

  test('still tells its statistics', () => {
    const { heap, other } = left();
    expect(heap.stats()).toEqual({
      ...other.stats(),
      slots: other.stats().slots.map((slot) => ({ ...slot, self: false })),
    });
  });

  test('does not touch the seat when the next thread has it', () => {
    const { heap, other } = left();
    const next = anotherSeat(heap.handle);
    expect(next.slot).toBe(heap.slot);
    const blocks = [1, 2, 3].map(() => next.alloc(64));
    heap.free(blocks[0] as number);
    heap.detach();
    heap[Symbol.dispose]();
    expect(next.freeMany(blocks)).toBe(3);
    expect([next.stats().slots.length, other.validate()]).toEqual([2, []]);
  });

  test('is left once, by detach or at the end of a using block', () => {
    const heap = freshHeap();
    heap[Symbol.dispose]();
    heap.detach();
    heap[Symbol.dispose]();
    expect(heap.alloc(64)).toBe(0);
    const again = SharedHeap.attach(heap.handle);
    expect(again.stats().slots).toHaveLength(1);
    again.detach();
  });
});
