// Shrinkers: what an application can do without when memory is short, or when a budget is. They run
// on the thread that has registered them, outside all locks: in its own allocations, and for others
// that wait (patient.ts).

import { GRANULE } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import { throwLater } from './attached.ts';
import { Pleading } from './pleading.ts';
import type { Asked } from './session.ts';

/** What an application can do without when memory is short: caches, mostly. */
export interface Shrinker {
  /** Bytes that `scan` could free now, roughly. */
  count(): number;
  /** Frees some: about so many bytes, at most what `count` said; returns how many it freed. */
  scan(bytes: number): number;
}

export abstract class Thrifty extends Pleading {
  private readonly shrinkers = new Set<Shrinker>();
  private shrinking = false;

  /**
   * Calls `scan` when memory is short, on this thread: in its own allocations that would fail and
   * may wait, and for others that wait, at its next slow path or within half a second. Returns what
   * ends that.
   */
  onPressure(shrinker: Shrinker): () => void {
    this.shrinkers.add(shrinker);
    return () => void this.shrinkers.delete(shrinker);
  }

  protected get hasShrinkers(): boolean {
    return this.shrinkers.size > 0;
  }

  /** As `allocOnce`; this thread's shrinkers make room in a budget that is near its end. */
  protected allocThrifty(asked: Asked): number {
    const { attachment: on } = this;
    const id = on.budgets.exist && this.hasShrinkers ? (asked.budget ?? on.budgets.usual()) : 0;
    if (!on.budgets.hasRoom(id, Math.ceil(asked.size / GRANULE.BYTES))) this.shrink(asked.size);
    const ptr = this.allocOnce(asked);
    const excess = ptr > 0 ? on.budgets.excess(id) : 0;
    if (excess > 0) this.shrink(excess * GRANULE.BYTES);
    return ptr;
  }

  /** Each shrinker in turn, until they have freed so much. */
  protected shrink(bytes: number): void {
    if (this.shrinking || !this.isSeated) return; // one of them allocates, or nobody is here
    this.shrinking = true;
    let freed = 0;
    for (const shrinker of this.shrinkers) {
      if (freed < bytes) freed += scanSafely(shrinker, bytes - freed);
    }
    this.shrinking = false;
    if (freed > 0 && this.isSeated) this.attachment.counters.add(COUNTER.SHRUNK_BYTES, freed);
  }
}

/** What a shrinker throws is its program's affair, and does not make the allocation fail. */
function scanSafely(shrinker: Shrinker, bytes: number): number {
  try {
    const most = shrinker.count();
    const freed = most > 0 ? shrinker.scan(Math.min(bytes, most)) : 0;
    return freed > 0 ? freed : 0;
  } catch (error) {
    throwLater(error);
    return 0;
  }
}
