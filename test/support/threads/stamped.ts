// A client of the heap that trusts nothing: it stamps every block through its whole length with its
// owner, its number and its size, and looks at every byte again before it frees or resizes the
// block, whichever thread stamped it. What it finds is counted and, the first times, told in words.

import { Stamper } from '../../../bench/replay/stamp.ts';
import type { AllocOptions, SharedHeap } from '../../../src/index.ts';

/** All that another thread needs to check and free a block. */
export interface Block {
  readonly ptr: number;
  readonly size: number;
  readonly owner: number;
  readonly sequence: number;
}

const MOST_NOTES = 5;

/** What one thread did and saw. */
export class Tally {
  allocs = 0;
  allocBytes = 0;
  frees = 0;
  resizes = 0;
  grownInPlace = 0;
  /** Refusals for want of memory; any other refusal is a note. */
  refused = 0;
  readonly notes: string[] = [];

  note(text: string): void {
    if (this.notes.length < MOST_NOTES) this.notes.push(text);
  }
}

/** The stamp's key: different for blocks that differ in owner, number or size. */
function keyOf({ owner, sequence, size }: Omit<Block, 'ptr'>): number {
  const mixed = Math.imul(sequence, 0x9e3779b1) ^ Math.imul(owner + 1, 0x85ebca6b);
  return (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) ^ Math.imul(size, 0x297a2d39)) | 0;
}

export class Stamped {
  readonly tally = new Tally();
  readonly #heap: SharedHeap;
  readonly #stamper: Stamper;
  readonly #owner: number;
  #sequence = 0;

  constructor(heap: SharedHeap, owner: number) {
    this.#heap = heap;
    this.#stamper = new Stamper(heap);
    this.#owner = owner;
  }

  /** A new stamped block; null when the heap has no memory for it. */
  alloc(size: number, options: AllocOptions = {}): Block | null {
    const result = this.#heap.tryAlloc(size, options);
    if (!result.ok) return this.#refused(result.error.code, size);
    this.tally.allocs++;
    this.tally.allocBytes += size;
    const { align = 16 } = options;
    if (result.value % align !== 0) this.tally.note(`${result.value} is not aligned to ${align}`);
    return this.#stamp(result.value, size);
  }

  /** Checks the block and frees it. */
  free(block: Block): void {
    this.check(block, block.size);
    if (this.#heap.free(block.ptr)) this.tally.frees++;
    else this.tally.note(`free of ${name(block)}: ${this.#heap.lastError?.code}`);
  }

  /** The block with another size, contents checked on both sides; itself if there is no room. */
  resize(block: Block, size: number): Block {
    this.check(block, block.size);
    const ptr = this.#heap.realloc(block.ptr, size);
    if (ptr === 0) return this.#refused(this.#heap.lastError?.code, size) ?? block;
    this.tally.resizes++;
    if (ptr === block.ptr && size > block.size) this.tally.grownInPlace++;
    this.check({ ...block, ptr }, Math.min(size, block.size));
    return this.#stamp(ptr, size);
  }

  /** Looks at the block's first `bytes` bytes. */
  check(block: Block, bytes: number): void {
    const at = this.#stamper.check(block.ptr, bytes, keyOf(block));
    if (at >= 0) this.tally.note(`${name(block)} is damaged at byte ${at}`);
  }

  #stamp(ptr: number, size: number): Block {
    const block = { ptr, size, owner: this.#owner, sequence: this.#sequence++ };
    this.#stamper.write(ptr, size, keyOf(block));
    return block;
  }

  #refused(code: string | undefined, size: number): null {
    if (code === 'OUT_OF_MEMORY') this.tally.refused++;
    else this.tally.note(`${size} bytes were refused: ${code}`);
    return null;
  }
}

function name({ ptr, size, owner, sequence }: Block): string {
  return `block ${sequence} of owner ${owner}, ${size} bytes at ${ptr},`;
}
