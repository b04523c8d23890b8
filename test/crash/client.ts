// A client of the heap that may die at any moment and leaves a ledger behind from which a survivor
// can tell which blocks it had. It fills each block with a stamp through its whole length, and
// looks at every byte before it frees or resizes one.
//
// Each client has a range of records of its own, for the blocks that it allocates. It may free any
// block that is nobody's, in whosever range.

import { Stamper } from '../../bench/replay/stamp.ts';
import type { AllocOptions, SharedHeap } from '../../src/index.ts';
import type { Dice } from '../support/dice.ts';
import { EMPTY, GIVING, HELD, RAW, RESIZING, TAKING, type Entry, type Ledger } from './ledger.ts';

export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Who a client is, whichever heap object it works with. */
export interface Identity {
  readonly ledger: Ledger;
  readonly range: Range;
  readonly owner: number;
  readonly random: Dice;
  readonly complain: (text: string) => void;
}

const SHORTAGES: readonly string[] = ['OUT_OF_MEMORY', 'OVER_BUDGET', 'TIMEOUT'];

export class Client {
  readonly heap: SharedHeap;
  readonly ledger: Ledger;
  readonly range: Range;
  readonly owner: number;
  /** Hears of what should not have been. */
  private readonly complain: (text: string) => void;
  private readonly random: Dice;
  private readonly stamper: Stamper;
  private next: number;

  constructor(heap: SharedHeap, identity: Identity) {
    this.heap = heap;
    this.ledger = identity.ledger;
    this.range = identity.range;
    this.owner = identity.owner;
    this.random = identity.random;
    this.complain = identity.complain;
    this.stamper = new Stamper(heap);
    this.next = this.range.first;
  }

  /** Allocates a block and stamps it; its record, or -1 when there is no memory or no record. */
  alloc(size: number, options?: AllocOptions): number {
    const record = this.reserve(size);
    if (record < 0) return -1;
    const { ledger, owner, heap } = this;
    const ptr = options === undefined ? heap.alloc(size) : this.tryAlloc(size, options);
    if (ptr === 0) {
      ledger.mark(record, owner, EMPTY);
      const code = heap.lastError?.code ?? '';
      if (!SHORTAGES.includes(code)) this.complain(`${size} bytes were refused: ${code}`);
      return -1;
    }
    this.stamp(record, ptr, size);
    return record;
  }

  /** Checks the block and frees it. The record is this client's: its own, or claimed. */
  free(record: number): void {
    const entry = this.ledger.read(record);
    this.check(entry, entry.size);
    this.ledger.mark(record, this.owner, GIVING);
    if (!this.heap.free(entry.ptr)) {
      this.complain(`free of ${nameOf(entry)}: ${this.heap.lastError?.code}`);
    }
    this.ledger.mark(record, this.owner, EMPTY);
  }

  /** The block is gone, by another way than `free`. */
  forget(record: number): void {
    this.ledger.mark(record, this.owner, EMPTY);
  }

  /** Resizes the block; it stays as it was if there is no memory. */
  resize(record: number, size: number): void {
    const entry = this.ledger.read(record);
    this.check(entry, entry.size);
    this.ledger.mark(record, this.owner, RESIZING);
    const ptr = this.heap.realloc(entry.ptr, size);
    if (ptr === 0) this.ledger.mark(record, this.owner, HELD);
    else {
      this.check({ ...entry, ptr }, Math.min(size, entry.size));
      this.stamp(record, ptr, size);
    }
  }

  /** Takes blocks of some sizes and frees one, or none, as `work` does; null: it did nothing. */
  together(
    sizes: readonly number[],
    given: number,
    work: (given: number) => readonly number[] | null,
  ): void {
    const { ledger, owner } = this;
    const taken = sizes.map((size) => this.reserve(size));
    const old = given < 0 || taken.includes(-1) ? null : ledger.read(given);
    if (old !== null) ledger.mark(given, owner, GIVING);
    const ptrs = taken.includes(-1) ? null : work(old?.ptr ?? 0);
    if (old !== null) ledger.mark(given, owner, ptrs === null ? HELD : EMPTY);
    taken.forEach((record, i) => {
      if (ptrs !== null) this.stamp(record, ptrs[i] as number, sizes[i] as number);
      else if (record >= 0) ledger.mark(record, owner, EMPTY);
    });
  }

  /** Looks at the block's first `bytes` bytes. */
  check(entry: Entry, bytes: number): void {
    const at = this.stamper.check(entry.ptr, bytes, entry.key);
    if (at >= 0) this.complain(`${nameOf(entry)} is damaged at byte ${at}`);
  }

  /** Records of blocks that this client allocated and still has. */
  held(): number[] {
    const held: number[] = [];
    for (let record = this.range.first; record < this.range.end; record++) {
      if (this.ledger.phaseOf(record) !== HELD) continue;
      if (this.ledger.ownerOf(record) === this.owner) held.push(record);
    }
    return held;
  }

  private tryAlloc(size: number, options: AllocOptions): number {
    const result = this.heap.tryAlloc(size, options);
    if (!result.ok) return 0;
    const { align = 16 } = options;
    if (result.value % align !== 0) this.complain(`${result.value} is not aligned to ${align}`);
    return result.value;
  }

  private stamp(record: number, ptr: number, size: number): void {
    const key = (this.random.next() * 2 ** 32) | 0;
    this.ledger.write(record, ptr, size, key);
    this.ledger.mark(record, this.owner, RAW);
    this.stamper.write(ptr, size, key);
    this.ledger.mark(record, this.owner, HELD);
  }

  /** A record of a block that is about to be allocated; -1 when there is none. */
  reserve(size: number): number {
    const record = this.vacancy();
    if (record < 0) return -1;
    this.ledger.write(record, 0, size, 0);
    this.ledger.mark(record, this.owner, TAKING);
    return record;
  }

  /** The next empty record of the range. */
  private vacancy(): number {
    const { first, end } = this.range;
    for (let tries = first; tries < end; tries++) {
      const record = this.next;
      this.next = record + 1 === end ? first : record + 1;
      if (this.ledger.phaseOf(record) === EMPTY) return record;
    }
    return -1;
  }
}

export function nameOf({ record, ptr, size }: Entry): string {
  return `block ${record}, ${size} bytes at ${ptr},`;
}
