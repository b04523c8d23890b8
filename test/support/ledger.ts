// What a heap with transactions has to hold, as a plain model: every block's bytes, and for each
// thread's part in a transaction a log of what it did, with what there was before. A rollback
// undoes the log, a commit frees what it says. A block that stands in a part's log is left alone by
// all others, as users of transactions have to.

import { expect } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Transaction } from '../../src/heap/transaction.ts';

export interface Block {
  readonly ptr: number;
  /** What its bytes have to be. */
  readonly bytes: Buffer;
  /** The part in whose log it stands. */
  holder: Part | null;
}

export type Did =
  | { readonly did: 'alloc' | 'free'; readonly block: Block }
  | { readonly did: 'protect'; readonly block: Block; readonly old: Buffer };

export interface Mark {
  readonly savepoint: number;
  readonly length: number;
}

/** One thread's part in a transaction; the first part of a pact leads. */
export interface Part {
  readonly tx: Transaction;
  readonly who: number;
  readonly pact: Part[];
  readonly log: Did[];
  readonly marks: Mark[];
  voted: boolean;
}

export class Ledger {
  readonly blocks: Block[] = [];
  private fill = 0;

  /** A block in a part's log, or in nobody's. */
  pick(which: number, holder: Part | null): Block | undefined {
    const held = this.blocks.filter((block) => block.holder === holder);
    return held[which % held.length];
  }

  /** A block that the part may use. */
  pickFor(part: Part, which: number): Block | undefined {
    return this.pick(which, part) ?? this.pick(which, null);
  }

  isFreed({ log }: Part, block: Block): boolean {
    return log.some((done) => done.did === 'free' && done.block === block);
  }

  /** A new block, full of its own number; null if there was no room. */
  took(heap: SharedHeap, ptr: number, holder: Part | null): Block | null {
    if (ptr === 0) return null;
    const bytes = Buffer.alloc(heap.usableSize(ptr), ++this.fill);
    same(bytes.length > 0, true, 'a new block is live');
    heap.u8.set(bytes, ptr);
    const block = { ptr, bytes, holder };
    this.blocks.push(block);
    return block;
  }

  /** Other bytes for [first, end) of a block, in the heap too. */
  rewrite(heap: SharedHeap, { ptr, bytes }: Block, first: number, end: number): void {
    bytes.fill(++this.fill, first, end);
    heap.u8.fill(this.fill, ptr + first, ptr + end);
  }

  drop(block: Block): void {
    this.blocks.splice(this.blocks.indexOf(block), 1);
  }

  logged(part: Part, done: Did): void {
    done.block.holder = part;
    part.log.push(done);
  }

  undo({ log }: Part, length: number): void {
    for (const done of log.splice(length).reverse()) {
      if (done.did === 'alloc') this.drop(done.block);
      if (done.did === 'protect') done.old.copy(done.block.bytes);
      if (!log.some(({ block }) => block === done.block)) done.block.holder = null;
    }
  }

  keep({ log }: Part): void {
    for (const { did, block } of log.splice(0)) {
      block.holder = null;
      if (did === 'free') this.drop(block);
    }
  }

  expectBytes(heap: SharedHeap, ptr: number, wanted: Buffer, length = wanted.length): void {
    const found = Buffer.from(heap.handle.buffer, ptr, length);
    const kept = wanted.subarray(0, length);
    if (!found.equals(kept)) same([...found], [...kept], 'bytes of a block');
  }
}

function same(actual: unknown, wanted: unknown, why?: string): void {
  expect(actual, why).toEqual(wanted);
}
