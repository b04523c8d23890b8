// The debug map, in debug heaps: four words for the granule at which a block starts, and for every
// granule a byte that says whether it is poisoned, and by whom. See heap/debugheap.ts for what is
// done with them.
//
//   word      writers               readers  access  if its writer dies midway
//   SLACK     who takes the block   any      atomic  0: not known, and the block is not looked at
//   TAKER     same                  any      atomic  written before SLACK
//   SITE      same                  any      atomic  written before SLACK; renamed whole
//   FREED     who frees it          any      atomic  valid: where it was freed last, or 0
//   a poison  who takes or frees    same;    plain   valid: bytes are poisoned before it is set,
//   byte      the block             validate         and it is cleared before they are used
//
// SLACK is how many bytes stand behind the requested ones; these make the block's red zone. It is
// 0 before the block becomes live, and is written last of all by who took it: so whoever reads an
// odd generation, that the block is live, SLACK, the red zone, and then the same generation again,
// has read the red zone of one life of the block, and whole.

import type { Layout } from '../word/geometry.ts';
import type { Memory } from '../word/memory.ts';
import { DEBUG } from '../word/records.ts';

const { SLACK, TAKER, SITE, FREED, WORDS } = DEBUG;

export class DebugMap {
  private readonly memory: Memory;
  private readonly origin: number;
  private readonly poison: number;

  constructor(memory: Memory, layout: Layout) {
    this.memory = memory;
    this.origin = layout.debugMap - layout.firstGranule * WORDS;
    this.poison = layout.poison - layout.firstGranule;
  }

  /** The block is about to become live: nothing is known of it yet. */
  begin(granule: number): void {
    this.memory.store(this.at(granule) + SLACK, 0);
  }

  /** All that is to be known of a live block; its red zone stands already. */
  describe(granule: number, slack: number, taker: number, site: number): void {
    const at = this.at(granule);
    this.memory.store(at + TAKER, taker);
    this.memory.store(at + SITE, site);
    this.memory.store(at + FREED, 0);
    this.memory.store(at + SLACK, slack); // COMMIT: pairs with the load of whoever looks
  }

  slackOf(granule: number): number {
    return this.memory.load(this.at(granule) + SLACK);
  }

  takerOf(granule: number): number {
    return this.memory.load(this.at(granule) + TAKER);
  }

  /** The text that says where a block was taken, by its number (texts.ts). */
  siteOf(granule: number): number {
    return this.memory.load(this.at(granule) + SITE);
  }

  setSite(granule: number, site: number): void {
    this.memory.store(this.at(granule) + SITE, site);
  }

  freedAt(granule: number): number {
    return this.memory.load(this.at(granule) + FREED);
  }

  setFreed(granule: number, site: number): void {
    this.memory.store(this.at(granule) + FREED, site);
  }

  /** Who has poisoned a granule, as slot + 1; 0 if it is not poisoned. */
  poisonerOf(granule: number): number {
    // RACE: validate reads what the holder of a block writes, and then asks for its generation.
    return this.memory.getByte(this.poison + granule);
  }

  /** Says of granules [from, end) who has poisoned them; 0 is nobody. */
  setPoisoner(from: number, end: number, who: number): void {
    for (let granule = from; granule < end; granule++) {
      // RACE: pairs with `poisonerOf`.
      this.memory.setByte(this.poison + granule, who);
    }
  }

  private at(granule: number): number {
    return this.origin + granule * WORDS;
  }
}
