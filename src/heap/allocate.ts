// Allocation off the fast path: refills, the other modes, alignment, zones, large runs, and the
// last attempts before "no".
//
//   two-tier      class → magazine → depot → slab → zone; beyond the classes → zone
//   simple-heap   the simple heap alone
//   hybrid        two-tier, and when that is out of memory the simple heap
//
// When a tier finds nothing, what lies idle in this slot's magazines and in the depots goes home to
// the slabs, empty slabs go home to their zones, and the tier is asked once more.

import { COUNTER, GRANULE, HEADER } from '../word/layout.ts';
import { allocError, type AllocError, type AllocErrorCode } from '../word/errors.ts';
import { orderOf } from '../page/buddy.ts';
import { PREFERENCES, ZONE_NAMES, type ZoneName } from '../page/zone.ts';
import { alignedClassFor, classFor } from '../block/sizeclass.ts';
import type { Attachment } from './attachment.ts';
import { Generations } from './generations.ts';

const { MODE } = HEADER;
const { ALLOCS, FAILURES, OOMS, DOUBLE_FREES, CORRUPTIONS } = COUNTER;
const { BYTES } = GRANULE;

/** Which tiers serve new allocations. */
export type Mode = 'simple-heap' | 'two-tier' | 'hybrid';
export const MODES: readonly Mode[] = ['two-tier', 'simple-heap', 'hybrid'];

/** What a block is to be; all but `granules` are defaults for an ordinary alloc. */
interface Request {
  readonly size: number;
  readonly granules: number;
  readonly align: number;
  readonly preference: readonly number[];
  /** The zone was named: magazines, whose blocks are from anywhere, do not serve. */
  readonly strict: boolean;
}

export class Allocation {
  private readonly on: Attachment;
  private readonly generations: Generations;
  private readonly capacity: number;

  constructor(on: Attachment) {
    this.on = on;
    this.generations = new Generations(on.memory, on.layout);
    this.capacity = (on.layout.endGranule - on.layout.firstGranule) * BYTES;
  }

  /** A live block's granule, or why not. */
  alloc(size: number, align: number = BYTES, zone?: ZoneName): number | AllocError {
    const code = this.refuse(size, align, zone);
    if (code !== null) return this.failed(code, size);
    const preference = PREFERENCES[zone ?? 'any'];
    const granules = Math.ceil(size / BYTES);
    const request = { size, granules, align, preference, strict: zone !== undefined };
    const granule = this.serve(request) || this.serveAgain(request);
    if (granule === 0) return this.failed('OUT_OF_MEMORY', size);
    this.on.counters.bump(ALLOCS);
    if (this.on.geometry.checked) this.generations.begin(granule);
    return granule;
  }

  /** Everything idle in this slot and in the depots goes home, and empty slabs to their zones. */
  reclaim(): void {
    for (const depot of this.on.depots.slice(1)) {
      depot.flush();
      depot.reclaim();
    }
  }

  private refuse(size: number, align: number, zone: ZoneName | undefined): AllocErrorCode | null {
    if (!Number.isInteger(size) || size <= 0 || size > this.capacity) return 'INVALID_SIZE';
    const power = Number.isInteger(align) && align > 0 && Number.isInteger(Math.log2(align));
    if (!power || align > this.capacity) return 'INVALID_ALIGNMENT';
    if (zone !== undefined && !ZONE_NAMES.includes(zone)) return 'INVALID_ZONE';
    return null;
  }

  private failed(code: AllocErrorCode, size: number): AllocError {
    this.on.counters.bump(FAILURES);
    if (code === 'OUT_OF_MEMORY') this.on.counters.bump(OOMS);
    return allocError(code, size);
  }

  private serve(request: Request): number {
    // RACE: another thread may be switching; any past mode is one that was asked for.
    const mode = MODES[this.on.memory.get(MODE)] as Mode;
    if (mode === 'simple-heap') return this.fromSimple(request);
    return this.fromTiers(request);
  }

  private serveAgain(request: Request): number {
    this.reclaim();
    const granule = this.serve(request);
    const hybrid = MODES[this.on.memory.get(MODE)] === 'hybrid';
    return granule === 0 && hybrid ? this.fromSimple(request) : granule;
  }

  private fromSimple(request: Request): number {
    const align = Math.max(request.align / BYTES, 1);
    return this.on.simple.alloc(request.granules, align, request.preference);
  }

  private fromTiers(request: Request): number {
    const { classes } = this.on.geometry;
    const id =
      request.align <= BYTES
        ? classFor(classes, request.granules)
        : this.alignedClass(request.size, request.align);
    if (id === 0) return this.fromZone(request);
    if (request.strict) return this.on.depots[id]?.takeDirect(request.preference) ?? 0;
    return this.fromMagazine(id);
  }

  /** A class whose blocks are all aligned: slabs start on a page, so only alignments within one. */
  private alignedClass(size: number, align: number): number {
    if (align > 2 ** this.on.geometry.pageShift) return 0;
    return alignedClassFor(this.on.geometry.classes, size, align);
  }

  private fromZone(request: Request): number {
    const { pageShift } = this.on.geometry;
    const pages = Math.ceil(request.size / 2 ** pageShift);
    const order = orderOf(Math.max(1, request.align / 2 ** pageShift));
    return this.on.large.alloc(pages, order, request.preference);
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
    const inside = states.granuleOf(magazines.drop(id) * BYTES) >= 0;
    counters.bump(inside ? DOUBLE_FREES : CORRUPTIONS);
  }
}
