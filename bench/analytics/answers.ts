// What is asked of an index, whichever way it was made and wherever it lies. Scores are sums in the
// order of the query's words, so two indexes of the same documents give the same numbers, to the
// last bit.
import { extname } from 'node:path';
import type { Query } from './corpus.ts';

/** An inverted index, as whoever asks sees it. Documents are numbers from 0 on. */
export interface Index {
  readonly documents: number;
  /** Words in a document, each as often as it stands there. */
  wordsIn(document: number): number;
  linesIn(document: number): number;
  sha256Of(document: number): string;
  /** How many documents have the word. */
  documentsWith(word: string): number;
  /** Each document that has the word, and how often. */
  visit(word: string, visitor: (document: number, count: number) => void): void;
  /** Every word, and how often it stands anywhere. */
  totals(): Iterable<readonly [word: string, total: number]>;
}

export type Ranked = readonly [document: number, score: number];

export interface Answers {
  readonly documents: number;
  readonly topWords: readonly (readonly [word: string, total: number])[];
  readonly linesByType: Readonly<Record<string, number>>;
  /** Documents with the same bytes. */
  readonly duplicates: readonly (readonly string[])[];
  /** For each query, the best documents that have all of its words. */
  readonly ranked: readonly (readonly Ranked[])[];
}

const TOP = 20;
/** Documents that a query is answered with, at most. */
export const BEST = 10;

/** The best documents by tf-idf: the more often a word stands there, and the rarer it is. */
export function rank(index: Index, query: Query): Ranked[] {
  const [first, ...others] = query.map((word) => scoresOf(index, word));
  const scores = others.reduce(sumOfBoth, first ?? new Map<number, number>());
  return best(scores, BEST, ([a, high], [b, higher]) => higher - high || a - b);
}

function scoresOf(index: Index, word: string): Map<number, number> {
  const scores = new Map<number, number>();
  const rarity = Math.log(index.documents / index.documentsWith(word));
  index.visit(word, (document, count) => {
    scores.set(document, (count / index.wordsIn(document)) * rarity);
  });
  return scores;
}

function sumOfBoth(some: Map<number, number>, more: Map<number, number>): Map<number, number> {
  const both = new Map<number, number>();
  for (const [document, score] of some) {
    const other = more.get(document);
    if (other !== undefined) both.set(document, score + other);
  }
  return both;
}

/** Everything that is asked but the queries, whose answers are given. */
export function answersOf(
  index: Index,
  paths: readonly string[],
  ranked: readonly (readonly Ranked[])[],
): Answers {
  const topWords = best(index.totals(), TOP, ([a, some], [b, more]) => more - some || order(a, b));
  const { linesByType, duplicates } = surveyOf(index, paths);
  return { documents: index.documents, topWords, linesByType, duplicates, ranked };
}

function surveyOf(index: Index, paths: readonly string[]) {
  const linesByType: Record<string, number> = {};
  const same = new Map<string, string[]>();
  for (const [document, path] of paths.entries()) {
    const type = extname(path);
    linesByType[type] = (linesByType[type] ?? 0) + index.linesIn(document);
    const sha256 = index.sha256Of(document);
    same.set(sha256, [...(same.get(sha256) ?? []), path]);
  }
  return { linesByType, duplicates: [...same.values()].filter(({ length }) => length > 1) };
}

/** The first `count` in that order, without sorting the rest. */
function best<T>(all: Iterable<T>, count: number, compare: (a: T, b: T) => number): T[] {
  const kept: T[] = [];
  for (const one of all) {
    const last = kept[count - 1];
    if (last !== undefined && compare(last, one) <= 0) continue;
    const behind = kept.findIndex((other) => compare(one, other) < 0);
    kept.splice(behind < 0 ? kept.length : behind, 0, one);
    kept.length = Math.min(kept.length, count);
  }
  return kept;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
