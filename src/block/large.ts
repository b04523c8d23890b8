// Large runs: requests beyond the run classes, and those with an alignment beyond a block's, go
// straight to a zone and get whole pages. Their state is LARGE; how many pages they have stands in
// the page map.
//
// The state byte is written by whoever holds the block, or under the zone's lock.
// Equations, per zone:
//   LARGE_RUNS == LARGE bytes;  LARGE_PAGES == sum of their pages

import { HEADER, STATE } from '../word/layout.ts';
import { raiseTo, type Memory } from '../word/memory.ts';
import type { Zone, Zones } from '../page/zone.ts';
import type { StateMap } from './statemap.ts';

const { OUT, OUT_PEAK } = HEADER;
const { LARGE, FREE } = STATE;

export class Large {
  private readonly memory: Memory;
  private readonly zones: Zones;
  private readonly states: StateMap;

  constructor(zones: Zones, states: StateMap) {
    this.memory = states.memory;
    this.zones = zones;
    this.states = states;
  }

  /** A live run of `pages` aligned to 2^alignOrder pages; its granule, or 0. */
  alloc(pages: number, alignOrder: number, preference: readonly number[]): number {
    const first = this.zones.firstOf(preference);
    for (const index of preference) {
      const zone = this.zones.list[index];
      if (zone === undefined || zone.pages === 0) continue;
      const granule = this.allocIn(zone, pages, alignOrder, index === first);
      if (granule !== 0) return granule;
    }
    return 0;
  }

  /** The state is written under the lock, so whoever holds it sees no run without an owner. */
  private allocIn(zone: Zone, pages: number, alignOrder: number, preferred: boolean): number {
    zone.lock.lock();
    const page = zone.allocLocked(pages, alignOrder, zone.reserveFor(preferred));
    const granule = page << this.zones.map.granuleShift;
    if (page !== 0) {
      zone.countLargeLocked(1, pages);
      this.states.set(granule, LARGE);
    }
    zone.lock.unlock();
    if (page !== 0) this.moved(pages);
    return granule;
  }

  /** False if no large run starts here. Exact: decided under the zone's lock. */
  free(granule: number): boolean {
    const page = granule >>> this.zones.map.granuleShift;
    const zone = this.zones.of(page);
    zone.lock.lock();
    const live = this.states.get(granule) === LARGE;
    const pages = live ? this.zones.map.run(page) : 0;
    if (live) {
      this.states.set(granule, FREE); // FREE first: the pages may be another's at once
      zone.countLargeLocked(-1, -pages);
      zone.freeLocked(page);
    }
    zone.lock.unlock();
    if (live) this.moved(-pages);
    return live;
  }

  /** Pages of a live large run. */
  pagesOf(granule: number): number {
    return this.zones.map.run(granule >>> this.zones.map.granuleShift);
  }

  /** Changes a live run's pages where it stands; false if it is gone or has no room behind it. */
  resize(granule: number, pages: number): boolean {
    const page = granule >>> this.zones.map.granuleShift;
    const zone = this.zones.of(page);
    zone.lock.lock();
    const from = this.states.get(granule) === LARGE ? this.zones.map.run(page) : 0;
    const done = from !== 0 && zone.resizeLocked(page, from, pages);
    if (done) zone.countLargeLocked(0, pages - from);
    zone.lock.unlock();
    if (done) this.moved(pages - from);
    return done;
  }

  private moved(pages: number): void {
    const granules = pages << this.zones.map.granuleShift;
    const out = this.memory.add(OUT, granules) + granules;
    if (pages > 0) raiseTo(this.memory, OUT_PEAK, out);
  }
}
