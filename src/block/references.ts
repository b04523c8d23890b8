// References, in checked heaps: a live block may be held by any number of slots, and is freed when
// the last of them lets go of it or dies. Each slot has a table of what it holds, and how often
// (reftable.ts); the word of the block's generation says how many slots hold it. A block that none
// holds is an ordinary one.
//
// What a slot has beyond one reference is a count in its own entry, which nobody else reads for a
// decision. The first one and the last go through one lock, and there REFERENCE names the entry:
//
//   KIND      means                    the block's holders       whoever takes the lock over
//   HELD      the slot has BYTES > 0   the slot is one of them   leaves it
//   COMING    its first reference      AT, or one more           HELD if one more, else vacant
//   GOING     its last one             AT, or the slot is none   HELD if AT, else vacant
//   COPY      a new block, to be held  AT, or one more           HELD if one more
//
// The word of the generation is changed by one compare-and-swap, AT is what it was before. Nobody
// joins or parts without the lock, and nobody frees a block that has a holder: so while the lock is
// the dead's, the word says whether the swap was made. Then both have happened, the entry and the
// word, or neither: no death loses a reference, or has one count twice.
//
// The last one to part ends the block's generation by that swap, and has its own name in it: of
// several exactly one frees the block, and recovery knows which (heap/release.ts).
//
//   word         writers             readers         access  if its writer dies midway
//   REFERENCE    references lock     same            plain   names the entry
//   KIND         see above; for a    the slot; lock  atomic  see above
//                COPY, its class's
//   BLOCK, AT    the slot, under     same            plain   written before KIND
//                the lock
//   BYTES        the slot            validate,       plain   valid: one reference more or less of
//                                    stats                   one who has none any more
//
//   holders of a block == entries HELD that name it, in all tables

import type { Layout } from '../word/geometry.ts';
import { HEADER, LOCK } from '../word/layout.ts';
import type { Guarded, Lock, Locks } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import { ENTRY } from '../word/records.ts';
import { holdersIn, generationIn } from './generations.ts';
import type { ArrayPool } from './pool.ts';
import { HELD, ReferenceTable } from './reftable.ts';
import { isLive, type Entry, type StateMap } from './statemap.ts';

const { REFERENCES_LOCK, REFERENCE } = HEADER;
const { KIND, BLOCK, AT, BYTES } = ENTRY;

const VOID = 0;
const COMING = 2;
const GOING = 3;
const COPY = 4;

/** Who sends a block home whose last reference is gone (heap/release.ts). */
export interface Ends {
  /** Ends the generation of a block with one holder, and has it in its own journal. */
  endLast(granule: number, seen: number): boolean;
}

/** What a first reference came to. */
export type Came = 'held' | 'no array' | 'no block';

export class References implements Guarded {
  readonly lock: Lock;
  private readonly memory: Memory;
  private readonly pool: ArrayPool;
  private readonly states: StateMap;
  private readonly layout: Layout;
  private readonly own: ReferenceTable;

  /** `slot` is the seat that takes and drops references here. */
  constructor(locks: Locks, pool: ArrayPool, states: StateMap, layout: Layout, slot: number) {
    this.memory = locks.memory;
    this.lock = locks.at(REFERENCES_LOCK + LOCK.WORD, this);
    this.pool = pool;
    this.states = states;
    this.layout = layout;
    this.own = this.tableOf(slot);
  }

  tableOf(slot: number): ReferenceTable {
    return new ReferenceTable(this.memory, this.pool, this.layout, slot);
  }

  /** Word index of this slot's entry for a block, or 0. */
  entryOf(granule: number): number {
    return this.own.entryOf(granule);
  }

  /** This slot's references to the block of an entry. */
  countOf(entry: number): number {
    return this.memory.get(entry + BYTES); // RACE: stats reads others'; a past value was true
  }

  /** So many references more, or fewer, of those that stay at least one. */
  addTo(entry: number, count: number): void {
    this.memory.set(entry + BYTES, this.countOf(entry) + count); // RACE: see `countOf`
  }

  /** The slot's first reference to a block; of that generation, unless `wanted` is 0. */
  first(granule: number, wanted: number): Came {
    this.lock.lock();
    const entry = this.own.vacantLocked();
    const came = entry !== 0 && this.comeLocked(entry, granule, wanted);
    if (entry !== 0 && !came) this.own.trimLocked(entry);
    this.lock.unlock();
    if (entry === 0) return 'no array';
    return came ? 'held' : 'no block';
  }

  /**
   * The slot's last reference to a block, or whatever a dead slot has of it, is gone. True if the
   * block's generation is ended and it has to be sent home; `ends` null lets it live on.
   */
  last(table: ReferenceTable, entry: number, ends: Ends | null): boolean {
    this.lock.lock();
    const ended = this.goLocked(entry, ends);
    table.trimLocked(entry);
    this.lock.unlock();
    return ended;
  }

  /** As `last`, for this slot itself. */
  lastOwn(entry: number, ends: Ends): boolean {
    return this.last(this.own, entry, ends);
  }

  /**
   * Whether no other slot has a reference to a block; then handles to it are stale from here on:
   * its bytes are about to be others.
   */
  ownAlone(granule: number): boolean {
    const { generations } = this.states;
    this.lock.lock();
    const alone = generations.renew(granule, generations.current(granule));
    this.lock.unlock();
    return alone;
  }

  /** Where a new block is to be named that only this slot shall hold; `at` is 0 for no array. */
  beginCopy(): Entry {
    this.lock.lock();
    const at = this.own.vacantLocked();
    if (at !== 0) this.memory.set(at + BYTES, 0); // nobody has ended its generation
    this.lock.unlock();
    return { at, kind: COPY };
  }

  /** The copy is made: its entry is a reference. False if somebody's stale pointer has freed it. */
  keepCopy({ at }: Entry): boolean {
    const { memory } = this;
    const granule = memory.get(at + BLOCK);
    this.lock.lock();
    const kept = this.joinLocked(at, granule, this.states.generations.current(granule), COPY);
    this.lock.unlock();
    return kept;
  }

  /** There was no memory for it. */
  dropCopy({ at }: Entry): void {
    this.lock.lock();
    this.own.trimLocked(at);
    this.lock.unlock();
  }

  /** Recovery: whether the entry of a dead slot names a block that was to be held. */
  isCopy(entry: number): boolean {
    return this.memory.load(entry + KIND) === COPY;
  }

  /** Recovery: the entry as that of a block to be freed, whatever its generation is. */
  copyToFree(at: number): Entry {
    const { generations } = this.states;
    this.memory.set(at + AT, generations.current(this.memory.get(at + BLOCK)));
    return { at, kind: COPY };
  }

  /** Recovery: before a dead slot's table is read. */
  settle(table: ReferenceTable): void {
    this.lock.lock();
    table.settleLocked();
    this.lock.unlock();
  }

  /** All of a table's references are gone. */
  clear(table: ReferenceTable): void {
    this.lock.lock();
    table.clearLocked();
    this.lock.unlock();
  }

  repairLocked(): void {
    const { memory, states } = this;
    const entry = memory.get(REFERENCE);
    if (entry === 0) return;
    const kind = memory.load(entry + KIND);
    const granule = memory.get(entry + BLOCK);
    const seen = memory.get(entry + AT);
    if (kind === GOING) {
      const stays = states.generations.current(granule) === seen;
      memory.store(entry + KIND, stays ? HELD : VOID);
    } else if (kind === COMING || kind === COPY) {
      if (states.generations.hasJoined(granule, seen)) this.holdLocked(entry);
      else if (kind === COMING) memory.store(entry + KIND, VOID);
    }
    memory.set(REFERENCE, 0);
  }

  private comeLocked(entry: number, granule: number, wanted: number): boolean {
    const { generations } = this.states;
    const seen = generations.current(granule);
    if (wanted !== 0 && generationIn(seen) !== wanted) return false;
    // RACE: the byte is read after the generation, which was odd: if it is live, it is so in this
    // generation, or in a later one, and then the swap fails.
    if (!isLive(this.states.get(granule))) return false;
    return this.joinLocked(entry, granule, seen, COMING);
  }

  private joinLocked(entry: number, granule: number, seen: number, kind: number): boolean {
    const { memory, states } = this;
    memory.set(entry + BLOCK, granule);
    memory.set(entry + AT, seen);
    memory.set(REFERENCE, entry); // before the swap: then whoever takes the lock over knows of it
    memory.store(entry + KIND, kind);
    const joined = states.generations.join(granule, seen);
    if (joined) this.holdLocked(entry);
    else memory.store(entry + KIND, VOID);
    memory.set(REFERENCE, 0);
    return joined;
  }

  /** The block has one holder more: the slot has one reference. */
  private holdLocked(entry: number): void {
    this.memory.set(entry + BYTES, 1);
    this.memory.store(entry + KIND, HELD);
  }

  private goLocked(entry: number, ends: Ends | null): boolean {
    const { memory, states } = this;
    const granule = memory.get(entry + BLOCK);
    const seen = states.generations.current(granule);
    memory.set(entry + AT, seen);
    memory.set(REFERENCE, entry);
    memory.store(entry + KIND, GOING);
    const ended = ends !== null && holdersIn(seen) === 1 && ends.endLast(granule, seen);
    if (!ended) states.generations.part(granule, seen);
    memory.store(entry + KIND, VOID);
    memory.set(REFERENCE, 0);
    return ended;
  }
}
