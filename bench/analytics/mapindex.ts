// An index in a Map, which is one thread's: others get clones of it.
import type { Index } from './answers.ts';
import type { Digest } from './corpus.ts';

/** What makes up an index, for structured clones, which know no classes. */
export interface IndexData {
  readonly documents: Omit<Digest, 'counts'>[];
  readonly words: Map<string, Postings>;
}

interface Postings {
  total: number;
  readonly documents: number[];
  readonly counts: number[];
}

export class MapIndex implements Index {
  readonly data: IndexData;

  constructor(data: IndexData = { documents: [], words: new Map() }) {
    this.data = data;
  }

  add(document: number, { counts, ...rest }: Digest): void {
    this.data.documents[document] = rest;
    for (const [word, count] of counts) {
      let postings = this.data.words.get(word);
      if (postings === undefined) {
        postings = { total: 0, documents: [], counts: [] };
        this.data.words.set(word, postings);
      }
      postings.total += count;
      postings.documents.push(document);
      postings.counts.push(count);
    }
  }

  get documents(): number {
    return this.data.documents.length;
  }

  wordsIn(document: number): number {
    return this.data.documents[document]!.words;
  }

  linesIn(document: number): number {
    return this.data.documents[document]!.lines;
  }

  sha256Of(document: number): string {
    return this.data.documents[document]!.sha256;
  }

  documentsWith(word: string): number {
    return this.data.words.get(word)?.documents.length ?? 0;
  }

  visit(word: string, visitor: (document: number, count: number) => void): void {
    const { documents, counts } = this.data.words.get(word) ?? { documents: [], counts: [] };
    for (const [i, document] of documents.entries()) visitor(document, counts[i]!);
  }

  *totals(): Generator<[word: string, total: number]> {
    for (const [word, { total }] of this.data.words) yield [word, total];
  }
}
