// Large runs: requests beyond the run classes, and those with an alignment beyond a block's, go
// straight to a zone and get whole pages. Their state is LARGE; how many pages they have stands in
// the page map.
//
// The state byte is written by whoever holds the block, or under the zone's lock.
// Equations, per zone:
//   LARGE_RUNS == LARGE bytes;  LARGE_PAGES == sum of their pages

import { HEADER, STATE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { raiseTo, type Zones } from '../page/zone.ts';
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
    const page = this.zones.alloc(pages, alignOrder, preference, true);
    if (page === 0) return 0;
    const granule = page << this.zones.map.granuleShift;
    this.states.set(granule, LARGE); // nobody else knows the run yet
    this.moved(pages);
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

  /**
   * Changes a live run of `from` pages to `pages` where it stands; false if the pages behind it are
   * in use. `becomes` is 1 when it was a run of a class and is to be a large one, 0 when it stays
   * what it was: large, or of a class and not counted here.
   */
  resize(granule: number, from: number, pages: number, becomes: 0 | 1): boolean {
    const page = granule >>> this.zones.map.granuleShift;
    const zone = this.zones.of(page);
    zone.lock.lock();
    const done = zone.resizeLocked(page, from, pages);
    const wasLarge = this.states.get(granule) === LARGE;
    if (done && wasLarge) zone.countLargeLocked(0, pages - from);
    if (done && becomes === 1) zone.countLargeLocked(1, pages);
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
