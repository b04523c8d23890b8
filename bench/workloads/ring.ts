// Producer and consumer: one thread allocates, the other frees, and a ring of pointers lies between
// them. Every free is of a block that another thread allocated.
//
//   word    writers       readers    access
//   HEAD    the consumer  both       atomic   entries that have been taken out
//   TAIL    the producer  both       atomic   entries that have been put in
//   entry   the producer  consumer   plain    published by TAIL, given back by HEAD
import { pause } from './pause.ts';
import { give, take, type Allocator, type Ground, type Part, type Work } from './work.ts';

const HEAD = 0;
const TAIL = 32; // lines of their own
const ENTRIES = 64;
export const CAPACITY = 1024;
const MASK = CAPACITY - 1;
const TURN = 2000;

export class Producer implements Work {
  readonly ops = TURN;
  private readonly heap: Allocator;
  private readonly words: Int32Array;
  private readonly shared: Int32Array;
  private readonly size: number;
  private tail = 0;
  private head = 0; // as last seen

  constructor({ heap, words }: Ground, { shared, size }: Part) {
    this.heap = heap;
    this.words = words;
    this.shared = shared;
    this.size = size;
  }

  turn(): void {
    const { heap, words, size, ops } = this;
    for (let i = 0; i < ops; i++) this.push(take(heap, words, size, this.tail));
  }

  private push(ptr: number): void {
    if (((this.tail - this.head) | 0) === CAPACITY) this.waitForRoom();
    this.shared[ENTRIES + (this.tail & MASK)] = ptr;
    this.tail = (this.tail + 1) | 0;
    Atomics.store(this.shared, TAIL, this.tail); // publishes the entry to waitForMore
  }

  private waitForRoom(): void {
    const full = this.head;
    let spins = 0;
    while ((this.head = Atomics.load(this.shared, HEAD)) === full) spins = pause(spins);
  }

  finish(): void {}
}

export class Consumer implements Work {
  readonly ops = TURN;
  private readonly heap: Allocator;
  private readonly words: Int32Array;
  private readonly shared: Int32Array;
  private head = 0;
  private tail = 0; // as last seen

  constructor({ heap, words }: Ground, { shared }: Part) {
    this.heap = heap;
    this.words = words;
    this.shared = shared;
  }

  turn(): void {
    const { heap, words, ops } = this;
    for (let i = 0; i < ops; i++) {
      const token = this.head;
      give(heap, words, this.pop(), token);
    }
  }

  private pop(): number {
    if (this.head === this.tail) this.waitForMore();
    const ptr = this.shared[ENTRIES + (this.head & MASK)]!;
    this.head = (this.head + 1) | 0;
    Atomics.store(this.shared, HEAD, this.head); // gives the entry back to waitForRoom
    return ptr;
  }

  private waitForMore(): void {
    const empty = this.tail;
    let spins = 0;
    while ((this.tail = Atomics.load(this.shared, TAIL)) === empty) spins = pause(spins);
  }

  finish(): void {}
}
