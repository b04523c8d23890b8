// A worker of a pool that takes files in pieces: each task is one file, whose chunks come through a
// port as pointers. It hashes them where they lie, counts lines, and frees each as soon as it has
// done so: whoever reads the file may be waiting for that memory.
import { createHash } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import { SharedHeap, type HeapHandle } from '../src/index.ts';
import type { FileChunk } from '../src/host/node.ts';

export interface HashTask {
  readonly heap: HeapHandle;
  /** A chunk at a time, or null if the file could not be read to its end. */
  readonly chunks: MessagePort;
}

export interface FileDigest {
  readonly sha256: string;
  readonly lines: number;
  readonly bytes: number;
  readonly chunks: number;
}

const NEWLINE = 10;

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

/** Null if the file could not be read. */
export function hash({ heap: handle, chunks: port }: HashTask): Promise<FileDigest | null> {
  const heap = SharedHeap.attach(handle);
  const sha256 = createHash('sha256');
  const sum = { lines: 0, bytes: 0, chunks: 0 };
  const take = ({ ptr, bytes }: FileChunk): void => {
    sum.chunks++;
    if (ptr === 0) return;
    const view = heap.view(ptr, Uint8Array, bytes);
    sha256.update(view);
    sum.lines += linesIn(view);
    sum.bytes += bytes;
    heap.free(ptr);
  };
  return new Promise((resolve) => {
    const done = (digest: FileDigest | null): void => {
      port.close();
      resolve(digest);
    };
    port.on('message', (chunk: FileChunk | null) => {
      if (chunk === null) return done(null);
      take(chunk);
      if (chunk.last) done({ ...sum, sha256: sha256.digest('hex') });
    });
  });
}
