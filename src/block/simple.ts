// The simple heap: first fit with boundary tags under one lock, the oldest design there is. It is
// what the two-tier heap is measured against, and what a hybrid heap falls back to.
//
// It gets arenas, runs of pages, from the zones. An arena is a row of blocks, each free or live,
// between two END bytes; two free blocks never stand side by side. Alloc walks the row from the
// arena's LOWEST (below which all is live) to the first block that is long enough and cuts it;
// free merges with both neighbours. An arena without a live block goes back to its zone.
//
// Everything here, state bytes included, belongs to the simple lock; the zone's is taken inside.
// In an arena's page record FREE counts its live blocks, BITS is LOWEST and the word behind it
// counts the live blocks' granules. Each operation notes its arena in TOUCHED; who takes the lock
// over from the dead makes that arena's tags and counts anew from its start bytes
// (simplerepair.ts). Equations:
//   SIMPLE_BLOCKS == SIMPLE_LIVE bytes;  SIMPLE_GRANULES == sum of their lengths
//   both are sums over the arenas

import { HEADER, LOCK, STATE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Guarded, Lock, Locks } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import type { Claim } from '../page/buddy.ts';
import type { PageMap } from '../page/pagemap.ts';
import type { Zones } from '../page/zone.ts';
import { Boundary } from './boundary.ts';
import { countOut } from './out.ts';
import { repairArenas } from './simplerepair.ts';
import type { Entry, StateMap } from './statemap.ts';

const { SIMPLE_LOCK, SIMPLE_ARENAS, SIMPLE_BLOCKS, SIMPLE_GRANULES } = HEADER;
const { SIMPLE_TOUCHED, SIMPLE_ENTRY } = HEADER;
const { OWNER, ARENA, TRANSIT, NEXT, FREE: LIVE_BLOCKS, BITS: LOWEST, HEAD } = PAGE;
const LIVE_GRANULES = LOWEST + 1;
const { SIMPLE_LIVE, SIMPLE_FREE, SIMPLE_END, FREE } = STATE;

/** What an arena is cut with. */
const CLAIM: Claim = Object.freeze({ owner: TRANSIT + ARENA, note: SIMPLE_TOUCHED });

/** Pages of an ordinary arena; a request that needs more gets an arena of its own. */
const ARENA_PAGES = 64;

export class Simple implements Guarded {
  readonly lock: Lock;
  private readonly memory: Memory;
  private readonly states: StateMap;
  private readonly zones: Zones;
  private readonly map: PageMap;
  private readonly tags: Boundary;

  constructor(zones: Zones, states: StateMap, locks: Locks) {
    this.memory = states.memory;
    this.states = states;
    this.zones = zones;
    this.map = zones.map;
    this.tags = new Boundary(states);
    this.lock = locks.at(SIMPLE_LOCK + LOCK.WORD, this);
  }

  /** A live block of `granules`, aligned to `align` granules; 0 when there is no room. */
  alloc(granules: number, align: number, preference: readonly number[], entry?: Entry): number {
    const first = this.zones.firstOf(preference);
    let block = 0;
    this.lock.lock();
    for (const zone of preference) {
      block = this.fitLocked(granules, align, zone, entry);
      const grown = block === 0 && this.growLocked(granules + align, zone, zone === first);
      if (grown) block = this.fitLocked(granules, align, zone, entry);
      if (block !== 0) break;
    }
    this.lock.unlock();
    return block;
  }

  /** False if no live block of the simple heap starts here. Exact: decided under the lock. */
  free(block: number, entry?: Entry): boolean {
    this.lock.lock();
    const live = this.states.get(block) === SIMPLE_LIVE;
    if (live) {
      const arena = this.touch(block);
      const length = this.tags.length(block);
      this.states.beginEnd(SIMPLE_ENTRY, entry);
      this.states.mark(block, SIMPLE_FREE); // COMMIT
      this.states.endEntry(SIMPLE_ENTRY, entry);
      this.countLocked(arena, -1, -length);
      this.mergeLocked(arena, block, length);
    }
    this.lock.unlock();
    return live;
  }

  /** After the holder of the lock has died. */
  repairLocked(): void {
    const { memory, states, map } = this;
    states.settleEntry(SIMPLE_ENTRY);
    const arena = memory.get(SIMPLE_TOUCHED);
    const owner = arena !== 0 && map.run(arena) > 0 ? map.get(arena, OWNER) : 0;
    repairArenas(map, states, owner === ARENA ? arena : 0);
    if (owner === ARENA && map.get(arena, LIVE_BLOCKS) === 0) this.dropArena(arena);
    if (owner === TRANSIT + ARENA) this.giveUp(arena);
    memory.set(SIMPLE_TOUCHED, 0);
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
    if (fits) this.touch(block);
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

  private fitLocked(granules: number, align: number, zone: number, entry?: Entry): number {
    for (let arena = this.first(); arena !== 0; arena = this.map.get(arena, NEXT)) {
      if (this.zones.indexOf(arena) !== zone) continue;
      const block = this.fitIn(arena, granules, align, entry);
      if (block !== 0) return block;
    }
    return 0;
  }

  private fitIn(arena: number, granules: number, align: number, entry?: Entry): number {
    const end = this.endOf(arena);
    let lowest = 0;
    for (let hole = this.map.get(arena, LOWEST); hole < end; hole += this.tags.length(hole)) {
      if (this.states.get(hole) !== SIMPLE_FREE) continue;
      lowest ||= hole;
      const length = this.tags.length(hole);
      const block = Math.ceil(hole / align) * align;
      if (block + granules > hole + length) continue;
      this.memory.set(SIMPLE_TOUCHED, arena);
      this.cut(hole, length, block, granules, entry);
      this.map.set(arena, LOWEST, lowest === block ? block + granules : lowest);
      this.countLocked(arena, 1, granules);
      return block;
    }
    this.map.set(arena, LOWEST, lowest || end);
    return 0;
  }

  /** Makes [block, block + granules) of a free block live; what is before and behind stays free. */
  private cut(hole: number, length: number, block: number, granules: number, entry?: Entry): void {
    const behind = hole + length - block - granules;
    if (behind > 0) this.makeFree(block + granules, behind);
    this.tags.write(block, granules);
    this.states.beginEntry(SIMPLE_ENTRY, entry, block);
    this.states.mark(block, SIMPLE_LIVE); // COMMIT
    this.states.entryDone(SIMPLE_ENTRY, entry);
    if (block > hole) this.makeFree(hole, block - hole);
  }

  private makeFree(block: number, granules: number): void {
    this.tags.write(block, granules);
    this.states.mark(block, SIMPLE_FREE);
  }

  /** Makes one hole of [block, block + granules) and its free neighbours; an arena of it goes. */
  private mergeLocked(arena: number, block: number, granules: number): void {
    const { states, tags, map } = this;
    let start = block;
    let length = granules;
    const behind = block + granules;
    if (states.get(behind) === SIMPLE_FREE) {
      length += tags.length(behind);
      states.mark(behind, FREE);
    }
    const before = tags.lengthBefore(block);
    if (states.get(block - before) === SIMPLE_FREE) {
      start -= before;
      length += before;
      states.mark(block, FREE);
    }
    this.makeFree(start, length);
    if (start < map.get(arena, LOWEST)) map.set(arena, LOWEST, start);
    if (map.get(arena, LIVE_BLOCKS) === 0) this.dropArena(arena);
  }

  private resizeLocked(block: number, from: number, granules: number, free: number): void {
    const arena = this.memory.get(SIMPLE_TOUCHED);
    if (free > 0) this.states.mark(block + from, FREE);
    const left = from + free - granules;
    if (left > 0) this.makeFree(block + granules, left);
    this.tags.write(block, granules);
    // All before LOWEST is live, so what stands behind the block is the lowest that may be free.
    if (this.map.get(arena, LOWEST) > block) this.map.set(arena, LOWEST, block + granules);
    this.countLocked(arena, 0, granules - from);
  }

  private countLocked(arena: number, blocks: number, granules: number): void {
    const { memory, map } = this;
    map.set(arena, LIVE_BLOCKS, map.get(arena, LIVE_BLOCKS) + blocks);
    map.set(arena, LIVE_GRANULES, map.get(arena, LIVE_GRANULES) + granules);
    memory.set(SIMPLE_BLOCKS, memory.get(SIMPLE_BLOCKS) + blocks);
    memory.set(SIMPLE_GRANULES, memory.get(SIMPLE_GRANULES) + granules);
    countOut(memory, this.states.slot, granules);
  }

  /** A new arena with room for `granules`; false if the zone has none. */
  private growLocked(granules: number, zone: number, preferred: boolean): boolean {
    const need = Math.ceil((granules + 2) / (1 << this.map.granuleShift));
    let arena = this.zones.allocIn(zone, Math.max(need, ARENA_PAGES), preferred, CLAIM);
    if (arena === 0) arena = this.zones.allocIn(zone, need, preferred, CLAIM);
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
    this.states.mark(start - 1, SIMPLE_END);
    this.states.mark(end, SIMPLE_END);
    this.makeFree(start, end - start);
    this.map.set(arena, LOWEST, start);
    this.map.set(arena, LIVE_BLOCKS, 0);
    this.map.set(arena, LIVE_GRANULES, 0);
    this.map.set(arena, OWNER, ARENA); // COMMIT
    this.map.link(SIMPLE_ARENAS, arena);
  }

  private dropArena(arena: number): void {
    this.map.set(arena, OWNER, TRANSIT + ARENA); // COMMIT: no arena any more
    this.map.unlink(SIMPLE_ARENAS, arena);
    this.giveUp(arena);
  }

  private giveUp(arena: number): void {
    this.states.clear(this.startOf(arena) - 1, this.endOf(arena) + 1);
    this.zones.free(arena);
  }

  /** Notes the arena of a block that is about to change. */
  private touch(block: number): number {
    const arena = this.map.get(block >>> this.map.granuleShift, HEAD);
    this.memory.set(SIMPLE_TOUCHED, arena);
    return arena;
  }
}
