// The pair: one block is allocated and freed at once. Nothing else is live; with several threads,
// each does so by itself.
import { give, take, type Allocator, type Ground, type Part, type Work } from './work.ts';

export class Pair implements Work {
  readonly ops = 1000;
  private readonly heap: Allocator;
  private readonly words: Int32Array;
  private readonly size: number;

  constructor({ heap, words }: Ground, { size }: Part) {
    this.heap = heap;
    this.words = words;
    this.size = size;
  }

  turn(): void {
    const { heap, words, size, ops } = this;
    for (let i = 0; i < ops; i++) give(heap, words, take(heap, words, size, i), i);
  }

  finish(): void {}
}
