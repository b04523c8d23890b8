// Reads of files that end early, fail, or go on for longer than was thought, at each step: no block
// is lost and no file stays open.

import { appendFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readFileShared, type FileChunk, type FileError } from '../../src/host/node.ts';
import { SharedHeap } from '../../src/index.ts';
import { content, crowd, expectInOrder, failure, gather, losingNothing } from '../support/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
const path = join(folder, 'it');
let heap: SharedHeap;

beforeEach(() => void (heap = SharedHeap.create({ size: '4MiB' })));
afterEach(() => {
  heap.detach();
  vi.restoreAllMocks();
});
afterAll(() => rmSync(folder, { recursive: true }));

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
    const nothing = await losingNothing(heap, () => failure(gather(heap, `${path}.nothing`)));
    expect(nothing).toMatchObject({ code: 'UNREADABLE', cause: { code: 'ENOENT' } });
    expect(nothing.message).toMatch(/nothing: ENOENT/);
    const aFolder = await losingNothing(heap, () => failure(gather(heap, folder)));
    expect(aFolder).toMatchObject({ code: 'UNREADABLE', cause: { code: 'EISDIR' } });
  });

  test.each([
    ['whole', 100],
    ['in chunks', 2],
  ])('at any step, leaves no block and no open file: %s', async (_, pages) => {
    crowd(heap, pages);
    writeFileSync(path, content(50_000));
    for (let step = 1; ; step++) {
      const end = atRead(step, () => {
        throw new Error('a bad sector');
      });
      const outcome = await losingNothing(heap, () =>
        gather(heap, path, { chunkBytes: 10_000 }).catch((error: FileError) => error.code),
      );
      end();
      expect(timesOpen()).toBe(0);
      if (typeof outcome !== 'string') return expect(step).toBeGreaterThan(3);
      expect(outcome).toBe('UNREADABLE');
    }
  });

  test('is no more asked for when the caller has enough', async () => {
    crowd(heap, 2);
    writeFileSync(path, content(50_000));
    await losingNothing(heap, async () => {
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
    crowd(heap, pages);
    for (const step of [1, 2, 3]) {
      writeFileSync(path, content(30_000));
      const end = atRead(step, () => appendFileSync(path, 'and more'));
      const read = await losingNothing(heap, () => gather(heap, path, { chunkBytes: 10_000 }));
      end();
      expect(read.all.toString('latin1')).toBe(`${content(30_000).toString('latin1')}and more`);
      expectInOrder(read, false);
    }
  });

  test.each([
    ['whole', 100, [1, 2]],
    ['in chunks', 2, [1, 2, 4]],
  ])('shorter: is what there is of it: %s', async (_, pages, steps) => {
    crowd(heap, pages);
    for (const step of steps) {
      writeFileSync(path, content(30_000));
      const end = atRead(step, () => truncateSync(path, 12_000));
      const read = await losingNothing(heap, () => gather(heap, path, { chunkBytes: 10_000 }));
      end();
      expect(read.all.equals(content(12_000).subarray(0, read.all.length))).toBe(true);
      expect(read.all.length).toBe(12_000);
      expect(read.chunks.at(-1)?.last).toBe(true);
    }
  });
});

describe('an aborted signal', () => {
  test('ends the read before it begins', async () => {
    writeFileSync(path, content(1000));
    const error = await losingNothing(heap, () =>
      failure(gather(heap, path, { signal: AbortSignal.abort('enough') })),
    );
    expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' });
  });

  test('ends it while it waits for memory', async () => {
    crowd(heap, 1);
    writeFileSync(path, content(60_000));
    const stop = new AbortController();
    const file = readFileShared(heap, path, { chunkBytes: 12_000, signal: stop.signal });
    const { value } = await file.next();
    await losingNothing(heap, async () => {
      setTimeout(() => stop.abort(), 10);
      expect((await failure(file.next())).code).toBe('ABORTED');
    });
    expect(heap.free((value as FileChunk).ptr)).toBe(true);
  });

  test('ends it at any step, and nothing is left', async () => {
    crowd(heap, 2);
    writeFileSync(path, content(50_000));
    for (let step = 1; ; step++) {
      const stop = new AbortController();
      const abort = atRead(step, () => stop.abort());
      const outcome = await losingNothing(heap, () =>
        gather(heap, path, { chunkBytes: 10_000, signal: stop.signal }).catch(
          (error: FileError) => error.code,
        ),
      );
      abort();
      if (typeof outcome !== 'string') return expect(step).toBeGreaterThan(10);
      expect(outcome).toBe('ABORTED');
    }
  });
});
