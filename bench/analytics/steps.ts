// The three kinds of work on the index, each in a transaction of the worker's that does it: a
// document's words are counted, a shard is made from all documents' words, a query is answered. A
// step reads what others have finished, writes into blocks of its transaction alone, and returns
// the one in which its outcome is. So it may end anywhere: nobody has heard of them.
import type { Ptr, SharedHeap, Transaction } from '../../src/index.ts';
import { readText } from '../../src/parts/text.ts';
import { BEST, rank } from './answers.ts';
import { digestOf } from './corpus.ts';
import * as at from './layout.ts';
import { SharedIndex } from './sharedindex.ts';

const { COUNT_BYTES, Document, HEAD_BYTES, KINDS, Parts, Posting, Ranking, SHARDS } = at;
const { Shard, Task, Term } = at;

/** A word as one shard collects it: how often in all, and document, count, document, count … */
interface Collected {
  readonly postings: number[];
  total: number;
}

export class Steps {
  private readonly heap: SharedHeap;
  private readonly bytes: Buffer;
  private readonly index: SharedIndex;
  private readonly task;
  private readonly document;
  private readonly parts;
  private readonly shard;
  private readonly term;
  private readonly posting;
  private readonly ranking;

  constructor(heap: SharedHeap) {
    this.heap = heap;
    this.bytes = at.bytesOf(heap);
    this.index = new SharedIndex(heap);
    this.task = Task.on(heap);
    this.document = Document.on(heap);
    this.parts = Parts.on(heap);
    this.shard = Shard.on(heap);
    this.term = Term.on(heap);
    this.posting = Posting.on(heap);
    this.ranking = Ranking.on(heap);
  }

  perform(tx: Transaction, task: Ptr): Ptr {
    const kind = this.task.get.kind(task);
    if (kind === KINDS.shard) return this.merge(tx, this.task.get.number(task));
    const input = this.task.get.input(task);
    const output = kind === KINDS.query ? this.answer(tx, input) : this.count(tx, task, input);
    if (input !== 0) tx.free(input); // when all of this counts, and not before
    return output;
  }

  private count(tx: Transaction, task: Ptr, input: Ptr): Ptr {
    const bytes = this.bytes.subarray(input, input + this.task.get.bytes(task));
    const { lines, words, sha256, counts } = digestOf(bytes);
    const document = tx.alloc(Document.bytes);
    this.document.set.lines(document, lines);
    this.document.set.words(document, words);
    this.document.set.parts(document, this.partsOf(tx, counts));
    this.bytes.write(sha256, document + Document.offsets.sha256, 'hex');
    return document;
  }

  private partsOf(tx: Transaction, counts: Map<string, number>): Ptr {
    const parts = Array.from({ length: SHARDS }, () => [] as string[]);
    let bytes = Parts.bytes;
    for (const word of counts.keys()) {
      parts[at.shardOf(at.hashOf(word))]!.push(word);
      bytes += HEAD_BYTES + word.length;
    }
    const block = tx.alloc(bytes);
    let end = block + Parts.bytes;
    for (const [shard, part] of parts.entries()) {
      for (const word of part) end = this.putWord(end, word, counts.get(word)!);
      this.parts.set.ends(block, shard, end - block);
    }
    return block;
  }

  private putWord(ptr: Ptr, word: string, count: number): Ptr {
    this.bytes.writeUInt32LE(count, ptr);
    this.bytes[ptr + COUNT_BYTES] = word.length;
    return ptr + HEAD_BYTES + this.bytes.write(word, ptr + HEAD_BYTES, 'latin1');
  }

  private merge(tx: Transaction, number: number): Ptr {
    const words = this.collect(number);
    let [letters, postings] = [0, 0];
    for (const [word, { postings: list }] of words) {
      letters += word.length;
      postings += list.length / 2;
    }
    const slots = 2 ** Math.ceil(Math.log2(2 * words.size + 1));
    const shard = tx.alloc(Shard.bytes);
    this.shard.set.slots(shard, slots);
    this.shard.set.terms(shard, tx.alloc(slots * Term.bytes));
    this.shard.set.postings(shard, tx.alloc(postings * Posting.bytes || 1));
    this.shard.set.names(shard, tx.alloc(letters || 1));
    this.fill(shard, words);
    return shard;
  }

  /** The words of one shard, from every document's part for it. */
  private collect(shard: number): Map<string, Collected> {
    const words = new Map<string, Collected>();
    for (let document = 0; document < this.index.documents; document++) {
      const parts = this.document.get.parts(this.index.documentAt(document));
      const begin = shard === 0 ? Parts.bytes : this.parts.get.ends(parts, shard - 1);
      const end = parts + this.parts.get.ends(parts, shard);
      for (let ptr = parts + begin; ptr < end;) {
        const count = this.bytes.readUInt32LE(ptr);
        const from = ptr + HEAD_BYTES;
        ptr = from + this.bytes[ptr + COUNT_BYTES]!;
        addTo(words, this.bytes.toString('latin1', from, ptr), document, count);
      }
    }
    return words;
  }

  private fill(shard: Ptr, words: Map<string, Collected>): void {
    const { terms, slots, postings, names } = this.shard.get;
    const table = terms(shard);
    this.bytes.fill(0, table, table + slots(shard) * Term.bytes);
    let [name, first] = [0, 0];
    for (const [word, { total, postings: list }] of words) {
      const term = this.addTerm(table, slots(shard), at.hashOf(word));
      this.term.set.name(term, name);
      this.term.set.length(term, word.length);
      this.term.set.total(term, total);
      this.term.set.first(term, first);
      this.term.set.documents(term, list.length / 2);
      name += this.bytes.write(word, names(shard) + name, 'latin1');
      this.addPostings(Posting.at(postings(shard), first), list);
      first += list.length / 2;
    }
  }

  /** Takes the first free place for the word; half of them are. */
  private addTerm(table: Ptr, slots: number, hash: number): Ptr {
    let slot = at.slotOf(hash) & (slots - 1);
    while (this.term.get.documents(Term.at(table, slot)) !== 0) slot = (slot + 1) & (slots - 1);
    const term = Term.at(table, slot);
    this.term.set.hash(term, hash);
    return term;
  }

  private addPostings(first: Ptr, list: readonly number[]): void {
    for (let i = 0; i < list.length; i += 2) {
      const posting = Posting.at(first, i / 2);
      this.posting.set.document(posting, list[i]!);
      this.posting.set.count(posting, list[i + 1]!);
    }
  }

  private answer(tx: Transaction, input: Ptr): Ptr {
    const query = (readText(this.heap, input) ?? '').split(' ').filter((word) => word !== '');
    const ranked = rank(this.index, query).slice(0, BEST);
    const ranking = tx.alloc(Ranking.bytes);
    this.ranking.set.found(ranking, ranked.length);
    for (const [i, [document, score]] of ranked.entries()) {
      this.ranking.set.documents(ranking, i, document);
      this.ranking.set.scores(ranking, i, score);
    }
    return ranking;
  }
}

function addTo(words: Map<string, Collected>, word: string, document: number, count: number): void {
  const known = words.get(word);
  if (known === undefined) {
    words.set(word, { postings: [document, count], total: count });
    return;
  }
  known.postings.push(document, count);
  known.total += count;
}
