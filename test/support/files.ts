// What tests of files in shared blocks need: a heap with next to no room, and readers that keep
// count.

import { expect } from 'vitest';
import { FileError, readFileShared } from '../../src/host/node.ts';
import type { FileChunk, ReadOptions } from '../../src/host/node.ts';
import type { SharedHeap } from '../../src/index.ts';

const ROOM_BYTES = 3 * 4096; // pages of a zone, not blocks of a magazine

/** Leaves room for so many chunks of three pages. */
export function crowd(heap: SharedHeap, chunks: number): void {
  const room = Array.from({ length: chunks }, () => heap.alloc(ROOM_BYTES));
  for (let size = 2 ** 22; size >= 16;) if (heap.alloc(size) === 0) size >>= 1;
  heap.freeMany(room);
  heap.reclaim();
}

export function content(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) & 255));
}

export function bytesOf(heap: SharedHeap, { ptr, bytes }: FileChunk): Buffer {
  return ptr === 0 ? Buffer.alloc(0) : Buffer.from(heap.view(ptr, Uint8Array, bytes));
}

export interface Gathered {
  readonly all: Buffer;
  readonly chunks: FileChunk[];
}

/** Reads to the end, freeing each chunk before the next is asked for. */
export async function gather(
  heap: SharedHeap,
  path: string,
  options: ReadOptions = {},
): Promise<Gathered> {
  const chunks: FileChunk[] = [];
  const parts: Buffer[] = [];
  for await (const chunk of readFileShared(heap, path, options)) {
    chunks.push(chunk);
    parts.push(bytesOf(heap, chunk));
    if (chunk.ptr !== 0) expect(heap.free(chunk.ptr)).toBe(true);
  }
  return { all: Buffer.concat(parts), chunks };
}

export function expectInOrder({ all, chunks }: Gathered, whole: boolean): void {
  let offset = 0;
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({ offset, whole });
    offset += chunk.bytes;
  }
  expect(offset).toBe(all.length);
  expect(chunks.map(({ last }) => last)).toEqual(chunks.map((_, i) => i === chunks.length - 1));
}

/** The error with which something has to fail. */
export async function failure(work: Promise<unknown>): Promise<FileError> {
  const error = await work.then(
    () => expect.fail('it should have failed'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FileError);
  return error as FileError;
}

/** What is live before and after is the same. */
export async function losingNothing<T>(heap: SharedHeap, work: () => Promise<T>): Promise<T> {
  const before = heap.stats().liveBlocks;
  const done = await work();
  expect(heap.stats().liveBlocks).toBe(before);
  expect(heap.validate()).toEqual([]);
  return done;
}
