// Checks of the equations of slabs, depots and magazines (slab.ts, depot.ts, magazine.ts), while
// the class's lock is held. Other threads' fast paths may go on meanwhile: they turn LIVE into
// CACHED and back, so those two are told apart only in the sums that the caller compares at rest.

import { CLASS, MAGAZINE, STATE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { Finding, UsedRun } from '../page/audit.ts';
import type { PageMap } from '../page/pagemap.ts';
import { pagesBetweenStarts } from './slabbits.ts';
import type { StateMap } from './statemap.ts';

const { SLABS, PAGES, CARVED, FREE, EMPTY, FULL, FULL_COUNT, DEPOT_BLOCKS, GRANULES } = CLASS;
const { PARTIAL } = CLASS;
const { NEXT, COUNT, ENTRIES, NONE, CAPACITY } = MAGAZINE;
const { CACHED, SHELVED, LARGE } = STATE;

/** Whether a state says that the block lies in some magazine. */
function isCached(state: number): boolean {
  return state >= CACHED || state === SHELVED;
}
const { BITS, FREE: SLAB_FREE, HEAD, NEXT: SLAB_NEXT, OWNER } = PAGE;

/** What the walk over one class found. */
export interface ClassAudit {
  readonly id: number;
  slabs: number;
  pages: number;
  carved: number;
  free: number;
  /** Pages of slabs without a block in use. */
  empty: number;
  /** Slabs with a free block. */
  partial: number;
  live: number;
  cached: number;
  /** Blocks that entries in magazines vouch for: in the depot and in slots. */
  readonly listed: Set<number>;
}

export function emptyAudit(id: number): ClassAudit {
  return {
    id,
    slabs: 0,
    pages: 0,
    carved: 0,
    free: 0,
    empty: 0,
    partial: 0,
    live: 0,
    cached: 0,
    listed: new Set(),
  };
}

export class BlockAuditor {
  readonly findings: Finding[] = [];
  private readonly map: PageMap;
  private readonly states: StateMap;

  constructor(map: PageMap, states: StateMap) {
    this.map = map;
    this.states = states;
  }

  say(where: string, granule: number, message: string): void {
    this.findings.push({ where, ptr: granule * 16, message });
  }

  /** One slab against its bits and its blocks' states; adds to the class's sums. */
  slab(run: UsedRun, granules: number, sums: ClassAudit): void {
    const first = run.page << this.map.granuleShift;
    const blocks = Math.floor((run.pages << this.map.granuleShift) / granules);
    let free = 0;
    for (let block = 0; block < blocks; block++) {
      const granule = first + block * granules;
      if (this.block(run.page, block, granule, sums)) free++;
      this.inside(granule + 1, granule + granules);
    }
    if (free !== this.map.get(run.page, SLAB_FREE)) {
      const counted = String(this.map.get(run.page, SLAB_FREE));
      this.say('slab', first, `${String(free)} blocks are free, ${counted} are counted`);
    }
    this.heads(run, granules);
    sums.slabs++;
    sums.pages += run.pages;
    sums.carved += blocks;
    sums.free += free;
    if (free === blocks) sums.empty += run.pages;
    if (free > 0) sums.partial++;
  }

  /** A run that belongs to no class: a large one. */
  large(run: UsedRun): void {
    const granule = run.page << this.map.granuleShift;
    const state = this.states.get(granule);
    const pages = `${String(run.pages)} pages`;
    if (state === STATE.FREE) this.say('run', granule, `${pages} are in use by nobody`);
    else if (state !== LARGE) this.say('run', granule, `${pages} have state ${String(state)}`);
    this.inside(granule + 1, granule + (run.pages << this.map.granuleShift));
  }

  /** No state may stand in [from, end). */
  inside(from: number, end: number): void {
    for (let granule = from; granule < end; granule++) {
      if (this.states.get(granule) !== 0) {
        this.say(
          'state map',
          granule,
          `state ${String(this.states.get(granule))} at no block's start`,
        );
        return;
      }
    }
  }

  /** The class's words against the walk, and the depot's list. */
  classWords(record: number, sums: ClassAudit, isBlock: (g: number) => boolean): void {
    const { memory } = this.map;
    const where = `class ${String(memory.get(record + GRANULES) * 16)}`;
    const words: [string, number, number][] = [
      ['slabs', SLABS, sums.slabs],
      ['pages', PAGES, sums.pages],
      ['blocks', CARVED, sums.carved],
      ['free blocks', FREE, sums.free],
      ['pages of empty slabs', EMPTY, sums.empty],
    ];
    for (const [name, word, found] of words) {
      const counted = memory.get(record + word);
      if (counted === found) continue;
      this.say(where, 0, `${String(found)} ${name} found, ${String(counted)} counted`);
    }
    this.depot(record, where, sums, isBlock);
  }

  /**
   * One magazine: entries that carry its tag are blocks of the class, each listed once. An entry
   * with another state is a stray, or was taken out a moment ago: it counts for nothing.
   */
  magazine(top: number, tag: number, sums: ClassAudit, isBlock: (g: number) => boolean): void {
    const { memory } = this.map;
    const first = (top & ~MAGAZINE.MASK) + ENTRIES;
    for (let at = first; at <= top; at++) {
      // RACE: its slot goes on; entries below a past top are, or were, blocks of the class.
      const granule = memory.get(at);
      const inside = this.states.has(granule) || granule === this.states.nothing;
      const state = inside ? this.states.get(granule) : tag;
      if (isCached(state) && isBlock(granule)) sums.listed.add(granule);
      else if (state === tag) {
        this.say('magazine', 0, `entry ${String(granule)} is no block of its class`);
      }
    }
  }

  /** The lists of slabs with a free block, which the walk has counted in `partial`. */
  partials(record: number, sums: ClassAudit): void {
    const { memory } = this.map;
    let listed = 0;
    for (let zone = 0; zone < 3; zone++) {
      let slab = memory.get(record + PARTIAL + zone);
      for (; this.isSlab(slab, sums.id) && listed <= sums.partial; listed++) {
        slab = this.map.get(slab, SLAB_NEXT);
      }
      if (slab !== 0) listed = -1;
    }
    if (listed === sums.partial) return;
    this.say(`class ${String(sums.id)}`, 0, 'the list of its slabs with free blocks is broken');
  }

  private isSlab(page: number, id: number): boolean {
    const inside = page >= this.map.firstPage && page < this.map.endPage;
    return inside && this.map.get(page, OWNER) === id;
  }

  private block(slab: number, block: number, granule: number, sums: ClassAudit): boolean {
    const bit = this.map.get(slab, BITS + (block >>> 5)) & (1 << (block & 31));
    const state = this.states.get(granule);
    if ((state === 0) !== (bit !== 0)) {
      this.say('slab', granule, `state ${String(state)}, but its bit says the opposite`);
    }
    if (isCached(state)) sums.cached++;
    else if (state === sums.id) sums.live++;
    else if (state !== 0) this.say('slab', granule, `state ${String(state)} of another class`);
    return state === 0;
  }

  private heads(run: UsedRun, granules: number): void {
    const step = pagesBetweenStarts(granules, this.map.granuleShift);
    for (let page = run.page; page < run.page + run.pages; page += step) {
      if (this.map.get(page, HEAD) === run.page) continue;
      this.say('slab', page << this.map.granuleShift, 'a page of the slab does not know its slab');
    }
  }

  private depot(
    record: number,
    where: string,
    sums: ClassAudit,
    isBlock: (g: number) => boolean,
  ): void {
    const { memory } = this.map;
    let magazines = 0;
    let blocks = 0;
    for (let at = memory.get(record + FULL); at !== 0; at = memory.get(at + NEXT)) {
      const count = memory.get(at + COUNT);
      if (count > CAPACITY) this.say(where, 0, 'a magazine is overfull');
      if (count > CAPACITY || ++magazines > memory.get(record + FULL_COUNT)) break;
      blocks += count;
      this.magazine(at + NONE + count, SHELVED, sums, isBlock);
    }
    const listed = `${String(magazines)} magazines with ${String(blocks)} blocks in the depot`;
    const same = magazines === memory.get(record + FULL_COUNT);
    if (same && blocks === memory.get(record + DEPOT_BLOCKS)) return;
    const counted = `${String(memory.get(record + FULL_COUNT))} with`;
    const text = `${listed}, ${counted} ${String(memory.get(record + DEPOT_BLOCKS))} counted`;
    this.say(where, 0, text);
  }
}
