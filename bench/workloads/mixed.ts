// The mix: a set of live blocks of 8 to 4096 bytes, as many in each doubling. An operation frees
// the block at a random slot of the set and allocates another in its place.
import { below, logUniformSizes, nextRandom, seedOf, SIZES_MASK } from './random.ts';
import { give, take, type Allocator, type Ground, type Part, type Work } from './work.ts';

const MOST_BYTES = 4096;
const TOKENS = 65536; // of each thread

export class Mixed implements Work {
  readonly ops = 200;
  private readonly heap: Allocator;
  private readonly words: Int32Array;
  private readonly blocks: Int32Array;
  private readonly sizes = logUniformSizes(MOST_BYTES);
  private readonly token: number;
  private random: number;

  constructor({ heap, words }: Ground, { live, thread }: Part) {
    this.heap = heap;
    this.words = words;
    this.token = thread * TOKENS;
    this.random = seedOf(thread);
    this.blocks = new Int32Array(live);
    this.blocks.forEach((_, slot) => {
      this.random = nextRandom(this.random);
      const size = this.sizes[this.random & SIZES_MASK]!;
      this.blocks[slot] = take(heap, words, size, this.token + slot);
    });
  }

  turn(): void {
    const { heap, words, blocks, sizes, ops, token } = this;
    let x = this.random;
    for (let i = 0; i < ops; i++) {
      x = nextRandom(x);
      const slot = below(x, blocks.length);
      give(heap, words, blocks[slot]!, token + slot);
      blocks[slot] = take(heap, words, sizes[x & SIZES_MASK]!, token + slot);
    }
    this.random = x;
  }

  finish(): void {
    const { heap, words, token } = this;
    this.blocks.forEach((ptr, slot) => give(heap, words, ptr, token + slot));
  }
}
