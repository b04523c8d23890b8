// What validate looks at in a debug heap besides: the red zones of all live blocks, and all poison.
// It holds every lock, so pages, slabs, large runs and the simple heap stand still; the blocks that
// threads take out of their magazines and free again meanwhile do not. Of these a finding counts
// only if the block's generation and state were the same before and after (debugmap.ts says why
// that is enough), and if it stands on a second look: a thread's plain writes may become visible
// late.

import { GRANULE, STATE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Finding } from '../page/audit.ts';
import { Boundary } from '../block/boundary.ts';
import { classOfState, isLive } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';
import type { DebugHeap } from './debugheap.ts';

const { BYTES } = GRANULE;
const { LARGE, SIMPLE_LIVE, SHELVED, CACHED } = STATE;

/** Findings in a debug heap; none in another one. The caller holds all locks. */
export function auditDebug(on: Attachment): Finding[] {
  return on.debug === null ? [] : new DebugAudit(on, on.debug).findings();
}

class DebugAudit {
  private readonly on: Attachment;
  private readonly debug: DebugHeap;
  private readonly lengths: Boundary;

  constructor(on: Attachment, debug: DebugHeap) {
    this.on = on;
    this.debug = debug;
    this.lengths = new Boundary(on.states);
  }

  findings(): Finding[] {
    const { firstGranule, endGranule } = this.on.layout;
    const found: Finding[] = [];
    let granule = firstGranule;
    while (granule < endGranule) {
      const length = Math.min(this.lengthAt(granule), endGranule - granule);
      const finding = this.twice(granule, granule + length);
      if (finding !== null) found.push(finding);
      granule += length;
    }
    return found;
  }

  /** Granules that are looked at as one: a block, or a stretch in which none starts. */
  private lengthAt(granule: number): number {
    const { states, map, geometry } = this.on;
    const state = states.get(granule);
    const id = classOfState(state) || (this.isCached(state) ? this.classAt(granule) : 0);
    if (id !== 0) return geometry.classes[id - 1]?.granules ?? 1;
    if (state === LARGE) return Math.max(this.on.large.pagesOf(granule) << map.granuleShift, 1);
    if (state === SIMPLE_LIVE) return this.lengths.length(granule);
    let end = granule + 1;
    while (end < this.on.layout.endGranule && this.isNobodys(end)) end++;
    return end - granule;
  }

  private isCached(state: number): boolean {
    return state === SHELVED || state >= CACHED;
  }

  private isNobodys(granule: number): boolean {
    const state = this.on.states.get(granule);
    return !isLive(state) && !this.isCached(state);
  }

  private classAt(granule: number): number {
    return this.on.map.get(granule >>> this.on.map.granuleShift, PAGE.OWNER);
  }

  private twice(from: number, end: number): Finding | null {
    return this.look(from, end) === null ? null : this.look(from, end);
  }

  private look(from: number, end: number): Finding | null {
    const { debug } = this;
    const { states } = this.on;
    const generation = states.generations.current(from);
    const state = states.get(from);
    const live = isLive(state);
    if (live && (generation & 1) === 0) return null; // being freed
    const found = live
      ? debug.fenceDamage(from, (end - from) * BYTES)
      : debug.poisonDamage(from, end);
    const same = states.generations.current(from) === generation && states.get(from) === state;
    return same ? found : null;
  }
}
