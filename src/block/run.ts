// Run classes: 3 to 16 pages, where each block is a run straight from a zone. They go through the
// same magazines and depots as slab blocks do; only what lies beneath differs.
//
// All methods want the class lock; they take the zone's lock inside. Equation:
//   CARVED == runs of the class in magazines, in the depot, and live

import { CLASS, STATE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { PREFERENCES, type Zones } from '../page/zone.ts';
import type { StateMap } from './statemap.ts';
import type { Strays } from './strays.ts';

const { CARVED, GRANULES, SLAB_PAGES } = CLASS;

export class Runs {
  readonly granules: number;
  private readonly memory: Memory;
  private readonly zones: Zones;
  private readonly states: StateMap;
  private readonly strays: Strays;
  private readonly record: number;
  private readonly id: number;
  private readonly pages: number;

  constructor(zones: Zones, states: StateMap, strays: Strays, record: number, id: number) {
    this.memory = states.memory;
    this.zones = zones;
    this.states = states;
    this.strays = strays;
    this.record = record;
    this.id = id;
    this.pages = this.memory.get(record + SLAB_PAGES);
    this.granules = this.memory.get(record + GRANULES);
  }

  /** Moves one new run into the magazine whose top is the word `at`: entry, count, then CACHED. */
  fillLocked(at: number, _want: number, tag: number): number {
    const granule = this.alloc(PREFERENCES.any);
    if (granule === 0) return 0;
    const top = this.memory.get(at) + 1;
    this.memory.set(top, granule);
    this.memory.set(at, top);
    this.states.set(granule, tag);
    return 1;
  }

  takeLocked(preference: readonly number[], state: number): number {
    const granule = this.alloc(preference);
    if (granule !== 0) this.states.set(granule, state);
    return granule;
  }

  returnLocked(granule: number): void {
    this.states.set(granule, STATE.FREE);
    this.strays.purgeLocked(this.record, this.id, granule, granule + 1);
    this.count(-1);
    this.zones.free(granule >>> this.zones.map.granuleShift);
  }

  /** Runs keep nothing empty. */
  releaseLocked(_keep: number): number {
    return 0;
  }

  private count(count: number): void {
    this.memory.set(this.record + CARVED, this.memory.get(this.record + CARVED) + count);
  }

  private alloc(preference: readonly number[]): number {
    const page = this.zones.alloc(this.pages, 0, preference);
    if (page !== 0) this.count(1);
    return page << this.zones.map.granuleShift;
  }
}
