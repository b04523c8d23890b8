// A mailbox: a bounded queue of stamped blocks from one thread to another, in a block of the heap
// itself, found by its name among the heap's roots. One thread sends, one receives.
//
//   word 0   SENT      the sender's, counts up     pairs with the receiver's load
//   word 1   RECEIVED  the receiver's, counts up   pairs with the sender's load
//   words 4… entries: granule (0: the last mail), size, owner, sequence

import type { SharedHeap } from '../../../src/index.ts';
import type { Block } from './stamped.ts';

const SENT = 0;
const RECEIVED = 1;
const ENTRIES = 4;
const ENTRY_WORDS = 4;
const GRANULE_BYTES = 16;

export class Mailbox {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #capacity: number;

  private constructor(heap: SharedHeap, ptr: number, capacity: number) {
    const words = ENTRIES + capacity * ENTRY_WORDS;
    this.#words = heap.view<Int32Array<SharedArrayBuffer>>(ptr, Int32Array, words);
    this.#capacity = capacity;
  }

  /** Makes a mailbox for `capacity` blocks and publishes it; gives its own block, to free it. */
  static publish(heap: SharedHeap, root: string, capacity: number): number {
    const bytes = (ENTRIES + capacity * ENTRY_WORDS) * 4;
    const { value } = heap.tryAlloc(bytes, { zero: true }) as { value: number };
    heap.roots.set(root, value);
    return value;
  }

  /** The mailbox of that name: it fills its block, so the block's size tells its capacity. */
  static find(heap: SharedHeap, root: string): Mailbox {
    const ptr = heap.roots.get(root);
    const words = Math.floor(heap.usableSize(ptr) / 4) - ENTRIES;
    return new Mailbox(heap, ptr, Math.floor(words / ENTRY_WORDS));
  }

  get hasRoom(): boolean {
    const waiting = Atomics.load(this.#words, SENT) - Atomics.load(this.#words, RECEIVED);
    return waiting < this.#capacity;
  }

  get hasMail(): boolean {
    return Atomics.load(this.#words, SENT) !== Atomics.load(this.#words, RECEIVED);
  }

  /** Sends a block, or null for the end, if there is room. */
  send(block: Block | null): void {
    const sent = Atomics.load(this.#words, SENT);
    const entry = block
      ? [block.ptr / GRANULE_BYTES, block.size, block.owner, block.sequence]
      : [0, 0, 0, 0];
    this.#words.set(entry, this.#at(sent));
    Atomics.store(this.#words, SENT, sent + 1);
    Atomics.notify(this.#words, SENT);
  }

  /** The next block, or null for the end, if there is mail. */
  receive(): Block | null {
    const received = Atomics.load(this.#words, RECEIVED);
    const at = this.#at(received);
    const [granule = 0, size = 0, owner = 0, sequence = 0] = this.#words.slice(
      at,
      at + ENTRY_WORDS,
    );
    Atomics.store(this.#words, RECEIVED, received + 1);
    Atomics.notify(this.#words, RECEIVED);
    return granule === 0 ? null : { ptr: granule * GRANULE_BYTES, size, owner, sequence };
  }

  /** Sleeps until there may be mail, or the time is over. */
  waitForMail(timeoutMs: number): void {
    Atomics.wait(this.#words, SENT, Atomics.load(this.#words, RECEIVED), timeoutMs);
  }

  /** Sleeps until there may be room, or the time is over. */
  waitForRoom(timeoutMs: number): void {
    const full = Atomics.load(this.#words, SENT) - this.#capacity;
    Atomics.wait(this.#words, RECEIVED, full, timeoutMs);
  }

  #at(count: number): number {
    return ENTRIES + (count % this.#capacity) * ENTRY_WORDS;
  }
}
