// The steady set: many live blocks of one size. An operation frees one of them, in an order that
// was shuffled once, and allocates another in its place. Nothing but the blocks and the order is
// read, so that it shows what becomes of an allocator as the set grows.
import { shuffle } from './random.ts';
import { damaged, exhausted, give, take, type Ground, type Part, type Work } from './work.ts';

const OPS = 200;

export function steady(ground: Ground, { live, size, thread }: Part): Work {
  const { heap, words } = ground;
  const order = shuffle(live);
  const first = thread * live;
  const blocks = Int32Array.from(order, (_, slot) => take(ground, size, first + slot));
  let at = 0;
  return {
    ops: OPS,
    turn() {
      for (let i = 0; i < OPS; i++) {
        const slot = order[at]!;
        at = at + 1 === live ? 0 : at + 1;
        const token = first + slot;
        const old = blocks[slot]!;
        if (words[old >> 2] !== token || heap.free(old) === false) throw damaged(old);
        const ptr = heap.alloc(size);
        if (ptr === 0) throw exhausted(size);
        words[ptr >> 2] = token;
        blocks[slot] = ptr;
      }
    },
    finish: () => blocks.forEach((ptr, slot) => give(ground, ptr, first + slot)),
  };
}

/**
 * The same where pointers may lie beyond 2 GiB, and beyond the end of the views, as they do with
 * gibibytes of live blocks: only blocks that a view reaches have tokens.
 */
export function far({ heap, words }: Ground, { live, size }: Part): Work {
  const order = shuffle(live);
  const blocks = Float64Array.from(order, (_, slot) => fetch(slot));
  let at = 0;
  function fetch(slot: number): number {
    const ptr = heap.alloc(size);
    if (ptr === 0) throw exhausted(size);
    if (ptr / 4 < words.length) words[ptr / 4] = slot;
    return ptr;
  }
  function release(slot: number): void {
    const ptr = blocks[slot]!;
    const whole = ptr / 4 >= words.length || words[ptr / 4] === slot;
    if (!whole || heap.free(ptr) === false) throw damaged(ptr);
  }
  return {
    ops: OPS,
    turn() {
      for (let i = 0; i < OPS; i++) {
        const slot = order[at]!;
        at = at + 1 === live ? 0 : at + 1;
        release(slot);
        blocks[slot] = fetch(slot);
      }
    },
    finish: () => blocks.forEach((_, slot) => release(slot)),
  };
}
