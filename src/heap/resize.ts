// realloc and usableSize: what a live block holds, and how it changes its size where it stands.
//
// A block stays when it still serves the size without wasting half of itself, when the run it has
// can be cut or the pages behind it are free, and in the simple heap when the block behind it is
// free. Otherwise the caller takes a new block first, copies, then frees the old one: a failure
// leaves the old block as it was.

import { GRANULE, STATE } from '../word/layout.ts';
import { classOfState } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';

const { LARGE, SIMPLE_LIVE, LIVE } = STATE;
const { BYTES } = GRANULE;

export class Resize {
  private readonly on: Attachment;

  constructor(on: Attachment) {
    this.on = on;
  }

  /** Bytes that the live block at `granule` holds; 0 if none starts there. */
  bytesOf(granule: number): number {
    const state = this.on.states.get(granule);
    const id = classOfState(state);
    if (id !== 0) return this.granulesOfClass(id) * BYTES;
    if (state === LARGE) return this.on.large.pagesOf(granule) * this.on.map.pageBytes;
    return state === SIMPLE_LIVE ? this.on.simple.lengthOf(granule) * BYTES : 0;
  }

  /** True when the live block at `granule` now serves `size` where it stands. */
  inPlace(granule: number, size: number): boolean {
    const { on } = this;
    if (!Number.isInteger(size) || size <= 0 || size > on.states.granules * BYTES) return false;
    const state = on.states.get(granule);
    const id = classOfState(state);
    const granules = Math.ceil(size / BYTES);
    if (state === SIMPLE_LIVE) return on.simple.resize(granule, granules);
    if (id !== 0 && this.stillServes(id, granules)) return true;
    const pages = Math.ceil(size / on.map.pageBytes);
    if (state === LARGE) return this.resizeLarge(granule, pages);
    return on.geometry.classes[id - 1]?.kind === 'run' && this.resizeRun(granule, id, pages);
  }

  private granulesOfClass(id: number): number {
    return this.on.geometry.classes[id - 1]?.granules ?? 0;
  }

  private stillServes(id: number, granules: number): boolean {
    const has = this.granulesOfClass(id);
    return granules <= has && granules * 2 > has;
  }

  private resizeLarge(granule: number, pages: number): boolean {
    const from = this.on.large.pagesOf(granule);
    if (pages === from) return true;
    return pages * 2 > from && this.on.large.resize(granule, from, pages, LARGE);
  }

  /** A run of one class becomes one of another, or a large one; only its holder does this. */
  private resizeRun(granule: number, id: number, pages: number): boolean {
    const { depots, geometry, large, map, sizes } = this.on;
    const from = geometry.classes[id - 1]?.pages ?? 0;
    const target = sizes.of(pages << map.granuleShift);
    const shape = geometry.classes[target - 1];
    if (shape?.kind === 'slab') return false;
    const both = [depots[Math.min(id, target)], depots[Math.max(id, target)]];
    for (const depot of both) depot?.lock.lock();
    const state = shape === undefined ? LARGE : LIVE + target;
    const done = large.resize(granule, from, shape?.pages ?? pages, state);
    if (done) depots[id]?.disownLocked(granule);
    if (done) depots[target]?.adoptLocked();
    for (const depot of both) depot?.lock.unlock();
    return done;
  }
}
