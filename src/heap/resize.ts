// realloc and usableSize: what a live block holds, and how it changes its size where it stands.
//
// A block stays when it still serves the size without wasting half of itself, when it is a large
// run that can be cut or has free pages behind it, and in the simple heap when the block behind it
// is free. Otherwise the caller takes a new block first, copies, then frees the old one: a failure
// leaves the old block as it was. While faults are injected (injector.ts) that is how every block
// grows: then it is a request like any other, which counts and can be refused.

import { DETOUR, GRANULE, STATE } from '../word/layout.ts';
import { classOfState } from '../block/statemap.ts';
import { EVENT } from '../slot/tape.ts';
import type { Attachment } from './attachment.ts';
import { blockBytes } from './blockbytes.ts';
import { isTaken } from './detour.ts';

const { LARGE, SIMPLE_LIVE } = STATE;
const { BYTES } = GRANULE;

export class Resize {
  private readonly on: Attachment;

  constructor(on: Attachment) {
    this.on = on;
  }

  /**
   * Bytes that the live block at `granule` holds, of a debug heap as many as were asked for; 0 if
   * none starts there.
   */
  bytesOf(granule: number): number {
    const { debug } = this.on;
    return debug === null ? blockBytes(this.on, granule) : debug.requestedOf(granule);
  }

  /** True when the live block at `granule` now serves `size` where it stands. */
  inPlace(granule: number, size: number): boolean {
    const { on } = this;
    if (on.debug !== null) return false; // what still points to the old block is to be found out
    if (!Number.isInteger(size) || size <= 0 || size > on.states.granules * BYTES) return false;
    const granules = Math.ceil(size / BYTES);
    const done = on.budgets.resized(granule, granules, () => this.change(granule, size));
    if (done) on.tape.note(EVENT.REALLOC, granule, size);
    return done;
  }

  private change(granule: number, size: number): boolean {
    const { on } = this;
    const state = on.states.get(granule);
    const id = classOfState(state);
    const granules = Math.ceil(size / BYTES);
    if (isTaken(on.memory, DETOUR.FAULTS) && size > this.bytesOf(granule)) return false;
    if (state === SIMPLE_LIVE) return on.simple.resize(granule, granules);
    if (id !== 0 && this.stillServes(id, granules)) return true;
    return state === LARGE && this.resizeLarge(granule, Math.ceil(size / on.map.pageBytes));
  }

  private granulesOfClass(id: number): number {
    return this.on.geometry.classes[id - 1]?.granules ?? 0;
  }

  private stillServes(id: number, granules: number): boolean {
    const has = this.granulesOfClass(id);
    return granules <= has && granules * 2 > has;
  }

  /** Whole pages more or less, but not down to half of them: then a new block serves better. */
  private resizeLarge(granule: number, pages: number): boolean {
    const from = this.on.large.pagesOf(granule);
    if (pages === from) return true;
    const done = pages * 2 > from && this.on.large.resize(granule, pages);
    if (done && pages < from && this.on.waits.isLong()) this.on.waits.rouse();
    return done;
  }
}
