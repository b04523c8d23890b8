// The mix: a set of live blocks of 8 to 4096 bytes, as many in each doubling. An operation frees
// the block at a random slot of the set and allocates another in its place. What the loop uses of
// other modules it has as constants of its own: V8 11 looks an import up each time, which took the
// loop alone an eighth of its time, and the same loop in C nothing.
import { below, logUniformSizes, nextRandom, seedOf, SIZES_MASK } from './random.ts';
import { damaged, exhausted, give, take, type Ground, type Part, type Work } from './work.ts';

const OPS = 200;
const MOST_BYTES = 4096;
const TOKENS = 65536; // of each thread

export function mixed(ground: Ground, { live, thread }: Part): Work {
  const { heap, words } = ground;
  const sizes = logUniformSizes(MOST_BYTES);
  const [next, slotBelow, mask] = [nextRandom, below, SIZES_MASK];
  const first = thread * TOKENS;
  const blocks = new Int32Array(live);
  let random = seedOf(thread);
  blocks.forEach((_, slot) => {
    random = nextRandom(random);
    blocks[slot] = take(ground, sizes[random & SIZES_MASK]!, first + slot);
  });
  return {
    ops: OPS,
    turn() {
      let x = random;
      for (let i = 0; i < OPS; i++) {
        x = next(x);
        const slot = slotBelow(x, live);
        const token = first + slot;
        const old = blocks[slot]!;
        if (words[old >> 2] !== token || heap.free(old) === false) throw damaged(old);
        const size = sizes[x & mask]!;
        const ptr = heap.alloc(size);
        if (ptr === 0) throw exhausted(size);
        words[ptr >> 2] = token;
        blocks[slot] = ptr;
      }
      random = x;
    },
    finish: () => blocks.forEach((ptr, slot) => give(ground, ptr, first + slot)),
  };
}
