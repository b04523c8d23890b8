// The pair: one block is allocated and freed at once. Nothing else is live; with several threads,
// each does so by itself.
import { damaged, exhausted, type Ground, type Part, type Work } from './work.ts';

const OPS = 1000;

export function pair({ heap, words }: Ground, { size }: Part): Work {
  return {
    ops: OPS,
    turn() {
      for (let i = 0; i < OPS; i++) {
        const ptr = heap.alloc(size);
        if (ptr === 0) throw exhausted(size);
        words[ptr >> 2] = i;
        if (words[ptr >> 2] !== i || heap.free(ptr) === false) throw damaged(ptr);
      }
    },
    finish() {},
  };
}
