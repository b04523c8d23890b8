// What becomes of the simple heap when the holder of its lock has died. The start bytes of blocks
// are the truth; one arena, TOUCHED, may have tags, counts and neighbours that do not fit them. Its
// row of blocks is walked from start to start and everything else is made anew. The list of arenas
// is walked along NEXT, as in slabrepair.ts, and the totals are summed up from the arenas' own.
//
// Every step may be cut and done again.

import { HEADER, STATE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { PageMap } from '../page/pagemap.ts';
import { Boundary } from './boundary.ts';
import type { StateMap } from './statemap.ts';

const { SIMPLE_ARENAS, SIMPLE_BLOCKS, SIMPLE_GRANULES } = HEADER;
const { OWNER, ARENA, NEXT, PREV, FREE: LIVE_BLOCKS, BITS: LOWEST } = PAGE;
const LIVE_GRANULES = LOWEST + 1;
const { SIMPLE_LIVE, SIMPLE_FREE, SIMPLE_END, FREE } = STATE;

/** `touched` is the arena that may be half changed, or 0. */
export function repairArenas(map: PageMap, states: StateMap, touched: number): void {
  if (touched !== 0) new ArenaRepair(map, states, touched, map.run(touched)).mend();
  const listed = mendList(map, touched);
  if (touched !== 0 && !listed) map.link(SIMPLE_ARENAS, touched);
  let blocks = 0;
  let granules = 0;
  for (let arena = map.memory.get(SIMPLE_ARENAS); arena !== 0; arena = map.get(arena, NEXT)) {
    blocks += map.get(arena, LIVE_BLOCKS);
    granules += map.get(arena, LIVE_GRANULES);
  }
  map.memory.set(SIMPLE_BLOCKS, blocks);
  map.memory.set(SIMPLE_GRANULES, granules);
}

/** Takes out what is no arena and makes PREV anew; true if `touched` is in the list. */
function mendList(map: PageMap, touched: number): boolean {
  let met = false;
  let before = 0;
  let arena = map.memory.get(SIMPLE_ARENAS);
  for (let steps = map.endPage; arena !== 0 && steps > 0; steps--) {
    const next = map.get(arena, NEXT);
    if (map.get(arena, OWNER) === ARENA) {
      map.set(arena, PREV, before);
      met ||= arena === touched;
      before = arena;
    } else if (before === 0) map.memory.set(SIMPLE_ARENAS, next);
    else map.set(before, NEXT, next);
    arena = next;
  }
  return met;
}

class ArenaRepair {
  private readonly map: PageMap;
  private readonly states: StateMap;
  private readonly tags: Boundary;
  private readonly arena: number;
  private readonly start: number;
  private readonly end: number;
  private blocks = 0;
  private granules = 0;
  private lowest = 0;

  constructor(map: PageMap, states: StateMap, arena: number, pages: number) {
    this.map = map;
    this.states = states;
    this.tags = new Boundary(states);
    this.arena = arena;
    this.start = (arena << map.granuleShift) + 1;
    this.end = ((arena + pages) << map.granuleShift) - 1;
  }

  mend(): void {
    for (let block = this.start; block < this.end;) block = this.block(block);
    this.map.set(this.arena, LIVE_BLOCKS, this.blocks);
    this.map.set(this.arena, LIVE_GRANULES, this.granules);
    this.map.set(this.arena, LOWEST, this.lowest || this.end);
  }

  /** Puts one block right, free ones with those behind them; returns where the next one starts. */
  private block(block: number): number {
    const live = this.states.get(block) === SIMPLE_LIVE;
    let next = this.nextStart(block);
    while (!live && this.states.get(next) === SIMPLE_FREE) {
      const behind = this.nextStart(next);
      this.states.mark(next, FREE);
      next = behind;
    }
    this.tags.write(block, next - block);
    if (live) {
      this.blocks++;
      this.granules += next - block;
    } else this.lowest ||= block;
    return next;
  }

  /** By the tags if both agree; else the next start byte there is. */
  private nextStart(block: number): number {
    const told = block + this.tags.length(block);
    const agrees = told <= this.end && this.isStart(told);
    if (agrees && this.tags.lengthBefore(told) === told - block) return told;
    let next = block + 1;
    while (next < this.end && !this.isStart(next)) next++;
    return next;
  }

  private isStart(granule: number): boolean {
    const state = this.states.get(granule);
    return state === SIMPLE_LIVE || state === SIMPLE_FREE || state === SIMPLE_END;
  }
}
