// Freeing off the fast path: full magazines, large runs, the simple heap's blocks, checked heaps,
// and telling bad pointers apart. Whatever tier is on, a block goes home to the one it came from:
// its state byte says which.
//
// A pointer that is no live block changes nothing. A block's start that is free or cached was freed
// twice; everything else is no pointer of ours.

import { COUNTER, PAGE, SLOT, STATE } from '../word/layout.ts';
import { allocError, type AllocError } from '../word/errors.ts';
import { classOfState } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';
import { Generations } from './generations.ts';

const { DOUBLE_FREES, INVALID_FREES } = COUNTER;
const { LARGE, SIMPLE_LIVE, SIMPLE_FREE, CACHED, SHELVED, FREE } = STATE;
const { HEAD, OWNER } = PAGE;

export class Release {
  private readonly on: Attachment;
  private readonly generations: Generations;

  constructor(on: Attachment) {
    this.on = on;
    this.generations = new Generations(on.states, on.layout);
  }

  /** Frees the block at `ptr`; null, or why not. `generation` is the one that a Ref matched. */
  free(ptr: number, generation?: number): AllocError | null {
    const granule = this.on.states.granuleOf(ptr);
    if (granule < 0) return this.refused(ptr, false);
    const freed = this.on.geometry.checked
      ? this.freeChecked(granule, generation ?? this.generations.current(granule))
      : this.freeBlock(granule);
    if (!freed) return this.refused(ptr, this.isBlockStart(granule));
    return null;
  }

  private freeBlock(granule: number): boolean {
    const state = this.on.states.get(granule);
    const id = classOfState(state);
    if (id !== 0) return this.freeOfClass(granule, id);
    if (state === LARGE) return this.counted(this.on.large.free(granule));
    return state === SIMPLE_LIVE && this.counted(this.on.simple.free(granule));
  }

  /** Frees that went through a magazine have been counted there. */
  private counted(freed: boolean): boolean {
    if (freed) this.on.magazines.count(SLOT.FREES);
    return freed;
  }

  private freeOfClass(granule: number, id: number): boolean {
    const depot = this.on.depots[id];
    if (depot === undefined) return false;
    if (!depot.makeRoom()) return this.counted(depot.giveDirect(granule));
    this.on.magazines.put(granule, id);
    return true;
  }

  /** The generation decides who frees; only then is anything written. */
  private freeChecked(granule: number, seen: number): boolean {
    const live = this.isLive(this.on.states.get(granule));
    return live && this.generations.end(granule, seen) && this.freeBlock(granule);
  }

  private isLive(state: number): boolean {
    return state === LARGE || state === SIMPLE_LIVE || classOfState(state) !== 0;
  }

  private refused(ptr: number, twice: boolean): AllocError {
    this.on.counters.bump(twice ? DOUBLE_FREES : INVALID_FREES);
    return allocError(twice ? 'DOUBLE_FREE' : 'INVALID_POINTER', ptr);
  }

  /** Whether a block that is free now may start here: then it was freed before. */
  private isBlockStart(granule: number): boolean {
    const { states, map } = this.on;
    const state = states.get(granule);
    if (state >= CACHED || state === SHELVED || state === SIMPLE_FREE) return true;
    if (this.isLive(state)) return true; // it was live: another thread's free came first
    if (state !== FREE) return false;
    // RACE: the page may change hands meanwhile; then the answer was true a moment ago.
    const page = granule >>> map.granuleShift;
    if (page << map.granuleShift === granule && map.isFree(page)) return true;
    const slab = map.get(page, HEAD);
    if (slab === 0 || page >= slab + map.run(slab)) return false;
    const shape = this.on.geometry.classes[map.get(slab, OWNER) - 1];
    return shape !== undefined && (granule - (slab << map.granuleShift)) % shape.granules === 0;
  }
}
