// Allocation off the fast path: refills, the other modes, alignment, zones, large runs, and the
// last attempts before "no".
//
// When a tier finds nothing, the dead are recovered, what lies idle in this slot's magazines and in
// the depots goes home to the slabs, empty slabs go home to their zones, and the tier is asked once
// more.

import { GRANULE } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import { allocError, injectedError, type AllocError, type AllocErrorCode } from '../word/errors.ts';
import { orderOf } from '../page/buddy.ts';
import { usedPages, ZONE_NAMES, type ZoneName } from '../page/zone.ts';
import type { Entry } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';
import { FENCE_BYTES } from './debugheap.ts';
import { Injector } from './injector.ts';
import { modeIn } from './mode.ts';

const { FAILURES, OOMS, INJECTED, DOUBLE_FREES, CORRUPTIONS } = COUNTER;
const { OWN_BLOCKS, SLAB_PAGES } = COUNTER;
const { BYTES } = GRANULE;

/** What is asked for, when it has been found to make sense. */
interface Asked {
  readonly size: number;
  readonly align: number;
  readonly zone: ZoneName | undefined;
  readonly entry: Entry | undefined;
}

/** Who can bring home what the dead have. */
export interface Mourner {
  sweep(): unknown;
}

export class Allocation {
  private readonly on: Attachment;
  private readonly recovery: Mourner | null;
  private readonly capacity: number;
  private readonly faults: Injector;

  /** `recovery` is asked before a request is refused: the dead may have what is missing. */
  constructor(on: Attachment, recovery: Mourner | null = null) {
    this.on = on;
    this.recovery = recovery;
    this.faults = new Injector(on);
    this.capacity = (on.layout.endGranule - on.layout.firstGranule) * BYTES;
  }

  /**
   * A live block's granule, or why not. Who names a zone is not served from magazines, nor a
   * checked heap's journal. With an entry, the block is live and the entry names it, or neither.
   * `again` says that this is no new request, but one that found no memory before.
   */
  alloc(
    size: number,
    align?: number,
    zone?: ZoneName,
    entry?: Entry,
    again?: boolean,
  ): number | AllocError {
    return this.find(size, align, zone, entry, again) || this.outOfMemory(size);
  }

  /**
   * As `alloc`; 0 when there is no memory now, which counts as no failure yet. Every request comes
   * through here that no magazine has served, so each of them while faults are injected.
   */
  find(
    size: number,
    align: number = BYTES,
    zone?: ZoneName,
    entry?: Entry,
    again = false,
  ): number | AllocError {
    const { waits, debug } = this.on;
    const code = this.refuse(size, align, zone);
    if (code !== null) return this.failed(code, size);
    if (!again && this.faults.refuses(size)) return this.injected(size);
    const asked = { size: size + (debug === null ? 0 : FENCE_BYTES), align, zone, entry };
    if (entry === undefined && waits.seemsLong() && this.answer() > 0) waits.rouse();
    const granule = this.serve(asked) || this.serveAgain(asked);
    if (granule !== 0) debug?.begin(granule, size);
    return granule;
  }

  /** An alloc has failed for good. */
  outOfMemory(size: number): AllocError {
    this.on.counters.bump(OOMS);
    return this.failed('OUT_OF_MEMORY', size);
  }

  /** There may be memory, but not in that budget. */
  overBudget(size: number, budget: number): AllocError {
    this.on.budgets.fail(budget);
    return this.failed('OVER_BUDGET', size);
  }

  /** A request that was to fail has failed: at once, whatever could be done for it. */
  private injected(size: number): AllocError {
    this.on.counters.bump(INJECTED);
    this.outOfMemory(size);
    return injectedError(size);
  }

  /** Everything idle in this slot and in the depots goes home, and empty slabs to their zones. */
  reclaim(): void {
    const blocks = this.flush();
    this.on.counters.add(OWN_BLOCKS, blocks);
    const pages = this.reclaimDepots();
    if (blocks > 0 && pages === 0 && this.on.waits.isLong()) this.on.waits.rouse();
  }

  /** Everything idle in the depots goes home, and empty slabs to their zones; how many pages. */
  reclaimDepots(): number {
    const { counters, depots, memory, layout, waits } = this.on;
    const before = usedPages(memory, layout.zones);
    for (const depot of depots) depot?.reclaim();
    const pages = Math.max(0, before - usedPages(memory, layout.zones));
    counters.add(SLAB_PAGES, pages);
    if (pages > 0 && waits.isLong()) waits.rouse();
    return pages;
  }

  /** Somebody waits: what is idle in this slot goes home; how many blocks. */
  answer(): number {
    const blocks = this.flush();
    if (blocks > 0) this.on.counters.add(COUNTER.ASKED_BLOCKS, blocks);
    return blocks;
  }

  /** Everything idle in this slot goes home; how many blocks. */
  flush(): number {
    let blocks = 0;
    for (const depot of this.on.depots) blocks += depot?.flush() ?? 0;
    return blocks;
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
    return allocError(code, size);
  }

  private serve(asked: Asked): number {
    const { size, align, zone, entry } = asked;
    if (modeIn(this.on.memory) === 'simple-heap') return this.fromSimple(asked);
    const { sizes, map, states } = this.on;
    const granules = Math.ceil(size / BYTES);
    // Slabs start on a page: their blocks have no alignment beyond it.
    const id =
      align <= BYTES
        ? sizes.of(granules)
        : align > map.pageBytes
          ? 0
          : sizes.aligned(granules, align / BYTES);
    if (id === 0) return this.fromZone(asked);
    const exact = states.checked && entry !== undefined;
    if (zone === undefined && !exact) return this.fromMagazine(id, entry);
    return this.counted(this.on.depots[id]?.takeDirect(this.on.zones.orderFor(zone), entry) ?? 0);
  }

  private serveAgain(asked: Asked): number {
    if (asked.entry === undefined) this.recovery?.sweep(); // a journal's lock comes after its own
    this.reclaim();
    const granule = this.serve(asked);
    const hybrid = modeIn(this.on.memory) === 'hybrid';
    return granule === 0 && hybrid ? this.fromSimple(asked) : granule;
  }

  private fromSimple({ size, align, zone, entry }: Asked): number {
    const granules = Math.ceil(size / BYTES);
    const units = Math.max(align / BYTES, 1);
    const order = this.on.zones.orderFor(zone);
    return this.counted(this.on.simple.alloc(granules, units, order, entry));
  }

  private fromZone({ size, align, zone, entry }: Asked): number {
    const { pageBytes } = this.on.map;
    const pages = Math.ceil(size / pageBytes);
    const alignOrder = align > pageBytes ? orderOf(align / pageBytes) : 0;
    const order = this.on.zones.orderFor(zone);
    return this.counted(this.on.large.alloc(pages, alignOrder, order, entry));
  }

  /** What comes out of a magazine counts itself. */
  private counted(granule: number): number {
    if (granule !== 0) this.on.magazines.count(this.on.magazines.allocs);
    return granule;
  }

  /** Pops, refilling as often as it takes; straight from the class when it has no magazine. */
  private fromMagazine(id: number, entry?: Entry): number {
    const { magazines, depots, states, waits, zones } = this.on;
    const depot = depots[id];
    if (depot === undefined) return 0;
    while (entry !== undefined || !waits.seemsLong()) {
      if (states.checked) this.registerTop(id);
      const granule =
        entry === undefined ? magazines.pop(id) : magazines.popFor(id, entry.at, entry.kind);
      if (granule !== 0) return granule;
      if (magazines.loaded(id) > 0) this.dropTop(id);
      else if (!depot.refill()) break;
    }
    return this.counted(depot.takeDirect(zones.home, entry));
  }

  /** The block that `pop` will hand out, if it is ours to give. */
  private registerTop(id: number): void {
    const { magazines, states } = this.on;
    if (magazines.loaded(id) === 0) return;
    const granule = magazines.top(id);
    if (states.get(granule) === magazines.tag) states.register(granule);
  }

  /** The top entry is not ours to give: another thread freed the block too, or it is damaged. */
  private dropTop(id: number): void {
    const { magazines, states, counters } = this.on;
    const granule = magazines.drop(id);
    const stray = states.has(granule) || granule === states.nothing;
    counters.bump(stray ? DOUBLE_FREES : CORRUPTIONS);
  }
}
