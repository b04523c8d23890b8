// A pipeline over a real tree of files: read here, hashed by the threads of a pool. With memory for
// every file and with next to none the same bytes come out, those that are there.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestFiles, type Digested } from '../../bench/files/pipeline.ts';
import { FileError } from '../../src/host/node.ts';
import { SharedHeap } from '../../src/index.ts';
import { IMPORTS, programOf } from '../support/threads/start.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const THREADS = 2;

/** This package's sources and traces, and its compiler's files. */
const paths = ['src', 'bench', 'node_modules/typescript/lib'].flatMap((name) =>
  readdirSync(join(ROOT, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name)),
);

function poolOf(): Piscina {
  const filename = programOf('hasher').href;
  const pool = new Piscina({ filename, minThreads: THREADS, maxThreads: THREADS, ...IMPORTS });
  onTestFinished(() => pool.destroy());
  return pool;
}

/** Takes all but so many bytes; returns what it took. */
function crowd(heap: SharedHeap, bytes: number): number[] {
  const room = heap.alloc(bytes);
  const taken: number[] = [];
  for (let size = 2 ** 22; size >= 4096;) {
    const ptr = heap.alloc(size);
    if (ptr === 0) size >>= 1;
    else taken.push(ptr);
  }
  heap.free(room);
  heap.reclaim();
  return taken;
}

function read(path: string) {
  const bytes = readFileSync(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const lines = bytes.toString('latin1').split('\n').length - 1;
  return { path, sha256, lines, bytes: bytes.length };
}

function expectTrue(found: readonly Digested[]): void {
  const told = found.map(({ whole: _whole, chunks: _chunks, ...rest }) => rest);
  expect(told).toEqual(paths.map(read));
}

describe('a pipeline over many files', () => {
  test('has each in one block where there is memory for it', async () => {
    const heap = SharedHeap.create({ size: '64MiB' });
    const found = await digestFiles(paths, { heap, pool: poolOf(), threads: THREADS });
    expectTrue(found);
    expect(found.filter(({ whole, chunks }) => !whole || chunks !== 1)).toEqual([]);
    expect(heap.stats().liveBlocks).toBe(0);
    expect(heap.validate()).toEqual([]);
  });

  test('streams those that are too large, with the same outcome', async () => {
    const heap = SharedHeap.create({ size: '4MiB' });
    const taken = crowd(heap, 128 * 1024);
    const options = { heap, pool: poolOf(), threads: THREADS, chunkBytes: 8192 };
    const found = await digestFiles(paths, options);
    expectTrue(found);
    const streamed = found.filter(({ whole }) => !whole);
    expect(streamed.length).toBeGreaterThan(1); // the traces at least
    expect(Math.max(...streamed.map(({ chunks }) => chunks))).toBeGreaterThan(50);
    expect(heap.freeMany(taken)).toBe(taken.length);
    expect(heap.stats().liveBlocks).toBe(0);
    expect(heap.validate()).toEqual([]);
  });

  test('loses nothing to a file that cannot be read', async () => {
    const heap = SharedHeap.create({ size: '4MiB' });
    const options = { heap, pool: poolOf(), threads: 1 };
    const missing = [join(ROOT, 'package.json'), join(ROOT, 'src')];
    await expect(digestFiles(missing, options)).rejects.toThrow(FileError);
    expect(heap.stats().liveBlocks).toBe(0);
    expect(await digestFiles([missing[0]!], options)).toMatchObject([{ whole: true, chunks: 1 }]);
  });
});
