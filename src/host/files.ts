// Files in shared blocks: a whole file in one block where the heap has memory for it, and bounded
// chunks, one after the other, where it has not. Part of `atomalloc/node`.
//
//   a chunk                    whose it is
//   being read into            the reader's: it frees it if anything fails, or if nobody asks
//                              for more chunks
//   handed out                 the caller's, who frees it, on whichever thread
//
// The reader has one block at a time and waits for memory before it reads on. So a caller that
// hands chunks to other threads is slowed down to their pace by the memory that they have not
// freed yet, and a heap of any size serves a file of any size.
//
// How long a file is, is known when a read brings nothing. One byte is read ahead, into memory of
// the reader's own, so that the last chunk can say that it is the last without there being room for
// another. What the system says of the length is a guess, for how much to ask for: files that grow,
// shrink, or have none (pipes, /proc) are read to their end.

import { open, type FileHandle } from 'node:fs/promises';
import type { AllocError } from '../word/errors.ts';
import type { Ptr, SharedHeap } from '../heap/heap.ts';

const CHUNK_BYTES = 64 * 1024;
/** Of a chunk: more is not read at once, nor seen through one view everywhere. */
const MOST_BYTES = 2 ** 30;

/** How a file is read. */
export interface ReadOptions {
  /** Most bytes of a chunk, when there are several: 1 to 2^30; 65,536 when not given. */
  readonly chunkBytes?: number;
  /** Ends the read with ABORTED, also while it waits for memory. */
  readonly signal?: AbortSignal;
  /** For each chunk, how long to wait for memory; 10 seconds when not given. */
  readonly timeoutMs?: number;
}

/** A piece of a file in a block. */
export interface FileChunk {
  /** The block, which is the caller's to free; 0 if there are no bytes. */
  readonly ptr: Ptr;
  readonly bytes: number;
  /** Where in the file it begins. */
  readonly offset: number;
  /** Whether the file ends here. Each file has one such chunk; an empty one has no other. */
  readonly last: boolean;
  /** Whether this is the whole file. */
  readonly whole: boolean;
}

/** What may be wrong with a read. */
export type FileErrorCode = AllocError['code'] | 'BAD_OPTION' | 'UNREADABLE';

/** Why a file could not be read to its end. Its `cause` is what the system or the heap said. */
export class FileError extends Error {
  readonly code: FileErrorCode;
  readonly path: string;

  constructor(code: FileErrorCode, path: string, cause: unknown) {
    const why = (cause as { message?: unknown } | null)?.message ?? cause;
    super(`${path}: ${String(why)}`, { cause });
    this.name = 'FileError';
    this.code = code;
    this.path = path;
  }
}

/**
 * Reads a file into blocks of the heap: in one chunk if there is memory for all of it now, else in
 * chunks of at most `chunkBytes`, waiting for memory where there is none; so are files of more than
 * 1 GiB. Throws a FileError; then,
 * and when the caller asks for no more chunks, those handed out are the caller's still, and all
 * else is free again. In a heap that tracks owners a chunk is in this thread's name: `give` it.
 */
export async function* readFileShared(
  heap: SharedHeap,
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<FileChunk, void, undefined> {
  const { chunkBytes = CHUNK_BYTES } = options;
  if (!Number.isInteger(chunkBytes) || chunkBytes < 1 || chunkBytes > MOST_BYTES) {
    throw new FileError('BAD_OPTION', path, 'chunkBytes is a whole number from 1 to 2^30');
  }
  const file = await unlessUnreadable(path, open(path, 'r'));
  try {
    const reader = new Reader(heap, path, file, { ...options, chunkBytes });
    for (let chunk = await reader.first(); ; chunk = await reader.next()) {
      yield chunk;
      if (chunk.last) return;
    }
  } finally {
    await unlessUnreadable(path, file.close());
  }
}

class Reader {
  private readonly heap: SharedHeap;
  private readonly path: string;
  private readonly file: FileHandle;
  private readonly options: ReadOptions & { readonly chunkBytes: number };
  /** The byte that was read ahead, if there is one. */
  private readonly ahead = Buffer.alloc(1);
  private hasAhead = false;
  private offset = 0;
  private size = 0;

  constructor(heap: SharedHeap, path: string, file: FileHandle, options: Reader['options']) {
    this.heap = heap;
    this.path = path;
    this.file = file;
    this.options = options;
  }

  async first(): Promise<FileChunk> {
    this.size = (await unlessUnreadable(this.path, this.file.stat())).size;
    this.throwIfAborted();
    await this.look();
    if (!this.hasAhead) return { ptr: 0, bytes: 0, offset: 0, last: true, whole: true };
    const fits = this.size > 0 && this.size <= MOST_BYTES;
    const got = fits ? this.heap.tryAlloc(this.size, { failFast: true }) : null;
    return got?.ok === true ? this.fill(got.value, this.size) : this.next();
  }

  /** There is a byte ahead. */
  async next(): Promise<FileChunk> {
    const { chunkBytes, ...wait } = this.options;
    const left = this.size - this.offset;
    const length = left > 0 ? Math.min(left, chunkBytes) : chunkBytes;
    const got = await this.heap.allocAsync(length, wait);
    if (!got.ok) throw new FileError(got.error.code, this.path, got.error);
    return this.fill(got.value, length);
  }

  /** Into a block, which is free again if that fails. */
  private async fill(ptr: Ptr, length: number): Promise<FileChunk> {
    try {
      const { offset } = this;
      const bytes = await this.read(this.heap.view(ptr, Uint8Array, length));
      await this.look();
      this.throwIfAborted();
      this.offset += bytes;
      const last = !this.hasAhead;
      return { ptr, bytes, offset, last, whole: last && offset === 0 };
    } catch (error) {
      this.heap.free(ptr);
      throw error;
    }
  }

  /** Until the view is full or the file has ended; how many bytes. */
  private async read(into: Uint8Array): Promise<number> {
    into.set(this.ahead);
    let bytes = 1;
    while (bytes < into.length) {
      const asked = this.file.read(into, bytes, into.length - bytes, null);
      const { bytesRead } = await unlessUnreadable(this.path, asked);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    return bytes;
  }

  /** Whether there is more. */
  private async look(): Promise<void> {
    const { bytesRead } = await unlessUnreadable(this.path, this.file.read(this.ahead, 0, 1, null));
    this.hasAhead = bytesRead > 0;
  }

  private throwIfAborted(): void {
    const { signal } = this.options;
    if (signal?.aborted === true) throw new FileError('ABORTED', this.path, signal.reason);
  }
}

async function unlessUnreadable<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new FileError('UNREADABLE', path, cause);
  }
}
