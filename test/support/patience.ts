// Memory that loses patience: after so many reads of words or states in one operation it throws, so
// that a walk which would never end fails a test instead of stopping it.

import { Memory } from '../../src/word/memory.ts';

const PATIENCE = 2_000_000;

/** Limits the reads of an operation from now on; the result begins a new operation. */
export function losePatience(memory: Memory): () => void {
  let patience = PATIENCE;
  const read = <T>(how: (index: number) => T) => {
    return (index: number): T => {
      if (--patience < 0) throw new Error('this operation does not end');
      return how.call(memory, index);
    };
  };
  memory.get = read(Memory.prototype.get);
  memory.getByte = read(Memory.prototype.getByte);
  return () => {
    patience = PATIENCE;
  };
}
