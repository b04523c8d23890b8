// The batch: many blocks of one size are allocated, then all of them are freed, the oldest first or
// in an order that was shuffled once.
import { shuffle } from './random.ts';
import { damaged, exhausted, type Ground, type Part, type Work } from './work.ts';

export function batch({ heap, words }: Ground, { size, live, workload }: Part): Work {
  const blocks = new Int32Array(live);
  const order = workload === 'shuffled' ? shuffle(live) : blocks.map((_, index) => index);
  return {
    ops: live,
    turn() {
      for (let i = 0; i < live; i++) {
        const ptr = heap.alloc(size);
        if (ptr === 0) throw exhausted(size);
        words[ptr >> 2] = i;
        blocks[i] = ptr;
      }
      for (let i = 0; i < live; i++) {
        const slot = order[i]!;
        const ptr = blocks[slot]!;
        if (words[ptr >> 2] !== slot || heap.free(ptr) === false) throw damaged(ptr);
      }
    },
    finish() {},
  };
}
