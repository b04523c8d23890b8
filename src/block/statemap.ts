// The state map: one byte for each granule of the pages, and the truth about every pointer. A
// pointer is valid if and only if the byte of its granule says LIVE (or LARGE, or SIMPLE_LIVE), so
// null, foreign, interior, misaligned and freed pointers are all told apart by one read, and no
// overrun of a block can change the answer: nothing of it lies in or beside users' blocks.
//
// Who may change a byte follows from its value (layout.ts). The bytes are read without a lock.
// RACE: two threads that free one block in the same instant may both see LIVE. Both then write
// CACHED with their own number, one of them last, and only that one can take the block out of its
// magazine again: the other's entry is a stray, dropped when it is popped (magazine.ts), when its
// magazine is laid on the shelf (shelf.ts), and before the block's pages serve another class
// (strays.ts). A checked heap decides with a compare-and-swap instead.

import type { Layout } from '../word/geometry.ts';
import { CLASS, GRANULE, STATE, TABLE } from '../word/layout.ts';
import { ENTRY } from '../word/records.ts';
import type { Memory } from '../word/memory.ts';
import { DebugMap } from './debugmap.ts';
import { Generations } from './generations.ts';

const { LARGE, SIMPLE_LIVE } = STATE;
const { MAX: CLASSES } = CLASS;
const { BYTES } = GRANULE;
const { KIND, BLOCK } = ENTRY;

/** A journal's entry for the block that is being taken or freed (tx/journal.ts). */
export interface Entry {
  /** Word index of the entry. */
  readonly at: number;
  /** What its KIND says while it counts. */
  readonly kind: number;
}

/** In whose name blocks become live; 0 in a heap that does not track owners. */
const NOBODY = 0;

export class StateMap {
  readonly memory: Memory;
  readonly firstGranule: number;
  readonly granules: number;
  /** The granule behind the last: never a block's, and its state is always FREE. */
  readonly nothing: number;
  /** Byte index of a granule's state = its number + this. */
  readonly origin: number;
  /** Of a checked heap; else nothing is there. */
  readonly generations: Generations;
  readonly checked: boolean;
  /** Of a debug heap; else null. */
  readonly debug: DebugMap | null;
  /** The seat in whose name blocks become live. */
  readonly slot: number;
  /** Whether this heap tracks owners. */
  readonly tracked: boolean;
  private readonly owners: number;
  private readonly owner: number;
  private readonly granuleShift: number;

  constructor(memory: Memory, layout: Layout, slot: number) {
    this.generations = new Generations(memory, layout, slot);
    this.checked = layout.checked;
    this.debug = layout.debug > 0 ? new DebugMap(memory, layout) : null;
    this.tracked = layout.owners > 0;
    this.slot = slot;
    this.owner = slot + 1;
    this.owners = (layout.owners - layout.firstGranule) | 0;
    this.granuleShift = layout.granuleShift | 0;
    this.memory = memory;
    this.firstGranule = layout.firstGranule;
    this.granules = layout.endGranule - layout.firstGranule;
    this.nothing = layout.endGranule;
    this.origin = TABLE.BYTES - layout.firstGranule;
  }

  get(granule: number): number {
    return this.memory.getByte(this.origin + granule);
  }

  /** Whether threads have references to the live block: only the last of these frees it. */
  isRetained(granule: number): boolean {
    return this.checked && this.generations.holders(granule) > 0;
  }

  /** Writes a state that may be a live block's. */
  mark(granule: number, state: number): void {
    if (this.checked && isLive(state)) this.register(granule);
    this.memory.setByte(this.origin + granule, state);
  }

  /** Writes a state that is no live block's. */
  put(granule: number, state: number): void {
    this.memory.setByte(this.origin + granule, state);
  }

  /** Heaps that track owners: whose the live block is, as slot + 1; 0 is nobody's. */
  setOwner(granule: number, owner: number): void {
    // RACE: another `give` may be writing it; either value is one that somebody meant.
    if (this.tracked) this.memory.setByte(this.owners + granule, owner);
  }

  /** Heaps that track owners: as `setOwner` was told last. */
  ownerOf(granule: number): number {
    // RACE: as in `setOwner`.
    return this.tracked ? this.memory.getByte(this.owners + granule) : NOBODY;
  }

  /** In a checked heap, before a block becomes live: its generation, and whose it is. */
  register(granule: number): void {
    this.debug?.begin(granule); // before it is live, see debugmap.ts
    this.generations.begin(granule);
    this.setOwner(granule, this.owner);
  }

  /** Blocks in the name of a slot are nobody's in particular from now on. */
  disown(slot: number): void {
    if (!this.tracked) return;
    let granule = this.nextOf(slot + 1, this.firstGranule);
    for (; granule >= 0; granule = this.nextOf(slot + 1, granule + 1))
      this.setOwner(granule, NOBODY);
  }

  /** The first granule from `from` on that is in an owner's name, live or not; -1 for none. */
  nextOf(owner: number, from: number): number {
    const end = this.firstGranule + this.granules;
    const at = this.memory.findByte(owner, this.owners + from, this.owners + end);
    return at < 0 ? -1 : at - this.owners;
  }

  /** Whether a live large run starts at a page. */
  isLargeAt(page: number): boolean {
    return this.get(page << this.granuleShift) === LARGE;
  }

  /** A block that is not live yet is about to be: the entry first, and the word `at` names it. */
  beginEntry(at: number, entry: Entry | undefined, granule: number): void {
    if (entry === undefined) return;
    this.memory.set(at, entry.at);
    this.memory.set(entry.at + BLOCK, granule);
    this.memory.store(entry.at + KIND, entry.kind);
  }

  /** The block is live: the entry stands. */
  entryDone(at: number, entry: Entry | undefined): void {
    if (entry !== undefined) this.memory.set(at, 0);
  }

  /** A live block is about to be free: the word `at` names the entry that asks for it. */
  beginEnd(at: number, entry: Entry | undefined): void {
    if (entry !== undefined) this.memory.set(at, entry.at);
  }

  /** The block is free: its entry is void. */
  endEntry(at: number, entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.memory.store(entry.at + KIND, 0);
    this.memory.set(at, 0);
  }

  /**
   * Under a lock taken over from the dead: the entry that the word `at` names was being written for
   * a block that is being taken, or carried out for one that is being freed. If the block is not
   * live, the entry is void: nobody can have got the block since.
   */
  settleEntry(at: number): void {
    const entry = this.memory.get(at);
    if (entry === 0) return;
    if (!isLive(this.get(this.memory.get(entry + BLOCK)))) this.memory.store(entry + KIND, 0);
    this.memory.set(at, 0);
  }

  /** Makes every state of [from, end) FREE. */
  clear(from: number, end: number): void {
    this.memory.clearBytes(this.origin + from, this.origin + end);
  }

  /** Whether users' pages have a granule of that number. */
  has(granule: number): boolean {
    return granule >= this.firstGranule && granule < this.firstGranule + this.granules;
  }

  /** The granule that `ptr` names exactly, or -1: no number, misaligned, outside the pages. */
  granuleOf(ptr: number): number {
    if (typeof ptr !== 'number') return -1; // text would be divided like a number
    const granule = ptr / BYTES;
    return this.has(granule) && Math.floor(granule) === granule ? granule : -1;
  }
}

/** Whether a state says that its block is handed out. */
export function isLive(state: number): boolean {
  return state === LARGE || state === SIMPLE_LIVE || classOfState(state) > 0;
}

/** The class in a LIVE state, or 0 for any other state. */
export function classOfState(state: number): number {
  return state <= CLASSES ? state : 0;
}
