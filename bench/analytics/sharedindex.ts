// The index in the heap, as one thread reads it: in place, with nothing copied but the words that
// it is asked to name.
import type { Ptr, SharedHeap } from '../../src/index.ts';
import { readText } from '../../src/parts/text.ts';
import type { Index as IndexView } from './answers.ts';
import * as at from './layout.ts';

const { Document, Entry, Index, Posting, SHARDS, Shard, Term } = at;

export class SharedIndex implements IndexView {
  readonly root: Ptr;
  private readonly heap: SharedHeap;
  private readonly bytes: Buffer;
  private readonly index;
  private readonly entry;
  private readonly document;
  private readonly shard;
  private readonly term;
  private readonly posting;

  constructor(heap: SharedHeap) {
    this.heap = heap;
    this.root = heap.roots.get(at.NAMES.index);
    this.bytes = at.bytesOf(heap);
    this.index = Index.on(heap);
    this.entry = Entry.on(heap);
    this.document = Document.on(heap);
    this.shard = Shard.on(heap);
    this.term = Term.on(heap);
    this.posting = Posting.on(heap);
  }

  get documents(): number {
    return this.index.get.documents(this.root);
  }

  entryAt(document: number): Ptr {
    return Entry.at(this.index.get.list(this.root), document);
  }

  documentAt(document: number): Ptr {
    return this.entry.get.document(this.entryAt(document));
  }

  pathOf(document: number): string | undefined {
    return readText(this.heap, this.entry.get.path(this.entryAt(document)));
  }

  wordsIn(document: number): number {
    return this.document.get.words(this.documentAt(document));
  }

  linesIn(document: number): number {
    return this.document.get.lines(this.documentAt(document));
  }

  sha256Of(document: number): string {
    const from = this.documentAt(document) + Document.offsets.sha256;
    return this.bytes.toString('hex', from, from + 32);
  }

  documentsWith(word: string): number {
    const [, term] = this.find(word);
    return term === 0 ? 0 : this.term.get.documents(term);
  }

  visit(word: string, visitor: (document: number, count: number) => void): void {
    const [shard, term] = this.find(word);
    if (term === 0) return;
    const { get } = this.posting;
    const first = Posting.at(this.shard.get.postings(shard), this.term.get.first(term));
    const end = Posting.at(first, this.term.get.documents(term));
    for (let ptr = first; ptr < end; ptr += Posting.bytes)
      visitor(get.document(ptr), get.count(ptr));
  }

  *totals(): Generator<[word: string, total: number]> {
    for (const shard of this.shards()) {
      for (let i = 0; i < this.shard.get.slots(shard); i++) {
        const term = Term.at(this.shard.get.terms(shard), i);
        if (this.term.get.documents(term) === 0) continue;
        yield [this.nameOf(shard, term), this.term.get.total(term)];
      }
    }
  }

  /** Every block that it consists of. */
  blocks(): Ptr[] {
    const { entry, shard, index } = this;
    const documents = Array.from({ length: this.documents }, (_, i) => this.entryAt(i));
    return [
      ...documents.flatMap((ptr) => [entry.get.document(ptr), entry.get.path(ptr)]),
      ...this.shards().flatMap((ptr) => [
        shard.get.terms(ptr),
        shard.get.postings(ptr),
        shard.get.names(ptr),
        ptr,
      ]),
      index.get.list(this.root),
      this.root,
    ];
  }

  private shards(): Ptr[] {
    return Array.from({ length: SHARDS }, (_, i) => this.index.get.shards(this.root, i));
  }

  /** The shard that has the word or would have it, and its term or 0. */
  private find(word: string): [shard: Ptr, term: Ptr] {
    const hash = at.hashOf(word);
    const shard = this.index.get.shards(this.root, at.shardOf(hash));
    const [terms, slots] = [this.shard.get.terms(shard), this.shard.get.slots(shard)];
    for (let tried = 0, slot = at.slotOf(hash); tried < slots; tried++, slot++) {
      const term = Term.at(terms, slot & (slots - 1));
      if (this.term.get.documents(term) === 0) break;
      if (this.term.get.hash(term) === hash && this.nameOf(shard, term) === word) {
        return [shard, term];
      }
    }
    return [shard, 0];
  }

  private nameOf(shard: Ptr, term: Ptr): string {
    const from = this.shard.get.names(shard) + this.term.get.name(term);
    return this.bytes.toString('latin1', from, from + this.term.get.length(term));
  }
}
