// The batch: many blocks of one size are allocated, then all of them are freed, the oldest first or
// in an order that was shuffled once.
import { shuffle } from './random.ts';
import { give, take, type Allocator, type Ground, type Part, type Work } from './work.ts';

export class Batch implements Work {
  readonly ops: number;
  private readonly heap: Allocator;
  private readonly words: Int32Array;
  private readonly size: number;
  private readonly blocks: Int32Array;
  private readonly order: Int32Array;

  constructor({ heap, words }: Ground, { size, live, workload }: Part) {
    this.ops = live;
    this.heap = heap;
    this.words = words;
    this.size = size;
    this.blocks = new Int32Array(live);
    this.order = workload === 'shuffled' ? shuffle(live) : this.blocks.map((_, index) => index);
  }

  turn(): void {
    const { heap, words, size, blocks, order } = this;
    for (let i = 0; i < blocks.length; i++) blocks[i] = take(heap, words, size, i);
    for (let i = 0; i < order.length; i++) {
      const slot = order[i]!;
      give(heap, words, blocks[slot]!, slot);
    }
  }

  finish(): void {}
}
