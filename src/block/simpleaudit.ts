// Checks of the simple heap's equations (simple.ts), under its lock: each arena is a row of blocks
// whose tags agree, in front and behind; LOWEST is where its free blocks may begin.

import { HEADER, STATE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Finding, UsedRun } from '../page/audit.ts';
import type { PageMap } from '../page/pagemap.ts';
import { Boundary } from './boundary.ts';
import type { StateMap } from './statemap.ts';

const { HEAD, FREE: LIVE_BLOCKS, BITS: LOWEST, NEXT } = PAGE;
const { SIMPLE_LIVE, SIMPLE_FREE, SIMPLE_END } = STATE;
const { SIMPLE_ARENAS, SIMPLE_BLOCKS, SIMPLE_GRANULES } = HEADER;

export class SimpleAuditor {
  readonly findings: Finding[] = [];
  private readonly map: PageMap;
  private readonly states: StateMap;
  private readonly tags: Boundary;
  private readonly arenas = new Set<number>();
  private blocks = 0;
  private granules = 0;

  constructor(map: PageMap, states: StateMap) {
    this.map = map;
    this.states = states;
    this.tags = new Boundary(states);
  }

  /** One arena, met on the walk over the runs. */
  arena({ page, pages }: UsedRun): void {
    const first = page << this.map.granuleShift;
    const end = ((page + pages) << this.map.granuleShift) - 1;
    this.arenas.add(page);
    for (const bound of [first, end]) {
      if (this.states.get(bound) !== SIMPLE_END) this.say(bound, 'its END byte is gone');
    }
    for (let at = page; at < page + pages; at++) {
      if (this.map.get(at, HEAD) !== page) this.say(first, 'a page does not know its arena');
    }
    const { live, lowest } = this.row(first, end);
    if (live !== this.map.get(page, LIVE_BLOCKS)) this.say(first, 'its live blocks are miscounted');
    if (!lowest.has(this.map.get(page, LOWEST))) {
      this.say(first, 'LOWEST is not where its free blocks may begin');
    }
  }

  /** The totals and the list of arenas, when all of them have been met. */
  totals(): void {
    const { memory } = this.map;
    const blocks = memory.get(SIMPLE_BLOCKS);
    const granules = memory.get(SIMPLE_GRANULES);
    if (blocks !== this.blocks || granules !== this.granules) {
      const found = `${String(this.blocks)} blocks of ${String(this.granules)} granules found`;
      this.say(0, `${found}, ${String(blocks)} of ${String(granules)} counted`);
    }
    let listed = 0;
    let arena = memory.get(SIMPLE_ARENAS);
    for (; this.arenas.has(arena) && listed < this.arenas.size; listed++) {
      arena = this.map.get(arena, NEXT);
    }
    if (arena !== 0 || listed !== this.arenas.size) this.say(0, 'the list of arenas is broken');
  }

  /** Walks the blocks; where LOWEST may stand is at any start up to the first free block. */
  private row(first: number, end: number): { live: number; lowest: Set<number> } {
    const lowest = new Set<number>();
    let live = 0;
    let freeBefore = false;
    let seenFree = false;
    let block = first + 1;
    while (block < end) {
      const length = this.tags.length(block);
      const isLive = this.states.get(block) === SIMPLE_LIVE;
      if (!seenFree) lowest.add(block);
      this.block(block, length, isLive, freeBefore);
      live += isLive ? 1 : 0;
      freeBefore = !isLive;
      seenFree ||= freeBefore;
      block += length;
    }
    if (!seenFree) lowest.add(end);
    if (block !== end) this.say(block, 'its blocks do not end where it does');
    return { live, lowest };
  }

  private block(block: number, length: number, isLive: boolean, freeBefore: boolean): void {
    const state = this.states.get(block);
    if (!isLive && state !== SIMPLE_FREE) this.say(block, `state ${String(state)} of a block`);
    if (!isLive && freeBefore) this.say(block, 'two free neighbours are not merged');
    if (this.tags.lengthBefore(block + length) !== length) {
      this.say(block, 'its tags tell two lengths');
    }
    if (!isLive) return;
    this.blocks++;
    this.granules += length;
  }

  private say(granule: number, message: string): void {
    this.findings.push({ where: 'simple heap', ptr: granule * 16, message });
  }
}
