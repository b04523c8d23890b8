// Large runs: requests beyond the size classes, and those with an alignment beyond a block's, go
// straight to a zone and get whole pages. Their state is LARGE; how many pages they have stands in
// the page map.
//
// The state byte is written under the zone's lock, and the zone names the run that is being taken
// or freed: one that the dead left in nobody's hands goes back (zone.ts).
// Equations, per zone:
//   LARGE_RUNS == LARGE bytes;  LARGE_PAGES == sum of their pages

import { STATE, ZONE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { Zone, Zones } from '../page/zone.ts';
import { countOut } from './out.ts';
import type { Entry, StateMap } from './statemap.ts';

const { LARGE, FREE } = STATE;
const { ENTRY } = ZONE;

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
  alloc(pages: number, alignOrder: number, preference: readonly number[], entry?: Entry): number {
    const first = this.zones.firstOf(preference);
    for (const index of preference) {
      const zone = this.zones.list[index];
      if (zone === undefined || zone.pages === 0) continue;
      const reserve = zone.reserveFor(index === first);
      zone.lock.lock();
      const page = zone.allocLocked(pages, alignOrder, reserve, zone.forLarge);
      if (page !== 0) this.beginLocked(zone, page, pages, entry);
      zone.lock.unlock();
      if (page !== 0) return page << this.zones.map.granuleShift;
    }
    return 0;
  }

  /** The state is written under the lock, so whoever holds it sees no run without an owner. */
  private beginLocked(zone: Zone, page: number, pages: number, entry?: Entry): void {
    const granule = page << this.zones.map.granuleShift;
    this.states.beginEntry(zone.record + ENTRY, entry, granule);
    this.states.mark(granule, LARGE); // COMMIT
    this.states.entryDone(zone.record + ENTRY, entry);
    zone.countLargeLocked(1, pages);
    this.moved(pages);
  }

  /** False if no large run starts here. Exact: decided under the zone's lock. */
  free(granule: number, entry?: Entry): boolean {
    const page = granule >>> this.zones.map.granuleShift;
    const zone = this.zones.of(page);
    zone.lock.lock();
    const live = this.states.get(granule) === LARGE;
    if (live) this.endLocked(zone, granule, page, entry);
    zone.lock.unlock();
    return live;
  }

  private endLocked(zone: Zone, granule: number, page: number, entry?: Entry): void {
    const pages = this.zones.map.run(page);
    zone.touchLocked(page);
    this.states.beginEnd(zone.record + ENTRY, entry);
    this.states.mark(granule, FREE); // COMMIT: and first, for the pages may be another's at once
    this.states.endEntry(zone.record + ENTRY, entry);
    zone.countLargeLocked(-1, -pages);
    zone.freeLocked(page);
    this.moved(-pages);
  }

  /** Pages of a live large run. */
  pagesOf(granule: number): number {
    // RACE: another thread may be freeing or resizing it; who changes anything looks again.
    return Math.max(this.zones.map.run(granule >>> this.zones.map.granuleShift), 0);
  }

  /** Changes a live run's pages where it stands; false if it is gone or has no room behind it. */
  resize(granule: number, pages: number): boolean {
    const page = granule >>> this.zones.map.granuleShift;
    const zone = this.zones.of(page);
    zone.lock.lock();
    const from = this.states.get(granule) === LARGE ? this.zones.map.run(page) : 0;
    const done = from !== 0 && zone.resizeLocked(page, from, pages);
    if (done) {
      zone.countLargeLocked(0, pages - from);
      this.moved(pages - from);
    }
    zone.lock.unlock();
    return done;
  }

  private moved(pages: number): void {
    countOut(this.memory, this.states.slot, pages << this.zones.map.granuleShift);
  }
}
