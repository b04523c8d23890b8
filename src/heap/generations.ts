// Generations, in checked heaps: one word per granule counts how often the block that starts there
// was handed out and taken back. An odd generation is a live block, an even one is not.
//
// A free is decided by one compare-and-swap of the word from its odd value to the next: of two
// threads that free one block at once, exactly one succeeds. A Ref carries the generation beside
// the granule in one safe integer, so a stale one is told apart even after the block was handed out
// again: 2^30 granules and 23 bits of generation, which repeat after 4 million reuses of one block.
//
//   word         writers                  readers  access   if its writer dies midway
//   generation   the holder; a freer, CAS any      atomic   valid

import type { Layout } from '../word/geometry.ts';
import type { Memory } from '../word/memory.ts';
import type { StateMap } from '../block/statemap.ts';

const GRANULES = 2 ** 30;
const GENERATIONS = 2 ** 23;

/** A pointer with its generation: a safe integer, 0 is null. Made by `heap.ref`. */
export type Ref = number;

export class Generations {
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly origin: number;

  constructor(states: StateMap, layout: Layout) {
    this.memory = states.memory;
    this.states = states;
    this.origin = layout.generations - layout.firstGranule;
  }

  /** The block was handed out: its generation becomes odd. Only its holder calls this. */
  begin(granule: number): void {
    const word = this.origin + granule;
    this.memory.store(word, (this.memory.load(word) + 1) | 1);
  }

  current(granule: number): number {
    return this.memory.load(this.origin + granule);
  }

  /** Ends the generation seen; false if it was not live or another thread was first. */
  end(granule: number, seen: number): boolean {
    if ((seen & 1) === 0) return false;
    return this.memory.cas(this.origin + granule, seen, (seen + 1) | 0) === seen; // COMMIT
  }

  refTo(granule: number): Ref {
    return (this.current(granule) & (GENERATIONS - 1)) * GRANULES + granule;
  }

  /** The generation now, if the ref still names a live block of this heap; else 0. */
  match(ref: Ref): number {
    if (!Number.isSafeInteger(ref) || ref < 0 || !this.states.has(granuleOfRef(ref))) return 0;
    const current = this.current(granuleOfRef(ref));
    const same = (current & (GENERATIONS - 1)) === Math.floor(ref / GRANULES);
    return same && (current & 1) === 1 ? current : 0;
  }
}

export function granuleOfRef(ref: Ref): number {
  return ref % GRANULES;
}
