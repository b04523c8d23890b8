// A pipeline over files: this thread reads them into a shared heap, the threads of a pool hash them
// and count their lines, and this thread adds up. Only pointers go from one to the other.
//
// As many files are under way as there are threads in the pool, and no more: chunks of a file that
// no thread has begun would be memory that nobody frees, for which the others wait.

import { MessageChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { readFileShared } from '../../src/host/node.ts';
import type { SharedHeap } from '../../src/index.ts';
import type { FileDigest, HashTask } from '../../workers/hasher.ts';

export interface PipelineOptions {
  readonly heap: SharedHeap;
  /** Of the program workers/hasher. */
  readonly pool: Piscina;
  /** Its threads. */
  readonly threads: number;
  readonly chunkBytes?: number;
}

export interface Digested extends FileDigest {
  readonly path: string;
  /** Whether the file was in one block. */
  readonly whole: boolean;
}

/** Hashes every file, in any order; what came of each, in the order in which they were given. */
export async function digestFiles(
  paths: readonly string[],
  options: PipelineOptions,
): Promise<Digested[]> {
  const results: Digested[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < paths.length) {
      const index = next++;
      results[index] = await digestFile(paths[index]!, options);
    }
  };
  await Promise.all(Array.from({ length: options.threads }, lane));
  return results;
}

async function digestFile(path: string, { heap, pool, chunkBytes }: PipelineOptions) {
  const { port1, port2 } = new MessageChannel();
  const task: HashTask = { heap: heap.handle, chunks: port2 };
  const digest = pool.run(task, { name: 'hash', transferList: [port2] });
  let whole = false;
  try {
    for await (const chunk of readFileShared(heap, path, chunkBytes ? { chunkBytes } : {})) {
      whole = chunk.whole;
      port1.postMessage(chunk);
    }
  } catch (error) {
    port1.postMessage(null);
    await digest;
    throw error;
  }
  const done = (await digest) as FileDigest;
  port1.close();
  return { path, whole, ...done };
}
