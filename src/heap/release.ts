// Freeing off the fast path: full magazines, large runs, the simple heap's blocks, checked heaps,
// journals, and telling bad pointers apart. Whatever tier is on, a block goes home to the one it
// came from: its state byte says which.
//
// A pointer that is no live block changes nothing. A block's start that is free or cached was freed
// twice; everything else is no pointer of ours.
//
// In a checked heap the generation decides who frees, and then the block is still to be sent home.
// In between it stands in ENDING, which is the slot's own journal entry: void once it is home. One
// that threads have references to is freed by the last of these alone.

import { GRANULE, SLOT, STATE } from '../word/layout.ts';
import { COUNTER, ENTRY, PAGE } from '../word/records.ts';
import { allocError, type AllocError } from '../word/errors.ts';
import { classOfState, isLive, type Entry } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';

const { DOUBLE_FREES, INVALID_FREES } = COUNTER;
const { LARGE, SIMPLE_LIVE, SIMPLE_FREE, CACHED, SHELVED, FREE } = STATE;
const { HEAD, OWNER } = PAGE;
const { KIND, BLOCK, AT, BYTES } = ENTRY;
const { ENDING, WORDS } = SLOT;

/** What KIND says in ENDING. */
const ENDS = 1;

export class Release {
  private readonly on: Attachment;
  private readonly ending: Entry;

  constructor(on: Attachment) {
    this.on = on;
    this.ending = endingOf(on, on.seat.slot);
  }

  /** Frees the block at `ptr`; null, or why not. `generation` is the one that a Ref matched. */
  free(ptr: number, generation?: number): AllocError | null {
    const { states } = this.on;
    const granule = states.granuleOf(ptr);
    if (granule < 0) return this.refused(ptr, false);
    const { tape } = this.on;
    tape.open();
    const freed = states.checked
      ? this.finish(granule, generation ?? states.generations.current(granule)) &&
        this.freeBlock(granule, this.ending)
      : this.freeBlock(granule);
    tape.close(freed, granule);
    return freed ? null : this.refusedAt(granule);
  }

  /**
   * Frees the block that an entry names, and makes the entry void: both or neither, whoever dies.
   * In a checked heap AT has the generation that is to end, and BYTES says who has ended it. False
   * if it was freed already.
   */
  freeFor(entry: Entry): boolean {
    const { memory, states, seat, debug } = this.on;
    const granule = memory.get(entry.at + BLOCK);
    if (states.checked && isLive(states.get(granule))) {
      const before = memory.get(entry.at + BYTES);
      const ours = before > 0 && states.generations.wasFinishedBy(granule, before - 1);
      if (!ours) memory.set(entry.at + BYTES, seat.slot + 1); // who did stays named
      const won = ours || this.end(granule, memory.get(entry.at + AT));
      if (!won) return this.void(entry);
      if (ours) debug?.poison(granule);
    }
    return this.counted(this.sendHomeNoted(granule, entry)) || this.void(entry);
  }

  /** The last reference to a block is going: its generation ends; then it is to be sent home. */
  endLast(granule: number, seen: number): boolean {
    const { memory, states } = this.on;
    const { at } = this.ending;
    memory.set(at + BLOCK, granule);
    memory.store(at + KIND, ENDS); // first: who ends a generation has named the block
    return states.generations.finishLast(granule, seen) || this.void(this.ending);
  }

  /** Sends home what `endLast` has ended. */
  sendLast(): boolean {
    const granule = this.on.memory.get(this.ending.at + BLOCK);
    this.on.debug?.end(granule);
    return this.counted(this.sendHomeNoted(granule, this.ending));
  }

  /** Recovery: sends home the block whose generation the dead has ended. */
  finishFor(slot: number): void {
    const { memory, states } = this.on;
    const entry = endingOf(this.on, slot);
    if (memory.load(entry.at + KIND) === 0) return;
    const granule = memory.get(entry.at + BLOCK);
    const owed = states.generations.wasFinishedBy(granule, slot) && isLive(states.get(granule));
    if (owed) this.on.debug?.poison(granule);
    if (!owed || !this.sendHomeNoted(granule, entry)) this.void(entry);
  }

  /** Recovery: frees every block that is in the name of a slot alone; returns how many. */
  freeOwnedBy(slot: number): number {
    const { states } = this.on;
    let blocks = 0;
    if (!states.tracked) return 0;
    let granule = states.nextOf(slot + 1, states.firstGranule);
    for (; granule >= 0; granule = states.nextOf(slot + 1, granule + 1)) {
      if (!isLive(states.get(granule))) continue;
      const seen = states.generations.current(granule);
      if (!this.finish(granule, seen)) continue;
      if (this.counted(this.sendHomeNoted(granule, this.ending))) blocks++;
    }
    return blocks;
  }

  private freeBlock(granule: number, entry?: Entry): boolean {
    const { states, depots, magazines, budgets } = this.on;
    budgets.discharge(granule);
    const id = classOfState(states.get(granule));
    if (id === 0) return this.counted(this.sendHome(granule, entry));
    const depot = depots[id];
    if (depot === undefined) return false;
    if (!depot.makeRoom()) return this.counted(depot.giveDirect(granule, entry));
    magazines.put(granule, id); // counts itself
    if (entry !== undefined) this.void(entry);
    return true;
  }

  /** As `sendHome`, for a recording. */
  private sendHomeNoted(granule: number, entry: Entry): boolean {
    this.on.tape.open();
    const freed = this.sendHome(granule, entry);
    this.on.tape.close(freed, granule);
    return freed;
  }

  /** Past the magazines. */
  private sendHome(granule: number, entry?: Entry): boolean {
    const { states, depots, large, simple, budgets } = this.on;
    budgets.discharge(granule);
    const state = states.get(granule);
    const id = classOfState(state);
    if (id !== 0) return depots[id]?.giveDirect(granule, entry) ?? false;
    if (state === LARGE) return large.free(granule, entry);
    return state === SIMPLE_LIVE && simple.free(granule, entry);
  }

  private counted(freed: boolean): boolean {
    if (freed) this.on.magazines.count(this.on.magazines.frees);
    return freed;
  }

  /** The generation decides who frees; who does has the block in ENDING, to be sent home. */
  private finish(granule: number, seen: number): boolean {
    const { memory, states } = this.on;
    if (!isLive(states.get(granule))) return false;
    memory.set(this.ending.at + BLOCK, granule);
    memory.store(this.ending.at + KIND, ENDS);
    return this.end(granule, seen) || this.void(this.ending);
  }

  /** Whoever ends it has the block; in a debug heap it is looked at then, and poisoned. */
  private end(granule: number, seen: number): boolean {
    const { states, debug } = this.on;
    const won = states.generations.finish(granule, seen);
    if (won) debug?.end(granule);
    return won;
  }

  private void(entry: Entry): false {
    this.on.memory.store(entry.at + KIND, 0);
    return false;
  }

  private refusedAt(granule: number): AllocError {
    const ptr = granule * GRANULE.BYTES;
    if (!this.on.states.isRetained(granule)) return this.refused(ptr, this.isBlockStart(granule));
    this.on.counters.bump(INVALID_FREES);
    return allocError('RETAINED', ptr);
  }

  private refused(ptr: number, twice: boolean): AllocError {
    this.on.counters.bump(twice ? DOUBLE_FREES : INVALID_FREES);
    const error = allocError(twice ? 'DOUBLE_FREE' : 'INVALID_POINTER', ptr);
    const first = twice ? (this.on.debug?.tellOfFree(ptr / GRANULE.BYTES) ?? '') : '';
    return first === '' ? error : { ...error, message: `${error.message}; ${first}` };
  }

  /** Whether a block that is free now may start here: then it was freed before. */
  private isBlockStart(granule: number): boolean {
    const { states, map } = this.on;
    const state = states.get(granule);
    if (state >= CACHED || state === SHELVED || state === SIMPLE_FREE) return true;
    if (isLive(state)) return true; // it was live: another thread's free came first
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

function endingOf({ layout }: Attachment, slot: number): Entry {
  return { at: layout.slots + slot * WORDS + ENDING, kind: ENDS };
}
