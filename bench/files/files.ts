// Files through a shared heap, once with room for each of them and once with next to none: what was
// whole, what was streamed, and whether the same bytes came out. `node dist/bench/files/files.js`
// takes folders to read, this package's own by default.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Piscina } from 'piscina';
import { SharedHeap } from '../../src/index.ts';
import { digestFiles, type Digested } from './pipeline.ts';

const THREADS = 2;
const CHUNK_BYTES = 8192;
/** What is left of the small heap for all files together. */
const LEFT_BYTES = 128 * 1024;

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const own = ['src', 'test', 'bench', 'node_modules/typescript'].map((name) => join(ROOT, name));

function filesIn(folders: readonly string[]): string[] {
  const listed = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return listed.sort();
}

/** Takes all but so many bytes of the heap. */
function crowd(heap: SharedHeap, bytes: number): void {
  const room = heap.alloc(bytes);
  for (let size = heap.stats().totalBytes; size >= 4096;) if (heap.alloc(size) === 0) size >>= 1;
  heap.free(room);
  heap.reclaim();
}

async function run(heap: SharedHeap, paths: readonly string[]): Promise<Digested[]> {
  const filename = new URL('../../workers/hasher.js', import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: THREADS, maxThreads: THREADS });
  try {
    return await digestFiles(paths, { heap, pool, threads: THREADS, chunkBytes: CHUNK_BYTES });
  } finally {
    await pool.destroy();
  }
}

function isTrue({ path, sha256 }: Digested): boolean {
  return createHash('sha256').update(readFileSync(path)).digest('hex') === sha256;
}

const paths = filesIn(process.argv.length > 2 ? process.argv.slice(2) : own);
const small = SharedHeap.create({ size: '4MiB' });
crowd(small, LEFT_BYTES);
const large = SharedHeap.create({ size: '256MiB' });
const head = ['heap', 'files', 'whole', 'chunks', 'bytes', 'lines', 'same as readFile', 's'];
const table = new Table({ head });
for (const [name, heap] of [
  ['large', large],
  ['small', small],
] as const) {
  const start = performance.now();
  const found = await run(heap, paths);
  const seconds = (performance.now() - start) / 1000;
  const sum = (of: (file: Digested) => number) => found.reduce((total, it) => total + of(it), 0);
  const counts = [sum((it) => +it.whole), sum((it) => it.chunks), sum((it) => it.bytes)];
  const same = found.filter(isTrue).length;
  const row = [found.length, ...counts, sum((it) => it.lines), same];
  table.push([name, ...row.map((count) => count.toLocaleString('en')), seconds.toFixed(2)]);
  if (same !== found.length) process.exitCode = 1;
}
console.log(table.toString());
