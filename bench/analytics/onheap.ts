// The program on the heap. Files are read into blocks, and workers count their words where they
// lie; then each shard of the index is made by one worker from what all have counted; then all
// workers answer queries from the one index. Only pointers go from thread to thread, through two
// channels, and any worker may be killed at any time.
import { readFileShared } from '../../src/host/node.ts';
import { SharedHeap, type Ptr } from '../../src/index.ts';
import { allocText } from '../../src/parts/text.ts';
import { answersOf, type Ranked } from './answers.ts';
import { bytesIn, type Query } from './corpus.ts';
import { Crew, type TaskDetails } from './crew.ts';
import * as at from './layout.ts';
import { measured, type Job, type Outcome } from './outcome.ts';
import { SharedIndex } from './sharedindex.ts';

const { Document, Entry, Index, KINDS, NAMES, Ranking, SHARDS } = at;

export interface HeapJob extends Job {
  /** The program workers/indexer. */
  readonly program: URL;
  /** A worker is killed so often, if so many tasks were done since the last time. */
  readonly kills?: { readonly everyMs: number; readonly apart: number };
}

/** Room for the files and what is made of them. Nothing is resident but what is used. */
const BASE_BYTES = 2 ** 26;
const TIMES = 8;
/** Of a heap: a view of all of it, as of any Buffer, ends there on Node 20. */
const MOST_BYTES = 2 ** 32;

export async function analyseOnHeap(job: HeapJob): Promise<Outcome> {
  const { paths, queries, threads, program, kills } = job;
  const size = Math.min(MOST_BYTES, BASE_BYTES + TIMES * bytesIn(paths));
  const heap = SharedHeap.create({ size });
  found(heap, paths);
  const crew = await Crew.hire(heap, program, threads);
  const killing = kills && setInterval(() => crew.kill(kills.apart), kills.everyMs);
  let done: Awaited<ReturnType<typeof measured>>;
  try {
    const answer = async (index: SharedIndex) =>
      answersOf(index, paths, await ask(heap, crew, queries));
    done = await measured(() => build(heap, crew, paths), answer);
  } finally {
    clearInterval(killing);
    await crew.close();
  }
  const remains = remainsOf(heap);
  heap.detach();
  return { ...done, kills: crew.kills, remains };
}

/** An index with nothing in it yet, where every worker will find it. */
function found(heap: SharedHeap, paths: readonly string[]): void {
  const [index, entries] = [Index.on(heap), Entry.on(heap)];
  const root = at.take(heap, Index.bytes);
  const list = at.take(heap, paths.length * Entry.bytes || 1);
  index.set.documents(root, paths.length);
  index.set.list(root, list);
  for (const [i, path] of paths.entries()) {
    entries.set.path(Entry.at(list, i), textIn(heap, path));
  }
  heap.roots.set(NAMES.index, root);
}

async function build(heap: SharedHeap, crew: Crew, paths: readonly string[]): Promise<SharedIndex> {
  const index = new SharedIndex(heap);
  const [roots, entries, documents] = [Index.on(heap), Entry.on(heap), Document.on(heap)];
  const counted = await crew.perform(paths.length, (i) => documentTask(heap, paths[i]!));
  for (const [i, document] of counted.entries()) entries.set.document(index.entryAt(i), document);
  const shards = await crew.perform(SHARDS, (number) => ({ kind: KINDS.shard, number }));
  for (const [i, shard] of shards.entries()) roots.set.shards(index.root, i, shard);
  heap.freeMany(counted.map(documents.get.parts)); // they are in the shards now
  return index;
}

/** The file in one block. Where there is no memory for it, that is waited for. */
async function documentTask(heap: SharedHeap, path: string): Promise<TaskDetails> {
  const chunkBytes = bytesIn([path]) || 1;
  for await (const { ptr, bytes } of readFileShared(heap, path, { chunkBytes })) {
    return { kind: KINDS.document, input: ptr, bytes }; // what has been added since is left out
  }
  throw new Error(`${path} came to nothing`);
}

async function ask(heap: SharedHeap, crew: Crew, queries: readonly Query[]): Promise<Ranked[][]> {
  const { get } = Ranking.on(heap);
  const rankings = await crew.perform(queries.length, (i) => {
    return { kind: KINDS.query, input: textIn(heap, queries[i]!.join(' ')) };
  });
  const told = rankings.map((ptr) =>
    Array.from({ length: get.found(ptr) }, (_, i): Ranked => {
      return [get.documents(ptr, i), get.scores(ptr, i)];
    }),
  );
  heap.freeMany(rankings);
  return told;
}

function textIn(heap: SharedHeap, text: string): Ptr {
  const ptr = allocText(heap, text);
  if (ptr === 0) throw new Error(heap.lastError?.message);
  return ptr;
}

/** What is not as it should be: when the index is freed, block by block, the heap is empty. */
function remainsOf(heap: SharedHeap): string[] {
  const blocks = new SharedIndex(heap).blocks();
  const missing = blocks.length - heap.freeMany(blocks);
  const { liveBlocks } = heap.stats();
  const findings = heap.validate().map((finding) => JSON.stringify(finding));
  if (missing !== 0) findings.push(`${missing} blocks of the index were not live`);
  if (liveBlocks !== 0) findings.push(`${liveBlocks} blocks were nobody's`);
  return findings;
}
