// Allocation off the fast path: refills, the other modes, alignment, zones, large runs, and the
// last attempts before "no".
//
// When a tier finds nothing, what lies idle in this slot's magazines and in the depots goes home to
// the slabs, empty slabs go home to their zones, and the tier is asked once more.

import { COUNTER, GRANULE, SLOT } from '../word/layout.ts';
import { allocError, type AllocError, type AllocErrorCode } from '../word/errors.ts';
import { orderOf } from '../page/buddy.ts';
import { PREFERENCES, ZONE_NAMES, type ZoneName } from '../page/zone.ts';
import type { Attachment } from './attachment.ts';
import { Generations } from './generations.ts';
import { modeIn } from './mode.ts';

const { FAILURES, OOMS, DOUBLE_FREES, CORRUPTIONS } = COUNTER;
const { BYTES } = GRANULE;

export class Allocation {
  private readonly on: Attachment;
  private readonly generations: Generations;
  private readonly capacity: number;

  constructor(on: Attachment) {
    this.on = on;
    this.generations = new Generations(on.states, on.layout);
    this.capacity = (on.layout.endGranule - on.layout.firstGranule) * BYTES;
  }

  /** A live block's granule, or why not. Who names a zone is not served from magazines. */
  alloc(size: number, align: number = BYTES, zone?: ZoneName): number | AllocError {
    const code = this.refuse(size, align, zone);
    if (code !== null) return this.failed(code, size);
    const granule = this.serve(size, align, zone) || this.serveAgain(size, align, zone);
    if (granule === 0) return this.failed('OUT_OF_MEMORY', size);
    this.on.magazines.count(SLOT.ALLOCS);
    if (this.on.geometry.checked) this.generations.begin(granule);
    return granule;
  }

  /** Everything idle in this slot and in the depots goes home, and empty slabs to their zones. */
  reclaim(): void {
    for (const depot of this.on.depots) {
      depot?.flush();
      depot?.reclaim();
    }
  }

  private refuse(size: number, align: number, zone: ZoneName | undefined): AllocErrorCode | null {
    if (!Number.isInteger(size) || size <= 0 || size > this.capacity) return 'INVALID_SIZE';
    if (align !== BYTES && !this.isAlignment(align)) return 'INVALID_ALIGNMENT';
    return zone === undefined || ZONE_NAMES.includes(zone) ? null : 'INVALID_ZONE';
  }

  private isAlignment(align: number): boolean {
    const whole = Number.isInteger(align) && align > 0 && align <= this.capacity;
    return whole && Number.isInteger(Math.log2(align));
  }

  private failed(code: AllocErrorCode, size: number): AllocError {
    this.on.counters.bump(FAILURES);
    if (code === 'OUT_OF_MEMORY') this.on.counters.bump(OOMS);
    return allocError(code, size);
  }

  private serve(size: number, align: number, zone?: ZoneName): number {
    if (modeIn(this.on.memory) === 'simple-heap') return this.fromSimple(size, align, zone);
    const { sizes, map } = this.on;
    const granules = Math.ceil(size / BYTES);
    // Slabs start on a page: their blocks have no alignment beyond it.
    const id =
      align <= BYTES
        ? sizes.of(granules)
        : align > map.pageBytes
          ? 0
          : sizes.aligned(granules, align / BYTES);
    if (id === 0) return this.fromZone(size, align, zone);
    if (zone === undefined) return this.fromMagazine(id);
    return this.on.depots[id]?.takeDirect(PREFERENCES[zone]) ?? 0;
  }

  private serveAgain(size: number, align: number, zone?: ZoneName): number {
    this.reclaim();
    const granule = this.serve(size, align, zone);
    const hybrid = modeIn(this.on.memory) === 'hybrid';
    return granule === 0 && hybrid ? this.fromSimple(size, align, zone) : granule;
  }

  private fromSimple(size: number, align: number, zone: ZoneName | 'any' = 'any'): number {
    const granules = Math.ceil(size / BYTES);
    return this.on.simple.alloc(granules, Math.max(align / BYTES, 1), PREFERENCES[zone]);
  }

  private fromZone(size: number, align: number, zone: ZoneName | 'any' = 'any'): number {
    const { pageBytes } = this.on.map;
    const pages = Math.ceil(size / pageBytes);
    const order = align > pageBytes ? orderOf(align / pageBytes) : 0;
    return this.on.large.alloc(pages, order, PREFERENCES[zone]);
  }

  /** Pops, refilling as often as it takes; straight from the class when it has no magazine. */
  private fromMagazine(id: number): number {
    const { magazines, depots } = this.on;
    const depot = depots[id];
    if (depot === undefined) return 0;
    for (;;) {
      const granule = magazines.pop(id);
      if (granule !== 0) return granule;
      if (magazines.loaded(id) > 0) this.dropTop(id);
      else if (!depot.refill()) break;
    }
    return depot.takeDirect(PREFERENCES.any);
  }

  /** The top entry is not ours to give: another thread freed the block too, or it is damaged. */
  private dropTop(id: number): void {
    const { magazines, states, counters } = this.on;
    const granule = magazines.drop(id);
    const stray = states.has(granule) || granule === states.nothing;
    counters.bump(stray ? DOUBLE_FREES : CORRUPTIONS);
  }
}
