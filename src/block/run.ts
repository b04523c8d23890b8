// Run classes: 3 to 16 pages, where each block is a run straight from a zone. They go through the
// same magazines and depots as slab blocks do; only what lies beneath differs.
//
// All methods want the class lock; they take the zone's lock inside. A run belongs to the class as
// long as its block is not FREE: while it comes or goes it is in TRANSIT, TOUCHED names it, and
// CARVED without it stands in REST_CARVED. Equation:
//   CARVED == runs of the class in magazines, in the depot, and live

import { CLASS, PAGE, STATE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { Claim } from '../page/buddy.ts';
import { PREFERENCES, type Zones } from '../page/zone.ts';
import type { Entry, StateMap } from './statemap.ts';
import type { Strays } from './strays.ts';

const { CARVED, GRANULES, SLAB_PAGES, TOUCHED, REST_OF, REST_CARVED, ENTRY } = CLASS;
const { OWNER, TRANSIT } = PAGE;

export class Runs {
  readonly granules: number;
  private readonly memory: Memory;
  private readonly zones: Zones;
  private readonly states: StateMap;
  private readonly strays: Strays;
  private readonly record: number;
  private readonly id: number;
  private readonly pages: number;
  private readonly claim: Claim;

  constructor(zones: Zones, states: StateMap, strays: Strays, record: number, id: number) {
    this.memory = states.memory;
    this.zones = zones;
    this.states = states;
    this.strays = strays;
    this.record = record;
    this.id = id;
    this.pages = this.memory.get(record + SLAB_PAGES);
    this.granules = this.memory.get(record + GRANULES);
    this.claim = { owner: TRANSIT + id, note: record + TOUCHED };
  }

  /** Moves one new run into the magazine whose top is the word `at`: entry, count, then CACHED. */
  fillLocked(at: number, _want: number, tag: number): number {
    const page = this.cut(PREFERENCES.any);
    if (page === 0) return 0;
    const granule = page << this.zones.map.granuleShift;
    const top = this.memory.get(at) + 1;
    this.memory.set(top, granule);
    this.memory.set(at, top);
    this.states.mark(granule, tag); // COMMIT
    this.came(page);
    return 1;
  }

  takeLocked(preference: readonly number[], state: number, entry?: Entry): number {
    const page = this.cut(preference);
    if (page === 0) return 0;
    const granule = page << this.zones.map.granuleShift;
    this.states.beginEntry(this.record + ENTRY, entry, granule);
    this.states.mark(granule, state); // COMMIT
    this.states.entryDone(this.record + ENTRY, entry);
    this.came(page);
    return granule;
  }

  returnLocked(granule: number, entry?: Entry): void {
    const page = granule >>> this.zones.map.granuleShift;
    this.rest(page, this.memory.get(this.record + CARVED) - 1);
    this.states.beginEnd(this.record + ENTRY, entry);
    this.states.mark(granule, STATE.FREE); // COMMIT
    this.states.endEntry(this.record + ENTRY, entry);
    this.goes(page);
  }

  /** Runs keep nothing empty. */
  releaseLocked(_keep: number): number {
    return 0;
  }

  /** A run that was on its way is a block if its state says so; if not, it goes back. */
  repairLocked(): void {
    const { memory, record, zones } = this;
    const page = memory.get(record + TOUCHED);
    const owner = page !== 0 && zones.map.run(page) > 0 ? zones.map.get(page, OWNER) : 0;
    const ours = owner === this.id || owner === TRANSIT + this.id;
    const isBlock = ours && this.states.get(page << zones.map.granuleShift) !== STATE.FREE;
    const rest = memory.get(record + REST_OF) === 0 ? CARVED : REST_CARVED;
    this.rest(page, memory.get(record + rest) - (rest === CARVED && isBlock ? 1 : 0));
    if (isBlock) this.came(page);
    else if (ours) this.goes(page);
    else this.settled();
  }

  /** Cuts a run; it is in TRANSIT, and not counted. Its first page, or 0. */
  private cut(preference: readonly number[]): number {
    const page = this.zones.alloc(this.pages, preference, this.claim);
    if (page !== 0) this.rest(page, this.memory.get(this.record + CARVED));
    return page;
  }

  /** CARVED without the run at `page`; which of the two it will be is decided by its state. */
  private rest(page: number, carved: number): void {
    this.memory.set(this.record + TOUCHED, page);
    this.memory.set(this.record + REST_CARVED, carved);
    this.memory.set(this.record + REST_OF, page);
  }

  private came(page: number): void {
    this.zones.map.set(page, OWNER, this.id);
    this.memory.set(this.record + CARVED, this.memory.get(this.record + REST_CARVED) + 1);
    this.memory.set(this.record + REST_OF, 0);
    this.memory.set(this.record + TOUCHED, 0);
  }

  private goes(page: number): void {
    const granule = page << this.zones.map.granuleShift;
    this.strays.purgeLocked(this.record, this.id, granule, granule + 1);
    this.zones.map.set(page, OWNER, TRANSIT + this.id);
    this.settled();
    this.zones.free(page);
    this.memory.set(this.record + TOUCHED, 0);
  }

  private settled(): void {
    this.memory.set(this.record + CARVED, this.memory.get(this.record + REST_CARVED));
    this.memory.set(this.record + REST_OF, 0);
  }
}
