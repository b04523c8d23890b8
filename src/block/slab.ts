// Slabs: runs of pages cut into blocks of one size class (Bonwick 1994, with everything out of
// line). A slab's first page carries, in the page map, how many of its blocks are free and a bit
// for each (slabbits.ts); all its pages on which blocks start carry HEAD, so a block finds its slab
// by its page.
//
// Slabs with a free block stand in one list per zone; full slabs stand in none. When the last block
// of a slab comes home the slab is empty. Empty slabs stay while they are few, against flutter
// between one block too many and one too few; then half of them go back to their zones, and so the
// strays are looked for once for all of these. Slabs grow with demand: a new one has about an
// eighth of the pages that the class has already, and the first slab of the largest classes is one
// block.
//
// All methods want the class lock; they take the zone's lock inside. Each works on one slab at a
// time and first notes it in TOUCHED. States are written before bits and counts, so who takes the
// lock over from the dead makes that slab's bits anew from its blocks' states; the lists keep their
// NEXT links whole at every store. A slab that comes or goes is in TRANSIT, and the class's sums
// without it stand in REST_* (slabrepair.ts). Equations:
//   FREE of a slab == set bits of its BITS == its blocks whose state is FREE
//   CARVED == sum of capacities;  FREE of the class == sum of FREE of its slabs
//   EMPTY == sum of pages of its empty slabs

import { CLASS, STATE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';
import type { Claim } from '../page/buddy.ts';
import type { PageMap } from '../page/pagemap.ts';
import type { Zones } from '../page/zone.ts';
import { pagesBetweenStarts, SlabBits } from './slabbits.ts';
import { SlabRepair } from './slabrepair.ts';
import { SlabSums } from './slabsums.ts';
import type { Entry, StateMap } from './statemap.ts';
import type { Strays } from './strays.ts';

const { PARTIAL, EMPTY, PAGES, FREE, GRANULES, SLAB_PAGES, MAX_PAGES, TOUCHED, ENTRY } = CLASS;
const { HEAD, OWNER, TRANSIT, FREE: SLAB_FREE, NEXT } = PAGE;

/** Of a class's pages one in 2^this may be in empty slabs, or as many as its first slab had. */
const KEEP_SHIFT = 4;

export class Slabs {
  readonly id: number;
  /** Word index of the class's record. */
  readonly record: number;
  readonly map: PageMap;
  readonly states: StateMap;
  readonly bits: SlabBits;
  readonly granules: number;
  /** On each so-many-th page of a slab a block starts, if not on every page. */
  private readonly step: number;
  private readonly memory: Memory;
  readonly zones: Zones;
  private readonly strays: Strays;
  private readonly sums: SlabSums;
  private readonly claim: Claim;
  private readonly firstPages: number;
  private readonly maxPages: number;

  constructor(zones: Zones, states: StateMap, strays: Strays, record: number, id: number) {
    this.zones = zones;
    this.strays = strays;
    this.map = zones.map;
    this.states = states;
    this.memory = states.memory;
    this.record = record;
    this.id = id;
    this.granules = this.memory.get(record + GRANULES);
    this.step = pagesBetweenStarts(this.granules, this.map.granuleShift);
    this.bits = new SlabBits(this.map, this.granules);
    this.firstPages = this.memory.get(record + SLAB_PAGES);
    this.maxPages = this.memory.get(record + MAX_PAGES);
    this.claim = { owner: TRANSIT + id, note: record + TOUCHED };
    this.sums = new SlabSums(this.memory, record);
  }

  /** First page of a slab with a free block; 0 when the zones preferred have none. */
  private partialLocked(preference: readonly number[]): number {
    for (let i = 0; i < preference.length; i++) {
      const slab = this.memory.get(this.record + PARTIAL + (preference[i] as number));
      if (slab !== 0) return slab;
    }
    return 0;
  }

  /** As `partialLocked`, but one is made if need be; 0 when no zone has pages for it. */
  private slabLocked(preference: readonly number[]): number {
    const first = this.zones.firstOf(preference);
    for (const zone of preference) {
      const partial = this.memory.get(this.record + PARTIAL + zone);
      const slab = partial || this.createLocked(zone, zone === first);
      if (slab !== 0) return slab;
    }
    return 0;
  }

  /** Moves up to `want` free blocks into the magazine whose top is the word `at`; how many. */
  fillLocked(at: number, want: number, tag: number): number {
    let count = 0;
    const { home, near } = this.zones;
    let slab = this.slabLocked(home);
    while (slab !== 0) {
      const got = this.fillFrom(slab, at, want - count, tag);
      count += got;
      // A listed slab without a free block is damage: no reason to go on for ever.
      slab = got > 0 && count < want ? this.partialLocked(near) : 0;
    }
    return count;
  }

  /**
   * Entries, then count, then CACHED, then the slab's bits: dying in between leaves a block in two
   * places, never in none, and its state says which one counts.
   */
  private fillFrom(slab: number, at: number, want: number, tag: number): number {
    const { memory, states } = this;
    memory.set(this.record + TOUCHED, slab);
    const top = memory.get(at);
    const free = this.map.get(slab, SLAB_FREE);
    const count = free < want ? free : want;
    this.bits.peek(slab, count, top + 1);
    memory.set(at, top + count);
    for (let i = top + 1; i <= top + count; i++) states.put(memory.get(i), tag);
    this.claimed(slab, count);
    return count;
  }

  /** Takes one block out of the zones preferred and gives it `state`; its granule, or 0. */
  takeLocked(preference: readonly number[], state: number, entry?: Entry): number {
    const slab = this.slabLocked(preference);
    if (slab === 0) return 0;
    this.memory.set(this.record + TOUCHED, slab);
    const granule = this.bits.lowest(slab);
    this.states.beginEntry(this.record + ENTRY, entry, granule);
    this.states.mark(granule, state); // COMMIT
    this.states.entryDone(this.record + ENTRY, entry);
    this.claimed(slab, 1);
    return granule;
  }

  /** The `count` lowest blocks have left; a slab without free blocks leaves the list. */
  private claimed(slab: number, count: number): void {
    const { memory, map, record } = this;
    this.bits.clear(slab, count);
    const free = map.get(slab, SLAB_FREE);
    const pages = map.run(slab);
    if (free === this.bits.capacityOf(pages))
      memory.set(record + EMPTY, memory.get(record + EMPTY) - pages);
    map.set(slab, SLAB_FREE, free - count);
    memory.set(record + FREE, memory.get(record + FREE) - count);
    if (free === count) map.unlink(this.listOf(slab), slab);
  }

  /** Brings a block home: its state becomes FREE, then its bit is set. */
  returnLocked(granule: number, entry?: Entry): void {
    const { memory, record, states } = this;
    const slab = this.slabOf(granule);
    memory.set(record + TOUCHED, slab);
    states.beginEnd(record + ENTRY, entry);
    states.put(granule, STATE.FREE); // COMMIT: whoever else still lists it sees that
    states.endEntry(record + ENTRY, entry);
    this.bits.set(slab, granule);
    this.cameHome(slab, 1);
  }

  /**
   * Brings home those blocks of the entries from `bottom` to `top` whose state is `tag` or `other`;
   * how many. Counts wait until the next block is another slab's: TOUCHED names the one they lag
   * behind in.
   */
  returnAllLocked(bottom: number, top: number, tag: number, other: number): number {
    const { memory, states, record } = this;
    let slab = 0;
    let since = 0;
    let returned = 0;
    for (let at = top; at >= bottom; at--) {
      const granule = memory.get(at);
      // RACE: another thread may be freeing the block too; either value is safe (statemap.ts).
      const state = states.get(granule);
      if (state !== tag && state !== other) continue;
      const of = this.slabOf(granule);
      if (of !== slab) {
        if (slab !== 0) this.cameHome(slab, returned - since);
        memory.set(record + TOUCHED, of);
        slab = of;
        since = returned;
      }
      states.put(granule, STATE.FREE); // COMMIT: whoever else still lists it sees that
      this.bits.set(slab, granule);
      returned++;
    }
    if (slab !== 0) this.cameHome(slab, returned - since);
    return returned;
  }

  private slabOf(granule: number): number {
    return this.map.get(granule >>> this.map.granuleShift, HEAD);
  }

  /** Counts blocks of a slab that have come home; it may now be in the list, or be empty. */
  private cameHome(slab: number, count: number): void {
    const { memory, map, record } = this;
    const before = map.get(slab, SLAB_FREE);
    const pages = map.run(slab);
    map.set(slab, SLAB_FREE, before + count);
    memory.set(record + FREE, memory.get(record + FREE) + count);
    if (before === 0) map.link(this.listOf(slab), slab);
    if (before + count !== this.bits.capacityOf(pages)) return;
    memory.set(record + EMPTY, memory.get(record + EMPTY) + pages);
  }

  /** Gives half of the empty slabs back to their zones if they are too many to be kept. */
  trimLocked(): void {
    const { memory, record, firstPages } = this;
    const share = memory.get(record + PAGES) >>> KEEP_SHIFT;
    const empty = memory.get(record + EMPTY);
    if (empty > firstPages && empty > share) this.releaseLocked(Math.max(share >>> 1, firstPages));
  }

  /** Whether a free block's slab has no block in use. */
  isOfEmpty(granule: number): boolean {
    const slab = this.slabOf(granule);
    return this.map.get(slab, SLAB_FREE) === this.bits.capacityOf(this.map.run(slab));
  }

  /** Gives empty slabs back to their zones until those left have at most `keep` pages. */
  releaseLocked(keep: number): void {
    const { memory, map, record } = this;
    if (memory.get(record + EMPTY) > keep) this.strays.purgeLocked(this);
    for (let zone = 0; zone < 3; zone++) {
      let slab = memory.get(record + PARTIAL + zone);
      for (let steps = map.endPage; slab !== 0 && steps > 0; steps--) {
        if (memory.get(record + EMPTY) <= keep) return;
        const next = map.get(slab, NEXT);
        if (map.get(slab, SLAB_FREE) === this.bits.capacityOf(map.run(slab))) this.destroy(slab);
        slab = next;
      }
    }
  }

  /** Word index of the list in which a slab with a free block stands. */
  listOf(slab: number): number {
    return this.record + PARTIAL + this.zones.indexOf(slab);
  }

  private createLocked(zone: number, preferred: boolean): number {
    const grown = this.memory.get(this.record + PAGES) >>> 3;
    const wanted = grown - (grown % this.firstPages);
    const pages = Math.min(Math.max(wanted, this.firstPages), this.maxPages);
    let slab = this.zones.allocIn(zone, pages, preferred, this.claim);
    if (slab === 0 && pages > this.firstPages) {
      slab = this.zones.allocIn(zone, this.firstPages, preferred, this.claim);
    }
    if (slab !== 0) this.format(slab);
    return slab;
  }

  private format(slab: number): void {
    const { map } = this;
    const pages = map.run(slab);
    const blocks = this.bits.capacityOf(pages);
    for (let page = slab; page < slab + pages; page += this.step) map.set(page, HEAD, slab);
    this.bits.format(slab, blocks);
    map.set(slab, SLAB_FREE, blocks);
    this.sums.without(slab, 0, 0);
    map.set(slab, OWNER, this.id); // COMMIT: from here on it is a slab
    map.link(this.listOf(slab), slab);
    this.sums.with(pages, blocks);
    this.count(pages, blocks);
  }

  /** Adds to the pages of the class's empty slabs and to its free blocks. */
  private count(pages: number, blocks: number): void {
    const { memory, record } = this;
    memory.set(record + FREE, memory.get(record + FREE) + blocks);
    memory.set(record + EMPTY, memory.get(record + EMPTY) + pages);
  }

  private destroy(slab: number): void {
    const pages = this.map.run(slab);
    const blocks = this.bits.capacityOf(pages);
    this.memory.set(this.record + TOUCHED, slab);
    this.sums.without(slab, pages, blocks);
    this.map.set(slab, OWNER, TRANSIT + this.id); // COMMIT: no slab any more
    this.map.unlink(this.listOf(slab), slab);
    this.sums.settle();
    this.count(-pages, -blocks);
    this.zones.free(slab);
  }

  /** See slabrepair.ts. */
  repairLocked(): void {
    const { memory, map, record, id } = this;
    const slab = memory.get(record + TOUCHED);
    const owner = slab !== 0 && map.run(slab) > 0 ? map.get(slab, OWNER) : 0;
    new SlabRepair(this, record, id).repairLocked(owner === id ? slab : 0);
    const pages = owner === id ? map.run(slab) : 0;
    this.sums.repair(pages, this.bits.capacityOf(pages));
    if (owner === TRANSIT + id) this.zones.free(slab);
    memory.set(record + TOUCHED, 0);
  }
}
