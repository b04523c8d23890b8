// Slabs: runs of pages cut into blocks of one size class (Bonwick 1994, with everything out of
// line). A slab's first page carries, in the page map, how many of its blocks are free and a bit
// for each; all its pages carry HEAD, so a block finds its slab by its page.
//
// Slabs with a free block stand in one list per zone; full slabs stand in none. When the last block
// of a slab comes home the slab is empty. One empty slab per class stays, against flutter between
// one block too many and one too few; any further one goes back to its zone at once.
// Slabs grow with demand: a new one has about an eighth of the pages that the class has already.
//
// All methods want the class lock; they take the zone's lock inside. Each works on one slab at a
// time and first notes it in TOUCHED. States are written before bits and counts, so who takes the
// lock over from the dead makes that slab's bits anew from its blocks' states; the lists keep their
// NEXT links whole at every store. A slab that comes or goes is in TRANSIT, and the class's sums
// without it stand in REST_* (slabrepair.ts). Equations:
//   FREE of a slab == set bits of its BITS == its blocks whose state is FREE
//   CARVED == sum of capacities;  FREE of the class == sum of FREE of its slabs

import { CLASS, PAGE, STATE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { Claim } from '../page/buddy.ts';
import type { PageMap } from '../page/pagemap.ts';
import { PREFERENCES, type Zones } from '../page/zone.ts';
import { SlabRepair } from './slabrepair.ts';
import { SlabSums } from './slabsums.ts';
import type { Entry, StateMap } from './statemap.ts';
import type { Strays } from './strays.ts';

const { PARTIAL, EMPTY, PAGES, FREE, GRANULES, SLAB_PAGES, MAX_PAGES, TOUCHED, ENTRY } = CLASS;
const { HEAD, OWNER, TRANSIT, FREE: SLAB_FREE, BITS, BITS_WORDS, NEXT } = PAGE;

const ANY_ZONE: readonly number[] = PREFERENCES.any;
/** Empty slabs that a class keeps. */
const KEEP_EMPTY = 1;

export class Slabs {
  readonly memory: Memory;
  readonly map: PageMap;
  readonly states: StateMap;
  readonly granules: number;
  private readonly zones: Zones;
  private readonly strays: Strays;
  private readonly sums: SlabSums;
  private readonly claim: Claim;
  private readonly record: number;
  private readonly id: number;
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
    this.firstPages = this.memory.get(record + SLAB_PAGES);
    this.maxPages = this.memory.get(record + MAX_PAGES);
    this.claim = { owner: TRANSIT + id, note: record + TOUCHED };
    this.sums = new SlabSums(this.memory, record);
  }

  /** Blocks that a slab of so many pages holds. */
  capacityOf(pages: number): number {
    return ((pages << this.map.granuleShift) / this.granules) | 0;
  }

  /** First page of a slab with a free block, made if need be; 0 when no zone has pages for it. */
  private partialLocked(preference: readonly number[]): number {
    const first = this.zones.firstOf(preference);
    for (const zone of preference) {
      const partial = this.memory.get(this.record + PARTIAL + zone);
      const slab = partial || this.createLocked(zone, zone === first);
      if (slab !== 0) return slab;
    }
    return 0;
  }

  /**
   * Moves up to `want` free blocks of one slab into the magazine whose top is the word `at`, and
   * returns how many. Entries, then count, then CACHED, then the slab's bits: dying in between
   * leaves a block in two places, never in none, and its state says which one counts.
   */
  fillLocked(at: number, want: number, tag: number): number {
    const slab = this.partialLocked(ANY_ZONE);
    if (slab === 0) return 0;
    this.memory.set(this.record + TOUCHED, slab);
    const top = this.memory.get(at);
    const count = this.peek(slab, want, top + 1);
    this.memory.set(at, top + count);
    for (let i = top + 1; i <= top + count; i++) this.states.mark(this.memory.get(i), tag);
    this.clear(slab, count);
    return count;
  }

  /** Takes one block out of the zones preferred and gives it `state`; its granule, or 0. */
  takeLocked(preference: readonly number[], state: number, entry?: Entry): number {
    const slab = this.partialLocked(preference);
    if (slab === 0) return 0;
    this.memory.set(this.record + TOUCHED, slab);
    const granule = this.lowest(slab);
    this.states.beginEntry(this.record + ENTRY, entry, granule);
    this.states.mark(granule, state); // COMMIT
    this.states.entryDone(this.record + ENTRY, entry);
    this.clear(slab, 1);
    return granule;
  }

  private lowest(slab: number): number {
    const bits = this.map.record(slab) + BITS;
    let word = 0;
    while (word < BITS_WORDS - 1 && this.memory.get(bits + word) === 0) word++;
    const left = this.memory.get(bits + word);
    const block = word * 32 + 31 - Math.clz32(left & -left);
    return (slab << this.map.granuleShift) + block * this.granules;
  }

  /** Copies the lowest free blocks to the words from `bottom`: the lowest last, so popped first. */
  private peek(slab: number, want: number, bottom: number): number {
    const free = this.map.get(slab, SLAB_FREE);
    const count = free < want ? free : want;
    const first = slab << this.map.granuleShift;
    const bits = this.map.record(slab) + BITS;
    let at = bottom + count;
    for (let word = 0; word < BITS_WORDS && at > bottom; word++) {
      let left = this.memory.get(bits + word);
      for (; left !== 0 && at > bottom; left &= left - 1) {
        const bit = 31 - Math.clz32(left & -left);
        this.memory.set(--at, first + (word * 32 + bit) * this.granules);
      }
    }
    return count;
  }

  /** Clears the `count` lowest bits and counts; a slab without free blocks leaves the list. */
  private clear(slab: number, count: number): void {
    const bits = this.map.record(slab) + BITS;
    for (let word = 0, left = count; word < BITS_WORDS && left > 0; word++) {
      let value = this.memory.get(bits + word);
      for (; value !== 0 && left > 0; left--) value &= value - 1;
      this.memory.set(bits + word, value);
    }
    this.claimed(slab, count);
  }

  private claimed(slab: number, count: number): void {
    const { memory, map, record } = this;
    const free = map.get(slab, SLAB_FREE);
    if (free === this.capacity(slab)) memory.set(record + EMPTY, memory.get(record + EMPTY) - 1);
    map.set(slab, SLAB_FREE, free - count);
    memory.set(record + FREE, memory.get(record + FREE) - count);
    if (free === count) map.unlink(this.listOf(slab), slab);
  }

  /** Brings a block home: its state becomes FREE, then its bit is set. */
  returnLocked(granule: number, entry?: Entry): void {
    const { memory, map, record } = this;
    const slab = map.get(granule >>> map.granuleShift, HEAD);
    memory.set(record + TOUCHED, slab);
    this.states.beginEnd(record + ENTRY, entry);
    this.states.mark(granule, STATE.FREE); // COMMIT: whoever else still lists it sees that
    this.states.endEntry(record + ENTRY, entry);
    const block = ((granule - (slab << map.granuleShift)) / this.granules) | 0;
    const word = map.record(slab) + BITS + (block >>> 5);
    memory.set(word, memory.get(word) | (1 << (block & 31)));
    const free = map.get(slab, SLAB_FREE) + 1;
    map.set(slab, SLAB_FREE, free);
    memory.set(record + FREE, memory.get(record + FREE) + 1);
    if (free === 1) map.link(this.listOf(slab), slab);
    if (free === this.capacity(slab)) this.emptiedLocked(slab);
  }

  /** Gives empty slabs back to their zones until `keep` are left; returns their pages. */
  releaseLocked(keep: number): number {
    let pages = 0;
    for (let zone = 0; zone < 3; zone++) {
      let slab = this.memory.get(this.record + PARTIAL + zone);
      while (slab !== 0 && this.memory.get(this.record + EMPTY) > keep) {
        const next = this.map.get(slab, NEXT);
        if (this.map.get(slab, SLAB_FREE) === this.capacity(slab)) pages += this.destroy(slab);
        slab = next;
      }
    }
    return pages;
  }

  private capacity(slab: number): number {
    return this.capacityOf(this.map.run(slab));
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
    const blocks = this.capacityOf(pages);
    for (let page = slab; page < slab + pages; page++) map.set(page, HEAD, slab);
    for (let word = 0; word < BITS_WORDS; word++) {
      const bits = blocks - word * 32;
      map.set(slab, BITS + word, bits >= 32 ? -1 : bits > 0 ? (1 << bits) - 1 : 0);
    }
    map.set(slab, SLAB_FREE, blocks);
    this.sums.without(slab, 0, 0);
    map.set(slab, OWNER, this.id); // COMMIT: from here on it is a slab
    map.link(this.listOf(slab), slab);
    this.sums.with(pages, blocks);
    this.count(1, blocks);
  }

  /** Adds to the class's empty slabs and free blocks. */
  private count(slabs: number, blocks: number): void {
    const { memory, record } = this;
    memory.set(record + FREE, memory.get(record + FREE) + blocks);
    memory.set(record + EMPTY, memory.get(record + EMPTY) + slabs);
  }

  private emptiedLocked(slab: number): void {
    const empty = this.memory.get(this.record + EMPTY) + 1;
    this.memory.set(this.record + EMPTY, empty);
    if (empty > KEEP_EMPTY) this.destroy(slab);
  }

  private destroy(slab: number): number {
    const pages = this.map.run(slab);
    const blocks = this.capacityOf(pages);
    this.memory.set(this.record + TOUCHED, slab);
    this.sums.without(slab, pages, blocks);
    this.map.set(slab, OWNER, TRANSIT + this.id); // COMMIT: no slab any more
    this.map.unlink(this.listOf(slab), slab);
    this.sums.settle();
    this.count(-1, -blocks);
    this.giveUp(slab);
    return pages;
  }

  /** The run at `slab`, which is in TRANSIT and in no list, goes back to its zone. */
  private giveUp(slab: number): void {
    const first = slab << this.map.granuleShift;
    const end = (slab + this.map.run(slab)) << this.map.granuleShift;
    this.strays.purgeLocked(this.record, this.id, first, end);
    this.zones.free(slab);
  }

  /** See slabrepair.ts. */
  repairLocked(): void {
    const { memory, map, record, id } = this;
    const slab = memory.get(record + TOUCHED);
    const owner = slab !== 0 && map.run(slab) > 0 ? map.get(slab, OWNER) : 0;
    new SlabRepair(this, record, id).repairLocked(owner === id ? slab : 0);
    this.sums.repair(owner === id ? map.run(slab) : 0, owner === id ? this.capacity(slab) : 0);
    if (owner === TRANSIT + id) this.giveUp(slab);
    memory.set(record + TOUCHED, 0);
  }
}
