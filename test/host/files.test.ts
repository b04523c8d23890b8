// Files in shared blocks: whole where they fit, in chunks where they do not, and nothing left over
// whatever goes wrong at whichever step.

import { appendFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FileError, readFileShared, type FileChunk } from '../../src/host/node.ts';
import type { ReadOptions } from '../../src/host/node.ts';
import { SharedHeap } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
const path = join(folder, 'it');
const PAGE = 4096;

let heap: SharedHeap;
let room: number[];

/** A heap in which so many pages are left. */
function crowded(pages: number): void {
  room = [];
  for (let i = 0; i < pages; i++) room.push(heap.alloc(PAGE * 3)); // no class of a magazine's
  for (let size = 2 ** 22; size >= 16;) if (heap.alloc(size) === 0) size >>= 1;
  heap.freeMany(room);
  heap.reclaim();
}

beforeEach(() => void (heap = SharedHeap.create({ size: '4MiB' })));
afterEach(() => {
  heap.detach();
  vi.restoreAllMocks();
});
afterAll(() => rmSync(folder, { recursive: true }));

function content(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) & 255));
}

function bytesOf({ ptr, bytes }: FileChunk): Buffer {
  return ptr === 0 ? Buffer.alloc(0) : Buffer.from(heap.view(ptr, Uint8Array, bytes));
}

interface Gathered {
  readonly all: Buffer;
  readonly chunks: FileChunk[];
}

/** Reads to the end, freeing each chunk before the next is asked for. */
async function gather(options: ReadOptions = {}, from = path): Promise<Gathered> {
  const chunks: FileChunk[] = [];
  const parts: Buffer[] = [];
  for await (const chunk of readFileShared(heap, from, options)) {
    chunks.push(chunk);
    parts.push(bytesOf(chunk));
    if (chunk.ptr !== 0) expect(heap.free(chunk.ptr)).toBe(true);
  }
  return { all: Buffer.concat(parts), chunks };
}

function expectInOrder({ all, chunks }: Gathered, whole: boolean): void {
  let offset = 0;
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({ offset, whole });
    offset += chunk.bytes;
  }
  expect(offset).toBe(all.length);
  expect(chunks.map(({ last }) => last)).toEqual(chunks.map((_, i) => i === chunks.length - 1));
}

const failure = (work: Promise<unknown>): Promise<FileError> =>
  work.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(FileError);
      return error as FileError;
    },
  );

/** What is live before and after: nothing was lost. */
async function losingNothing<T>(work: () => Promise<T>): Promise<T> {
  const before = heap.stats().liveBlocks;
  const done = await work();
  expect(heap.stats().liveBlocks).toBe(before);
  expect(heap.validate()).toEqual([]);
  return done;
}

describe('a file', () => {
  test('for which there is memory is one block', async () => {
    writeFileSync(path, content(1_000_000));
    const read = await losingNothing(() => gather());
    expect(read.all.equals(content(1_000_000))).toBe(true);
    expectInOrder(read, true);
    expect(read.chunks).toHaveLength(1);
  });

  test('for which there is none comes in chunks, one after the other', async () => {
    crowded(2);
    writeFileSync(path, content(1_000_000));
    const read = await losingNothing(() => gather({ chunkBytes: 10_000 }));
    expect(read.all.equals(content(1_000_000))).toBe(true);
    expectInOrder(read, false);
    expect(read.chunks.map(({ bytes }) => bytes)).toEqual(new Array(100).fill(10_000));
  });

  test('of any length comes whole or in chunks of any length, to the last byte', async () => {
    crowded(2);
    const lengths = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 20 }));
    const cases = fc.tuple(lengths, fc.constantFrom(-1, 0, 1), fc.constantFrom(1, 100, 12_000));
    await fc.assert(
      fc.asyncProperty(cases, async ([[many, few], more, chunkBytes]) => {
        const bytes = Math.max(0, (many > 5 ? few : many) * chunkBytes + more);
        writeFileSync(path, content(bytes));
        const read = await losingNothing(() => gather({ chunkBytes }));
        expect(read.all.equals(content(bytes))).toBe(true);
        expectInOrder(read, read.chunks.length === 1);
      }),
      { numRuns: 100 },
    );
  });

  test('that is empty has one chunk, without a block', async () => {
    writeFileSync(path, '');
    const { chunks } = await losingNothing(() => gather());
    expect(chunks).toEqual([{ ptr: 0, bytes: 0, offset: 0, last: true, whole: true }]);
  });

  test.skipIf(process.platform !== 'linux')(
    'of which the system knows no length is read to its end',
    async () => {
      const { all } = await losingNothing(() => gather({ chunkBytes: 64 }, '/proc/self/limits'));
      expect(all.toString()).toMatch(/^Limit .*\n(?:Max .*\n)+$/);
    },
  );
});

describe('memory', () => {
  test('that another frees lets the reader go on', async () => {
    crowded(1);
    writeFileSync(path, content(60_000));
    const parts: Buffer[] = [];
    const frees: Promise<boolean>[] = [];
    await losingNothing(async () => {
      for await (const chunk of readFileShared(heap, path, { chunkBytes: 12_000 })) {
        parts.push(bytesOf(chunk));
        frees.push(sleep(5).then(() => heap.free(chunk.ptr)));
      }
      expect(await Promise.all(frees)).toEqual(new Array(5).fill(true));
    });
    expect(Buffer.concat(parts).equals(content(60_000))).toBe(true);
  });

  test('that nobody frees is waited for so long, and chunks handed out stay', async () => {
    crowded(1);
    writeFileSync(path, content(60_000));
    const file = readFileShared(heap, path, { chunkBytes: 12_000, timeoutMs: 20 });
    await losingNothing(async () => {
      const { value } = await file.next();
      expect((await failure(file.next())).code).toBe('TIMEOUT');
      expect(await file.next()).toEqual({ done: true, value: undefined });
      expect(bytesOf(value as FileChunk).equals(content(12_000))).toBe(true);
      expect(heap.free((value as FileChunk).ptr)).toBe(true);
    });
  });

  test('that the heap can never have is an error', async () => {
    crowded(1);
    writeFileSync(path, content(5_000_000));
    const error = await losingNothing(() => failure(gather({ chunkBytes: 2 ** 24 })));
    expect(error).toMatchObject({ code: 'INVALID_SIZE', path });
  });
});

describe('an aborted signal', () => {
  test('ends the read before it begins', async () => {
    writeFileSync(path, content(1000));
    const error = await losingNothing(() =>
      failure(gather({ signal: AbortSignal.abort('enough') })),
    );
    expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' });
  });

  test('ends it while it waits for memory', async () => {
    crowded(1);
    writeFileSync(path, content(60_000));
    const stop = new AbortController();
    const file = readFileShared(heap, path, { chunkBytes: 12_000, signal: stop.signal });
    const { value } = await file.next();
    await losingNothing(async () => {
      setTimeout(() => stop.abort(), 10);
      expect((await failure(file.next())).code).toBe('ABORTED');
    });
    expect(heap.free((value as FileChunk).ptr)).toBe(true);
  });

  test('ends it at any step, and nothing is left', async () => {
    crowded(2);
    writeFileSync(path, content(50_000));
    for (let step = 1; ; step++) {
      const stop = new AbortController();
      const abort = atRead(step, () => stop.abort());
      const outcome = await losingNothing(() =>
        gather({ chunkBytes: 10_000, signal: stop.signal }).catch((error: FileError) => error.code),
      );
      abort();
      if (typeof outcome !== 'string') return expect(step).toBeGreaterThan(10);
      expect(outcome).toBe('ABORTED');
    }
  });
});

type Handle = Awaited<ReturnType<typeof open>>;
let prototype: Handle;
beforeEach(async () => {
  const handle = await open(import.meta.filename);
  prototype = Object.getPrototypeOf(handle) as Handle;
  await handle.close();
});

/** How often this process has the file open, where the system tells. */
function timesOpen(): number {
  if (process.platform !== 'linux') return 0;
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the one that was open for the list
    }
  });
  return links.filter((link) => link === path).length;
}

/** Does something before the n-th read of any file from now on; returns what ends that. */
function atRead(n: number, what: () => void): () => void {
  let reads = 0;
  const { read } = prototype;
  const spy = vi.spyOn(prototype, 'read').mockImplementation(async function (
    this: Handle,
    ...args
  ) {
    if (++reads === n) what();
    return Reflect.apply(read, this, args) as ReturnType<Handle['read']>;
  });
  return () => spy.mockRestore();
}

describe('what cannot be read', () => {
  test('is an error with its reason: no file, a folder', async () => {
    const nothing = await losingNothing(() => failure(gather({}, `${path}.nothing`)));
    expect(nothing).toMatchObject({ code: 'UNREADABLE', cause: { code: 'ENOENT' } });
    expect(nothing.message).toMatch(/nothing: ENOENT/);
    const aFolder = await losingNothing(() => failure(gather({}, folder)));
    expect(aFolder).toMatchObject({ code: 'UNREADABLE', cause: { code: 'EISDIR' } });
  });

  test.each([
    ['whole', 100],
    ['in chunks', 2],
  ])('at any step, leaves no block and no open file: %s', async (_, pages) => {
    crowded(pages);
    writeFileSync(path, content(50_000));
    for (let step = 1; ; step++) {
      const end = atRead(step, () => {
        throw new Error('a bad sector');
      });
      const outcome = await losingNothing(() =>
        gather({ chunkBytes: 10_000 }).catch((error: FileError) => error.code),
      );
      end();
      expect(timesOpen()).toBe(0);
      if (typeof outcome !== 'string') return expect(step).toBeGreaterThan(3);
      expect(outcome).toBe('UNREADABLE');
    }
  });

  test('is no more asked for when the caller has enough', async () => {
    crowded(2);
    writeFileSync(path, content(50_000));
    await losingNothing(async () => {
      for await (const chunk of readFileShared(heap, path, { chunkBytes: 10_000 })) {
        expect(timesOpen()).toBe(process.platform === 'linux' ? 1 : 0);
        heap.free(chunk.ptr);
        break;
      }
    });
    expect(timesOpen()).toBe(0);
  });
});

describe('a file that changes its length while it is read', () => {
  test.each([
    ['whole', 100],
    ['in chunks', 2],
  ])('longer: is read to its new end: %s', async (_, pages) => {
    crowded(pages);
    for (const step of [1, 2, 3]) {
      writeFileSync(path, content(30_000));
      const end = atRead(step, () => appendFileSync(path, 'and more'));
      const read = await losingNothing(() => gather({ chunkBytes: 10_000 }));
      end();
      expect(read.all.toString('latin1')).toBe(`${content(30_000).toString('latin1')}and more`);
      expectInOrder(read, false);
    }
  });

  test.each([
    ['whole', 100, [1, 2]],
    ['in chunks', 2, [1, 2, 4]],
  ])('shorter: is what there is of it: %s', async (_, pages, steps) => {
    crowded(pages);
    for (const step of steps) {
      writeFileSync(path, content(30_000));
      const end = atRead(step, () => truncateSync(path, 12_000));
      const read = await losingNothing(() => gather({ chunkBytes: 10_000 }));
      end();
      expect(read.all.equals(content(12_000).subarray(0, read.all.length))).toBe(true);
      expect(read.all.length).toBe(12_000);
      expect(read.chunks.at(-1)?.last).toBe(true);
    }
  });
});

describe('misuse', () => {
  test.each([0, -1, 1.5, NaN, 2 ** 31])('chunkBytes of %d', async (chunkBytes) => {
    writeFileSync(path, content(10));
    expect((await failure(gather({ chunkBytes }))).code).toBe('BAD_OPTION');
  });

  test('a heap that this thread has left', async () => {
    writeFileSync(path, content(10));
    heap.detach();
    expect((await failure(gather())).code).toBe('DETACHED');
  });
});
