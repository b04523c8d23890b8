// Files in shared blocks: whole where they fit, in chunks where they do not, and to the last byte.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFileShared, type FileChunk } from '../../src/host/node.ts';
import { SharedHeap } from '../../src/index.ts';
import {
  bytesOf,
  content,
  crowd,
  expectInOrder,
  failure,
  gather,
  losingNothing,
} from '../support/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
const path = join(folder, 'it');
let heap: SharedHeap;

beforeEach(() => void (heap = SharedHeap.create({ size: '4MiB' })));
afterEach(() => heap.detach());
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file', () => {
  test('for which there is memory is one block', async () => {
    writeFileSync(path, content(1_000_000));
    const read = await losingNothing(heap, () => gather(heap, path));
    expect(read.all.equals(content(1_000_000))).toBe(true);
    expectInOrder(read, true);
    expect(read.chunks).toHaveLength(1);
  });

  test('for which there is none comes in chunks, one after the other', async () => {
    crowd(heap, 2);
    writeFileSync(path, content(1_000_000));
    const read = await losingNothing(heap, () => gather(heap, path, { chunkBytes: 10_000 }));
    expect(read.all.equals(content(1_000_000))).toBe(true);
    expectInOrder(read, false);
    expect(read.chunks.map(({ bytes }) => bytes)).toEqual(new Array(100).fill(10_000));
  });

  test('of any length comes whole or in chunks of any length, to the last byte', async () => {
    crowd(heap, 2);
    const lengths = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 20 }));
    const cases = fc.tuple(lengths, fc.constantFrom(-1, 0, 1), fc.constantFrom(1, 100, 12_000));
    await fc.assert(
      fc.asyncProperty(cases, async ([[many, few], more, chunkBytes]) => {
        const bytes = Math.max(0, (many > 5 ? few : many) * chunkBytes + more);
        writeFileSync(path, content(bytes));
        const read = await losingNothing(heap, () => gather(heap, path, { chunkBytes }));
        expect(read.all.equals(content(bytes))).toBe(true);
        expectInOrder(read, read.chunks.length === 1);
      }),
      { numRuns: 100 },
    );
  });

  test('that is empty has one chunk, without a block', async () => {
    writeFileSync(path, '');
    const { chunks } = await losingNothing(heap, () => gather(heap, path));
    expect(chunks).toEqual([{ ptr: 0, bytes: 0, offset: 0, last: true, whole: true }]);
  });

  test.skipIf(process.platform !== 'linux')(
    'of which the system knows no length is read to its end',
    async () => {
      const { all } = await losingNothing(heap, () =>
        gather(heap, '/proc/self/limits', { chunkBytes: 64 }),
      );
      expect(all.toString()).toMatch(/^Limit .*\n(?:Max .*\n)+$/);
    },
  );
});

describe('memory', () => {
  test('that another frees lets the reader go on', async () => {
    crowd(heap, 1);
    writeFileSync(path, content(60_000));
    const parts: Buffer[] = [];
    const frees: Promise<boolean>[] = [];
    await losingNothing(heap, async () => {
      for await (const chunk of readFileShared(heap, path, { chunkBytes: 12_000 })) {
        parts.push(bytesOf(heap, chunk));
        frees.push(sleep(5).then(() => heap.free(chunk.ptr)));
      }
      expect(await Promise.all(frees)).toEqual(new Array(5).fill(true));
    });
    expect(Buffer.concat(parts).equals(content(60_000))).toBe(true);
  });

  test('that nobody frees is waited for so long, and chunks handed out stay', async () => {
    crowd(heap, 1);
    writeFileSync(path, content(60_000));
    const file = readFileShared(heap, path, { chunkBytes: 12_000, timeoutMs: 20 });
    await losingNothing(heap, async () => {
      const { value } = await file.next();
      expect((await failure(file.next())).code).toBe('TIMEOUT');
      expect(await file.next()).toEqual({ done: true, value: undefined });
      expect(bytesOf(heap, value as FileChunk).equals(content(12_000))).toBe(true);
      expect(heap.free((value as FileChunk).ptr)).toBe(true);
    });
  });

  test('that the heap can never have is an error', async () => {
    crowd(heap, 1);
    writeFileSync(path, content(5_000_000));
    const error = await losingNothing(heap, () =>
      failure(gather(heap, path, { chunkBytes: 2 ** 24 })),
    );
    expect(error).toMatchObject({ code: 'INVALID_SIZE', path });
  });
});

describe('misuse', () => {
  test.each([0, -1, 1.5, NaN, 2 ** 31])('chunkBytes of %d', async (chunkBytes) => {
    writeFileSync(path, content(10));
    expect((await failure(gather(heap, path, { chunkBytes }))).code).toBe('BAD_OPTION');
  });

  test('a heap that this thread has left', async () => {
    writeFileSync(path, content(10));
    heap.detach();
    expect((await failure(gather(heap, path))).code).toBe('DETACHED');
  });
});
