// The blocks of one slab by their bits: a set bit in its first page's record is a free block. How
// many are set is for slab.ts to count.
//
// All methods want the class lock.

import { PAGE } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';
import type { PageMap } from '../page/pagemap.ts';

const { BITS, BITS_WORDS } = PAGE;

export class SlabBits {
  private readonly memory: Memory;
  private readonly map: PageMap;
  private readonly granules: number;
  private readonly perGranule: number;

  /** Of slabs with blocks of so many granules. */
  constructor(map: PageMap, granules: number) {
    this.memory = map.memory;
    this.map = map;
    this.granules = granules;
    this.perGranule = 1 / granules;
  }

  /** Blocks that a slab of so many pages holds. */
  capacityOf(pages: number): number {
    return this.blocksIn(pages << this.map.granuleShift);
  }

  /** Makes the first `blocks` blocks free. */
  format(slab: number, blocks: number): void {
    for (let word = 0; word < BITS_WORDS; word++) {
      const bits = blocks - word * 32;
      this.map.set(slab, BITS + word, bits >= 32 ? -1 : bits > 0 ? (1 << bits) - 1 : 0);
    }
  }

  /** The granule of the lowest free block; there is one. */
  lowest(slab: number): number {
    const bits = this.map.record(slab) + BITS;
    let word = 0;
    while (word < BITS_WORDS - 1 && this.memory.get(bits + word) === 0) word++;
    const left = this.memory.get(bits + word);
    const block = word * 32 + 31 - Math.clz32(left & -left);
    return (slab << this.map.granuleShift) + block * this.granules;
  }

  /** Copies the `count` lowest to the words from `bottom`: the lowest last, so popped first. */
  peek(slab: number, count: number, bottom: number): void {
    const { memory, map, granules } = this;
    const bits = map.record(slab) + BITS;
    let first = slab << map.granuleShift;
    let at = bottom + count;
    for (let word = 0; word < BITS_WORDS && at > bottom; word++, first += 32 * granules) {
      for (let left = memory.get(bits + word); left !== 0 && at > bottom; left &= left - 1) {
        const bit = 31 - Math.clz32(left & -left);
        memory.set(--at, first + Math.imul(bit, granules));
      }
    }
  }

  /** Clears the `count` lowest bits. */
  clear(slab: number, count: number): void {
    const { memory } = this;
    const bits = this.map.record(slab) + BITS;
    for (let word = 0, left = count; word < BITS_WORDS && left > 0; word++) {
      let value = memory.get(bits + word);
      for (; value !== 0 && left > 0; left--) value &= value - 1;
      memory.set(bits + word, value);
    }
  }

  /** The block at `granule` is free. */
  set(slab: number, granule: number): void {
    const { memory, map } = this;
    const block = this.blocksIn(granule - (slab << map.granuleShift));
    const word = map.record(slab) + BITS + (block >>> 5);
    memory.set(word, memory.get(word) | (1 << (block & 31)));
  }

  /** Whole blocks in so many granules: a product, for a division takes three times as long. */
  private blocksIn(granules: number): number {
    return ((granules + 0.5) * this.perGranule) | 0;
  }
}

/** Blocks of whole pages leave pages on which none starts; 1 of all others. */
export function pagesBetweenStarts(granules: number, granuleShift: number): number {
  const pages = granules >>> granuleShift;
  return pages > 0 && pages << granuleShift === granules ? pages : 1;
}
