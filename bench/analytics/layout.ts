// What the index looks like in the heap. Each record is a block, or stands in a row in one.
//
//   Index ─ list ──▶ Entry Entry Entry …           one for each document
//         │            ├ document ▶ Document ─ parts ▶ its words, by shards, until these are merged
//         │            └ path ▶ a text
//         └ shards ▶ Shard ─ terms ──▶ Term Term …          an open hash table: half of it is empty
//                          ├ postings ▶ Posting Posting …   a term's stand in a row
//                          └ names ──▶ the words' letters
//
// A word belongs to one shard, by its hash. Nothing is changed once it is told: whoever makes a
// Document or a Shard makes all of it in blocks of a transaction, and the Task, which that
// transaction changes too, then says where it is.
import { record } from '../../src/parts/record.ts';
import type { Ptr, SharedHeap } from '../../src/index.ts';
import { BEST } from './answers.ts';

/** The name of the root, and those of the two channels. */
export const NAMES = { index: 'index', todo: 'todo', done: 'done' } as const;
export const SHARDS = 64;
const SHARD_BITS = 6;

export const KINDS = { document: 0, shard: 1, query: 2 } as const;

/**
 * One piece of work, and all that is known of it. `claim` is the number of the worker that does it,
 * written by compare-and-swap; `output` what came of it, written in that worker's transaction.
 */
export const Task = record({
  kind: 'u32',
  /** Which shard. */
  number: 'u32',
  claim: 'u32',
  output: 'ptr',
  /** A document's bytes, or a query's text; freed by the transaction. */
  input: 'ptr',
  bytes: 'u32',
});

export const Index = record({ documents: 'u32', list: 'ptr', shards: ['ptr', SHARDS] });
export const Entry = record({ document: 'ptr', path: 'ptr' });
export const Document = record({ lines: 'u32', words: 'u32', parts: 'ptr', sha256: ['u8', 32] });

/** Where each shard's part ends. Behind it the parts: count, length and letters of each word. */
export const Parts = record({ ends: ['u32', SHARDS] });
export const COUNT_BYTES = 4;
export const HEAD_BYTES = COUNT_BYTES + 1;

export const Shard = record({ terms: 'ptr', slots: 'u32', postings: 'ptr', names: 'ptr' });
export const Term = record({
  hash: 'u32',
  /** Where its letters begin, and how many. */
  name: 'u32',
  length: 'u32',
  total: 'u32',
  /** Its postings: the first, and how many. 0 where there is no term. */
  first: 'u32',
  documents: 'u32',
});
export const Posting = record({ document: 'u32', count: 'u32' });

/** The best documents for a query. */
export const Ranking = record({
  found: 'u32',
  documents: ['u32', BEST],
  scores: ['f64', BEST],
});

export function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

export function shardOf(hash: number): number {
  return hash % SHARDS;
}

/** Where in its shard's table a word is looked for first. */
export function slotOf(hash: number): number {
  return hash >>> SHARD_BITS;
}

/** A block, or an exception that says why there is none. */
export function take(heap: SharedHeap, bytes: number): Ptr {
  const got = heap.tryAlloc(bytes, { zero: true });
  if (!got.ok) throw new Error(got.error.message);
  return got.value;
}

/** The heap as a Buffer, whose indexes are pointers. */
export function bytesOf({ u8 }: SharedHeap): Buffer<SharedArrayBuffer> {
  return Buffer.from(u8.buffer, 0, u8.length);
}
