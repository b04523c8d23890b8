// What becomes of a class's slabs when the holder of the class lock has died. One slab, TOUCHED,
// may be half changed; its blocks' states say which are free. The lists of slabs with a free block
// are walked along NEXT, which was whole at every store: PREV is made anew, a slab that does not
// belong there is taken out, and the touched one is put in if it is missing. FREE and EMPTY are
// summed up on the way. So the cost is the touched slab's blocks and the lists' length, not the
// heap's size.
//
// Every step may be cut and done again: what is taken out or put in changes by one store.

import { CLASS, STATE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { PageMap } from '../page/pagemap.ts';
import type { StateMap } from './statemap.ts';

const { PARTIAL, EMPTY, FREE } = CLASS;
const { OWNER, FREE: SLAB_FREE, BITS, BITS_WORDS, NEXT, PREV } = PAGE;

/** What a repair has to know of the class's slabs. */
interface Shape {
  readonly map: PageMap;
  readonly states: StateMap;
  readonly granules: number;
  readonly bits: { capacityOf(pages: number): number };
  listOf(slab: number): number;
}

export class SlabRepair {
  private readonly slabs: Shape;
  private readonly map: PageMap;
  private readonly record: number;
  private readonly id: number;
  private free = 0;
  private empty = 0;

  constructor(slabs: Shape, record: number, id: number) {
    this.slabs = slabs;
    this.map = slabs.map;
    this.record = record;
    this.id = id;
  }

  /** `touched` is the slab that may be half changed, or 0. */
  repairLocked(touched: number): void {
    const { memory } = this.map;
    if (touched !== 0) this.bits(touched);
    let listed = false;
    for (let zone = 0; zone < 3; zone++) {
      if (this.list(this.record + PARTIAL + zone, touched)) listed = true;
    }
    if (touched !== 0 && !listed && this.map.get(touched, SLAB_FREE) > 0) {
      this.map.link(this.slabs.listOf(touched), touched);
      this.sum(touched);
    }
    memory.set(this.record + FREE, this.free);
    memory.set(this.record + EMPTY, this.empty);
  }

  /** A set bit is a free block, and the states say which those are. */
  private bits(slab: number): void {
    const { map, slabs } = this;
    const first = slab << map.granuleShift;
    const blocks = slabs.bits.capacityOf(map.run(slab));
    let free = 0;
    for (let word = 0; word < BITS_WORDS; word++) {
      let bits = 0;
      for (let bit = 0; bit < 32 && word * 32 + bit < blocks; bit++) {
        // RACE: others turn LIVE into CACHED and back; FREE comes and goes under this lock only.
        const state = slabs.states.get(first + (word * 32 + bit) * slabs.granules);
        if (state !== STATE.FREE) continue;
        bits |= 1 << bit;
        free++;
      }
      map.set(slab, BITS + word, bits);
    }
    map.set(slab, SLAB_FREE, free);
  }

  /** Mends one list; true if `touched` is in it. */
  private list(head: number, touched: number): boolean {
    const { map } = this;
    let met = false;
    let before = 0;
    for (let slab = map.memory.get(head), steps = map.endPage; slab !== 0 && steps > 0; steps--) {
      const next = map.get(slab, NEXT);
      if (this.belongs(slab)) {
        map.set(slab, PREV, before);
        this.sum(slab);
        met ||= slab === touched;
        before = slab;
      } else if (before === 0) map.memory.set(head, next);
      else map.set(before, NEXT, next);
      slab = next;
    }
    return met;
  }

  private belongs(slab: number): boolean {
    return this.map.get(slab, OWNER) === this.id && this.map.get(slab, SLAB_FREE) > 0;
  }

  private sum(slab: number): void {
    const free = this.map.get(slab, SLAB_FREE);
    this.free += free;
    const pages = this.map.run(slab);
    if (free === this.slabs.bits.capacityOf(pages)) this.empty += pages;
  }
}
