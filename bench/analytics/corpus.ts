// What is read, and what is counted in it: the same for both versions of the program, so that they
// differ in nothing but how the bytes and the counts get from thread to thread.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WordCounts } from './words.ts';

/** What one document comes to. */
export interface Digest {
  readonly lines: number;
  readonly words: number;
  readonly sha256: string;
  /** How often it has each word. */
  readonly counts: Map<string, number>;
}

export type Query = readonly string[];

const WORDS_A_QUERY = 3;
/** Of a file, to find words that somebody may ask for. */
const HEAD_BYTES = 4096;
const STRIDE = 7919; // a prime: queries come from documents far apart

/** The files in these folders and below, each with something in it or not, in a fixed order. */
export function filesIn(folders: readonly string[]): string[] {
  const listed = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return listed.toSorted();
}

export function bytesIn(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0);
}

/** Questions that somebody may ask: a few words that some document has. */
export function queriesFor(paths: readonly string[], count: number): Query[] {
  return Array.from({ length: paths.length === 0 ? 0 : count }, (_, i) => {
    const words = [...new WordCounts(headOf(paths[(i * STRIDE) % paths.length]!)).toMap().keys()];
    const step = Math.ceil(words.length / WORDS_A_QUERY);
    return words.filter((_word, at) => at % step === i % step);
  });
}

/** Reads the bytes where they lie, in a buffer of this thread's or in a shared one. */
export function digestOf(bytes: Uint8Array): Digest {
  const counted = new WordCounts(bytes);
  const { lines, words } = counted;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { lines, words, sha256, counts: counted.toMap() };
}

/** The first bytes of a file. */
function headOf(path: string): Uint8Array {
  const file = openSync(path, 'r');
  const head = new Uint8Array(HEAD_BYTES);
  const read = readSync(file, head);
  closeSync(file);
  return head.subarray(0, read);
}
