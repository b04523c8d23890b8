// The census: where every block is, told from the words that a recovery would believe. The RUN
// words say which runs there are, a state byte says what a block is, and the magazines' entries
// say where a cached one lies. A block must be in exactly one place; while somebody lies dead in
// the middle of something, in at least one.

import { CLASS, HEADER, MAGAZINE, SLOT, STATE } from '../../src/word/layout.ts';
import { PAGE } from '../../src/word/records.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { placesOf } from '../../src/block/magazine.ts';
import { isLive } from '../../src/block/statemap.ts';
import type { Book, Operation, Pact } from './book.ts';

const { CACHED, SHELVED, SIMPLE_LIVE, FREE } = STATE;
const { MASK, ENTRIES, COUNT, NEXT } = MAGAZINE;
const { SIMPLE_GRANULES } = HEADER;

export interface CensusOptions {
  /** Threads whose stack overflowed: places may be double. */
  readonly thrown: number;
  /** So many blocks may be live that nobody holds: the dead were taking or giving them. */
  readonly limbo: number;
  readonly freesTwice: boolean;
  /** Somebody has not ended, or has been ended by an overflow, and may be in a transaction. */
  readonly stayed: boolean;
}

export interface Counted {
  /** What is wrong; empty when every block is where it should be. */
  readonly wrong: readonly string[];
  /** All live blocks, as pointers. */
  readonly live: readonly number[];
  /** Granules of blocks that are live or in a slot's magazine: what OUT should say. */
  readonly out: number;
}

export function census(on: Attachment, book: Book, options: CensusOptions): Counted {
  return new Census(on, book, options).findings();
}

class Census {
  private readonly on: Attachment;
  private readonly book: Book;
  private readonly options: CensusOptions;
  private readonly wrong: string[] = [];
  /** Granule → tags of the magazines that list it. */
  private readonly listed = new Map<number, number[]>();
  private readonly live = new Set<number>();
  private out = 0;
  private all = new Set<number>();

  constructor(on: Attachment, book: Book, options: CensusOptions) {
    this.on = on;
    this.book = book;
    this.options = options;
  }

  findings(): Counted {
    for (let id = 1; id < this.on.depots.length; id++) this.magazines(id);
    for (const zone of this.on.zones.list) {
      let page = zone.buddy.first;
      while (page < zone.buddy.end) {
        const pages = this.on.map.lengthAt(page);
        if (pages <= 0 || page + pages > zone.buddy.end) {
          this.wrong.push(`the runs break off at page ${page}`);
          return { wrong: this.wrong, live: [], out: 0 };
        }
        if (this.on.map.run(page) > 0) this.run(page, pages);
        page += pages;
      }
    }
    const live = [...this.live].map((granule) => granule * 16);
    this.holders();
    return { wrong: this.wrong, live, out: this.out + this.on.memory.get(SIMPLE_GRANULES) };
  }

  private magazines(id: number): void {
    const { memory, layout, geometry } = this.on;
    for (let slot = 0; slot < geometry.maxSlots; slot++) {
      const record = layout.slots + slot * SLOT.WORDS;
      const at = record + SLOT.CACHES + id;
      for (const place of [...placesOf(memory, at, slot + 1), record + SLOT.MOVING]) {
        this.entries(memory.get(place), CACHED + slot, id);
      }
    }
    let bound = geometry.magazines;
    let full = memory.get(layout.classes + id * CLASS.WORDS + CLASS.FULL);
    for (; full !== 0 && bound-- > 0; full = memory.get(full + NEXT)) {
      this.entries(full + ENTRIES - 1 + memory.get(full + COUNT), SHELVED, id);
    }
  }

  /** What a magazine of the class may hold if all pages are its (loader.ts narrows the share). */
  private mostIn(id: number): number {
    const { memory, layout } = this.on;
    const record = layout.classes + id * CLASS.WORDS;
    const blocks = (layout.endGranule - layout.firstGranule) / memory.get(record + CLASS.GRANULES);
    return Math.max(memory.get(record + CLASS.CAPACITY), blocks >> 3);
  }

  private entries(top: number, tag: number, id: number): void {
    if (top === 0) return;
    const count = (top & MASK) - ENTRIES + 1;
    const moving = tag !== SHELVED && this.isMoving(top, tag - CACHED);
    const most = this.mostIn(id);
    if (!moving && count > most) this.wrong.push(`${count} entries in a magazine of ${most}`);
    for (let at = (top & ~MASK) + ENTRIES; at <= top; at++) {
      const granule = this.on.memory.get(at);
      const tags = this.listed.get(granule);
      if (tags === undefined) this.listed.set(granule, [tag]);
      else tags.push(tag);
    }
  }

  /** Whether the slot's MOVING names that magazine: it may be one of another class. */
  private isMoving(top: number, slot: number): boolean {
    const { memory, layout } = this.on;
    const moving = memory.get(layout.slots + slot * SLOT.WORDS + SLOT.MOVING);
    return (moving & ~MASK) === (top & ~MASK);
  }

  private run(page: number, pages: number): void {
    const { map, states, geometry } = this.on;
    const first = page << map.granuleShift;
    const owner = map.get(page, PAGE.OWNER);
    const end = first + (pages << map.granuleShift);
    const step = geometry.classes[owner - 1]?.granules ?? (owner === PAGE.ARENA ? 1 : end - first);
    for (let granule = first; granule + step <= end; granule += step) {
      const state = states.get(granule);
      const counts = isLive(state) || state >= CACHED;
      if (counts && owner !== PAGE.ARENA) this.out += step;
      this.block(granule, state, owner === PAGE.ARENA);
    }
  }

  private block(granule: number, state: number, inArena: boolean): void {
    const { thrown, freesTwice } = this.options;
    const tags = this.listed.get(granule) ?? [];
    if (inArena ? state === SIMPLE_LIVE : state !== SIMPLE_LIVE && isLive(state)) {
      this.live.add(granule);
      if (thrown === 0 && !freesTwice && tags.length > 0) this.say(granule, state, tags);
    } else if ((state >= CACHED || state === SHELVED) && !inArena) {
      const places = tags.filter((tag) => tag === state).length;
      const extra = thrown === 0 && !freesTwice && tags.length > 1;
      if (places === 0 || extra) this.say(granule, state, tags);
    } else if (state === FREE && thrown === 0 && !freesTwice && tags.length > 0) {
      this.say(granule, state, tags);
    }
  }

  private say(granule: number, state: number, tags: readonly number[]): void {
    const places = tags.length === 0 ? 'no magazine' : `magazines of tags ${tags.join(', ')}`;
    this.wrong.push(`block ${granule * 16} has state ${state} and is listed in ${places}`);
  }

  /** All that a transaction made is live and all it freed is not, or the other way round. */
  private pact(pact: Pact): void {
    const { made, freed, ended } = pact;
    const { held, makers } = this.book;
    const others = (ptr: number) => held.has(ptr) || (makers.get(ptr) ?? pact) !== pact;
    const stays = (ptr: number) => this.all.has(ptr / 16) && !others(ptr);
    const [live, gone] = [made.filter(stays), freed.filter((ptr) => !stays(ptr))];
    const all = live.length === made.length && gone.length === freed.length;
    const none = live.length + gone.length === 0;
    const { stayed, thrown } = this.options; // who is still there may have one open, with any block
    const fits =
      thrown > 0 || (ended === 'open' ? stayed || all || none : ended === 'committed' ? all : none);
    if (!fits) {
      const figures = `${live.length} of ${made.length} made, ${gone.length} of ${freed.length}`;
      this.wrong.push(`a transaction that is ${ended}: ${figures} freed`);
    }
    for (const ptr of live) this.live.delete(ptr / 16);
    if (all && !none && !(stayed && ended === 'open')) return;
    for (const ptr of freed) this.live.delete(ptr / 16);
  }

  /** The live blocks are those that somebody holds; the dead may have been giving or taking one. */
  private holders(): void {
    this.all = new Set(this.live);
    for (const pact of this.book.pacts) this.pact(pact);
    const { history, retaken } = this.book;
    const open = history.filter((it) => it.to === Infinity);
    const stale = (it: Operation) => it.kind === 'try' && retaken.has(it.ptr);
    const limbo = new Set(open.filter((it) => !stale(it)).map((it) => it.ptr));
    for (const ptr of this.book.held.keys()) {
      const live = this.live.delete(ptr / 16);
      if (!live && !limbo.has(ptr)) this.wrong.push(`block ${ptr} is held, but not live`);
    }
    let unknown = this.options.limbo;
    for (const granule of this.live) {
      if (limbo.has(granule * 16) || unknown-- > 0) continue;
      this.wrong.push(`block ${granule * 16} is live, but nobody holds it`);
    }
  }
}
