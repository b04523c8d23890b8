// The simple heap: first fit with boundary tags under one lock, the oldest design there is. It is
// what the two-tier heap is measured against, and what a hybrid heap falls back to.
//
// It gets arenas, runs of pages, from the zones. An arena is a row of blocks, each free or live,
// between two END bytes; two free blocks never stand side by side. Alloc walks the row from the
// arena's LOWEST (below which all is live) to the first block that is long enough and cuts it;
// free merges with both neighbours. An arena without a live block goes back to its zone.
//
// Everything here, state bytes included, belongs to the simple lock; the zone's is taken inside.
// In an arena's page record FREE counts its live blocks and BITS is LOWEST. Equation:
//   SIMPLE_BLOCKS == SIMPLE_LIVE bytes;  SIMPLE_GRANULES == sum of their lengths

import { HEADER, LOCK, PAGE, STATE } from '../word/layout.ts';
import { Lock } from '../word/lock.ts';
import { raiseTo, type Memory } from '../word/memory.ts';
import type { PageMap } from '../page/pagemap.ts';
import type { Zones } from '../page/zone.ts';
import { Boundary } from './boundary.ts';
import type { StateMap } from './statemap.ts';

const { SIMPLE_LOCK, SIMPLE_ARENAS, SIMPLE_BLOCKS, SIMPLE_GRANULES, OUT, OUT_PEAK } = HEADER;
const { OWNER, ARENA, NEXT, FREE: LIVE_BLOCKS, BITS: LOWEST, HEAD } = PAGE;
const { SIMPLE_LIVE, SIMPLE_FREE, SIMPLE_END, FREE } = STATE;

/** Pages of an ordinary arena; a request that needs more gets an arena of its own. */
const ARENA_PAGES = 64;

export class Simple {
  readonly lock: Lock;
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly zones: Zones;
  private readonly map: PageMap;
  private readonly tags: Boundary;

  constructor(zones: Zones, states: StateMap, token: number) {
    this.memory = states.memory;
    this.states = states;
    this.zones = zones;
    this.map = zones.map;
    this.tags = new Boundary(states);
    this.lock = new Lock(this.memory, SIMPLE_LOCK + LOCK.WORD, token);
  }

  /** A live block of `granules`, aligned to `align` granules; 0 when there is no room. */
  alloc(granules: number, align: number, preference: readonly number[]): number {
    const first = this.zones.firstOf(preference);
    let block = 0;
    this.lock.lock();
    for (const zone of preference) {
      block = this.fitLocked(granules, align, zone);
      const grown = block === 0 && this.growLocked(granules + align, zone, zone === first);
      if (grown) block = this.fitLocked(granules, align, zone);
      if (block !== 0) break;
    }
    if (block !== 0) this.countLocked(1, granules);
    this.lock.unlock();
    return block;
  }

  /** False if no live block of the simple heap starts here. Exact: decided under the lock. */
  free(block: number): boolean {
    this.lock.lock();
    const live = this.states.get(block) === SIMPLE_LIVE;
    if (live) this.freeLocked(block);
    this.lock.unlock();
    return live;
  }

  /** Granules of a live block; 0 if none starts here. */
  lengthOf(block: number): number {
    this.lock.lock();
    const length = this.states.get(block) === SIMPLE_LIVE ? this.tags.length(block) : 0;
    this.lock.unlock();
    return length;
  }

  /** Shortens or lengthens a live block where it stands; false if its neighbour is in the way. */
  resize(block: number, granules: number): boolean {
    this.lock.lock();
    const stillLive = this.states.get(block) === SIMPLE_LIVE; // another thread may have freed it
    const from = this.tags.length(block);
    const behind = block + from;
    const free = this.states.get(behind) === SIMPLE_FREE ? this.tags.length(behind) : 0;
    const fits = stillLive && granules <= from + free;
    if (fits) this.resizeLocked(block, from, granules, free);
    this.lock.unlock();
    return fits;
  }

  private first(): number {
    return this.memory.get(SIMPLE_ARENAS);
  }

  /** First granule for blocks: the one before it holds an END byte. */
  private startOf(arena: number): number {
    return (arena << this.map.granuleShift) + 1;
  }

  /** The granule of the END byte behind the last block. */
  private endOf(arena: number): number {
    return ((arena + this.map.run(arena)) << this.map.granuleShift) - 1;
  }

  private fitLocked(granules: number, align: number, zone: number): number {
    for (let arena = this.first(); arena !== 0; arena = this.map.get(arena, NEXT)) {
      if (this.zones.indexOf(arena) !== zone) continue;
      const block = this.fitIn(arena, granules, align);
      if (block !== 0) return block;
    }
    return 0;
  }

  private fitIn(arena: number, granules: number, align: number): number {
    const end = this.endOf(arena);
    let lowest = 0;
    for (let hole = this.map.get(arena, LOWEST); hole < end; hole += this.tags.length(hole)) {
      if (this.states.get(hole) !== SIMPLE_FREE) continue;
      lowest ||= hole;
      const length = this.tags.length(hole);
      const block = Math.ceil(hole / align) * align;
      if (block + granules > hole + length) continue;
      this.cut(hole, length, block, granules);
      this.map.set(arena, LOWEST, lowest === block ? block + granules : lowest);
      this.map.set(arena, LIVE_BLOCKS, this.map.get(arena, LIVE_BLOCKS) + 1);
      return block;
    }
    this.map.set(arena, LOWEST, lowest || end);
    return 0;
  }

  /** Makes [block, block + granules) of a free block live; what is before and behind stays free. */
  private cut(hole: number, length: number, block: number, granules: number): void {
    const behind = hole + length - block - granules;
    if (behind > 0) this.makeFree(block + granules, behind);
    this.tags.write(block, granules);
    this.states.set(block, SIMPLE_LIVE);
    if (block > hole) this.makeFree(hole, block - hole);
  }

  private makeFree(block: number, granules: number): void {
    this.tags.write(block, granules);
    this.states.set(block, SIMPLE_FREE);
  }

  private freeLocked(block: number): void {
    this.countLocked(-1, -this.tags.length(block));
    const hole = this.mergeLocked(block, this.tags.length(block));
    const arena = this.arenaOf(block);
    const live = this.map.get(arena, LIVE_BLOCKS) - 1;
    this.map.set(arena, LIVE_BLOCKS, live);
    if (hole < this.map.get(arena, LOWEST)) this.map.set(arena, LOWEST, hole);
    if (live === 0) this.dropArena(arena);
  }

  /** Frees [block, block + granules) and its free neighbours as one; returns where that starts. */
  private mergeLocked(block: number, granules: number): number {
    const { states, tags } = this;
    let start = block;
    let length = granules;
    const behind = block + granules;
    if (states.get(behind) === SIMPLE_FREE) {
      length += tags.length(behind);
      states.set(behind, FREE);
    }
    const before = tags.lengthBefore(block);
    if (states.get(block - before) === SIMPLE_FREE) {
      start -= before;
      length += before;
      states.set(block, FREE);
    }
    this.makeFree(start, length);
    return start;
  }

  private resizeLocked(block: number, from: number, granules: number, free: number): void {
    const arena = this.arenaOf(block);
    if (free > 0) this.states.set(block + from, FREE);
    const left = from + free - granules;
    if (left > 0) this.makeFree(block + granules, left);
    this.tags.write(block, granules);
    // All before LOWEST is live, so what stands behind the block is the lowest that may be free.
    if (this.map.get(arena, LOWEST) > block) this.map.set(arena, LOWEST, block + granules);
    this.countLocked(0, granules - from);
  }

  private countLocked(blocks: number, granules: number): void {
    const { memory } = this;
    memory.set(SIMPLE_BLOCKS, memory.get(SIMPLE_BLOCKS) + blocks);
    memory.set(SIMPLE_GRANULES, memory.get(SIMPLE_GRANULES) + granules);
    const out = memory.add(OUT, granules) + granules;
    if (granules > 0) raiseTo(memory, OUT_PEAK, out);
  }

  /** A new arena with room for `granules`; false if the zone has none. */
  private growLocked(granules: number, zone: number, preferred: boolean): boolean {
    const need = Math.ceil((granules + 2) / (1 << this.map.granuleShift));
    let arena = this.zones.allocIn(zone, Math.max(need, ARENA_PAGES), 0, preferred);
    if (arena === 0) arena = this.zones.allocIn(zone, need, 0, preferred);
    if (arena === 0) return false;
    this.formatLocked(arena);
    return true;
  }

  private formatLocked(arena: number): void {
    const start = this.startOf(arena);
    const end = this.endOf(arena);
    for (let page = arena; page < arena + this.map.run(arena); page++) {
      this.map.set(page, HEAD, arena);
    }
    this.states.set(start - 1, SIMPLE_END);
    this.states.set(end, SIMPLE_END);
    this.makeFree(start, end - start);
    this.map.set(arena, LOWEST, start);
    this.map.set(arena, LIVE_BLOCKS, 0);
    this.map.set(arena, OWNER, ARENA);
    this.map.link(SIMPLE_ARENAS, arena);
  }

  private dropArena(arena: number): void {
    this.map.unlink(SIMPLE_ARENAS, arena);
    this.map.set(arena, OWNER, 0);
    this.states.clear(this.startOf(arena) - 1, this.endOf(arena) + 1);
    this.zones.free(arena);
  }

  private arenaOf(block: number): number {
    return this.map.get(block >>> this.map.granuleShift, HEAD);
  }
}
