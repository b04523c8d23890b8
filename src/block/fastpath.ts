// The fast path: what an ordinary alloc and an ordinary free do with a magazine. They write TOP,
// entries, states, ALLOCS and FREES, and an alloc in a transaction its journal's entry; magazine.ts
// tells in which order, and what a death leaves.
//
// It reaches everything through one object, because each further one costs V8 a map check and its
// loads. That, small integers in the fields and no declared fields (tsconfig.json) took a pair of
// 64 B from 22 to 8 ns on Node 20. V8 inlines 920 bytes of bytecode into a function and no more,
// and counts with a function what was inlined into it where it stands alone. So the fast path is
// written out, where `count` would do, and reads and writes the arrays themselves, where Memory's
// methods would: with these, a loop around an alloc and a free (mixed, 10,000 live) called in one
// process of four what there was no room for, and took 21 ns instead of 15.
//
// Of what a call that is not inlined gives, V8 knows nothing, and where it meets what the fast path
// gives, that becomes an object as well. So what the slow path gives is calculated with, or
// compared, before they meet, and a yes is returned where it is known, not after an `or` (heap.ts):
// together a twelfth of a batch and of mixed sizes.
//
// A pair waits for itself: TOP names an entry and that a state, which alloc writes and free reads,
// because it names the class and with it the TOP that the next alloc reads. Each of them is a load
// of what was stored just before. On a recent Intel they make 9 ns, whatever else there is to do.
// So a free of the block that was given last guesses where TOP is, and asks whether it was right:
// what a processor expects of a comparison it does not wait for. That takes 3.7 ns. It costs a
// batch of a thousand 8 %, mixed sizes 3, and a pair on an EPYC half a nanosecond.

import type { Layout } from '../word/geometry.ts';
import { GRANULE, MAGAZINE, SLOT, STATE, TABLE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { CACHE, COUNTER, ENTRY } from '../word/records.ts';
import type { StateMap } from './statemap.ts';

const { LIMIT } = CACHE;
const { MASK } = MAGAZINE;
const { CACHED } = STATE;
const { CACHES, ALLOCS, FREES } = SLOT;
const { SMALL_MAX, RUNS, RUN_PAGES_MAX } = TABLE;
const { SHIFT: GRANULE_SHIFT, BYTES } = GRANULE;
const GRANULES_MAX = SMALL_MAX >> GRANULE_SHIFT;
const { KIND, BLOCK } = ENTRY;

export class FastPath {
  readonly memory: Memory;
  readonly slot: number;
  /** The state of every block in this slot's magazines. */
  readonly tag: number;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly firstGranule: number;
  private readonly granules: number;
  private readonly pageShift: number;
  /** Byte index of a granule's state = its number + this. */
  protected readonly origin: number;
  /** Word index of the slot's TOP of class 0. */
  protected readonly caches: number;
  /** Word indexes of ALLOCS and FREES. */
  readonly allocs: number;
  readonly frees: number;
  /** The granule that `pop` gave last. */
  private given: number;
  /** Word index of the TOP that a free of such a block used last. */
  private guess: number;

  constructor(states: StateMap, layout: Layout, pageShift: number, slot: number) {
    this.memory = states.memory;
    this.slot = slot;
    this.tag = CACHED + slot;
    const { words, bytes } = this.memory.rawArrays();
    this.words = words;
    this.bytes = bytes;
    // `| 0` makes small integers of them: V8 would keep what a division gave as boxed doubles.
    this.firstGranule = layout.firstGranule | 0;
    this.granules = (layout.endGranule - layout.firstGranule) | 0;
    this.pageShift = pageShift | 0;
    this.origin = states.origin | 0;
    const record = layout.slots + slot * SLOT.WORDS;
    this.caches = (record + CACHES) | 0;
    this.allocs = (record + ALLOCS) | 0;
    this.frees = (record + FREES) | 0;
    this.given = 0;
    this.guess = 0;
  }

  /** The fast path of alloc: a pointer, or 0 for whatever is unusual. */
  alloc(size: number): number {
    return this.pop(this.classOf(size)) * BYTES;
  }

  /** The fast path of free: true, or false for whatever is unusual, and then nothing is changed. */
  free(ptr: number): boolean {
    const granule = ptr >>> GRANULE_SHIFT;
    if (granule * BYTES !== ptr || (granule - this.firstGranule) >>> 0 >= this.granules)
      return false;
    const { words, bytes, frees } = this;
    const state = (this.origin + granule) | 0;
    // RACE: another thread may be freeing the block too; either value is safe (statemap.ts).
    const id = bytes[state] as number;
    let at = (this.caches + id) | 0;
    if (granule === this.given) {
      if (at === this.guess) at = this.guess; // the same, and known sooner (see above)
      else this.guess = at;
    }
    const top = words[at] as number;
    // RACE: who begins to wait may be setting LIMIT to 0 (limits.ts): one free that is too early.
    if ((top & MASK) >= (words[at + LIMIT] as number)) return false;
    const count = ((words[frees] as number) + 1) | 0;
    words[frees] = count; // first: who has not counted has freed nothing (validate.ts)
    if (count === 0) this.carry(frees);
    const next = (top + 1) | 0;
    words[next] = granule; // entry, top, then CACHED: never in no place
    words[at] = next;
    // RACE: as above; of two writers the last one has the block.
    bytes[state] = this.tag;
    return true;
  }

  /** Takes a block of the class; 0 if the magazine is empty, or its top entry not ours to give. */
  pop(id: number): number {
    const { words, bytes, allocs } = this;
    const at = (this.caches + id) | 0;
    const top = words[at] as number;
    const granule = words[top] as number;
    const state = (this.origin + granule) | 0;
    // RACE: as in `free`; only the slot that the byte names goes on.
    if (bytes[state] !== this.tag) return 0;
    bytes[state] = id; // LIVE, then the top: never in no place
    words[at] = top - 1;
    this.given = granule;
    const count = ((words[allocs] as number) + 1) | 0;
    words[allocs] = count;
    if (count === 0) this.carry(allocs);
    return granule;
  }

  /** As `pop`, for a journal's entry, which names the block before that is live. */
  popFor(id: number, entry: number, kind: number): number {
    const { words, bytes } = this;
    const at = (this.caches + id) | 0;
    const top = words[at] as number;
    const granule = words[top] as number;
    const state = (this.origin + granule) | 0;
    // RACE: as in `pop`.
    if (bytes[state] !== this.tag) return 0;
    words[entry + BLOCK] = granule;
    words[entry + KIND] = kind;
    bytes[state] = id; // LIVE, then the top, as in `pop`
    words[at] = top - 1;
    this.count(this.allocs);
    return granule;
  }

  /** The class that serves `size` from magazines; 0, which has none, for all that is unusual. */
  classOf(size: number): number {
    if ((size | 0) !== size) return 0;
    const last = (size - 1) | 0;
    let at = last >>> GRANULE_SHIFT;
    if (at >= GRANULES_MAX) {
      at = last >>> this.pageShift;
      if (at >= RUN_PAGES_MAX) return 0;
      at += RUNS;
    }
    // RACE: setMode may be writing the table; any past entry names a class that serves the size.
    return this.bytes[at + 1] as number;
  }

  /** Counts an operation in the word `at`; each 2^32 of them are carried to a double. */
  count(at: number): void {
    const count = (this.memory.get(at) + 1) | 0;
    this.memory.set(at, count);
    if (count === 0) this.carry(at);
  }

  private carry(word: number): void {
    const counter = word === this.allocs ? COUNTER.ALLOCS : COUNTER.FREES;
    const at = this.slot * COUNTER.WORDS + counter;
    this.memory.setCount(at, this.memory.getCount(at) + 2 ** 32);
  }
}
