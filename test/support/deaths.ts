// What the tests that cut a layer's operations share: a heap with a seat that dies in the middle of
// one, a survivor that may die over the repair, and a last one. The survivors take every waiting to
// be for a dead thread. And what must be true when the locks have been taken over: no block of
// anybody's is lost, moved or shortened, and when all are freed the heap is as it was at first.

import { expect } from 'vitest';
import { HEADER, MAGAZINE } from '../../src/word/layout.ts';
import { ENTRY } from '../../src/word/records.ts';
import type { Lock } from '../../src/word/lock.ts';
import { usedPages } from '../../src/page/zone.ts';
import { isLive } from '../../src/block/statemap.ts';
import { SlotTable } from '../../src/slot/slot.ts';
import { Allocation } from '../../src/heap/allocate.ts';
import { depotsWith, viewFrom, type Attachment } from '../../src/heap/attachment.ts';
import { Release } from '../../src/heap/release.ts';
import { Resize } from '../../src/heap/resize.ts';
import { validate } from '../../src/heap/validate.ts';
import { mortal, type MortalMemory } from './cut.ts';
import { shapeOf, sit, tinyHeap, type Tiny, type TinyOptions } from './tiny.ts';

/** A seat whose thread may die. */
export interface Mortal extends Attachment {
  readonly memory: MortalMemory;
}

export interface Ground {
  readonly tiny: Tiny;
  readonly dead: Mortal;
  readonly heir: Mortal;
  readonly last: Mortal;
  /** The RUN words of the heap when nobody had used it. */
  readonly empty: readonly number[];
}

/** To whom everybody else is dead. */
class Survivors extends SlotTable {
  override isDead(): boolean {
    return true;
  }
}

export function groundOf(options: TinyOptions): Ground {
  const tiny = tinyHeap(options);
  const dead = sit({ ...tiny, memory: mortal(tiny) }) as Mortal;
  const [heir, last] = [survivorOf(tiny), survivorOf(tiny)];
  return { tiny, dead, heir, last, empty: shapeOf(last) };
}

function survivorOf(tiny: Tiny): Mortal {
  const memory = mortal(tiny);
  const table = new Survivors(memory, tiny.layout, tiny.geometry.maxSlots);
  const seat = table.take();
  if (seat === null) throw new Error('every slot is taken');
  return viewFrom(memory, tiny.geometry, table, seat) as Mortal;
}

/** The locks of all layers, the innermost first. */
function locksOf(on: Attachment): Lock[] {
  const depots = on.depots.flatMap((depot) => depot?.lock ?? []);
  return [on.pool.lock, ...on.zones.list.map((zone) => zone.lock), on.simple.lock, ...depots];
}

/** Takes every lock over from the dead: from the innermost out, or from the outermost in. */
export function takeLocks(on: Attachment, outermostFirst: boolean): void {
  const locks = locksOf(on);
  for (const lock of outermostFirst ? locks.reverse() : locks) {
    lock.lock();
    lock.unlock();
  }
}

/** Sends home what lies in a slot's magazines. */
export function flushSlot(on: Attachment, slot: number): void {
  for (const depot of depotsWith(on, slot)) depot?.flush();
}

/** All equations hold, also that of the pages in use, which stats alone reads. */
export function expectNothingWrong(on: Attachment): void {
  expect(validate(on)).toEqual([]);
  const used = on.zones.list.map((zone) => zone.pages - zone.buddy.freePages());
  const sum = used.reduce((all, pages) => all + pages, 0);
  expect(usedPages(on.memory, on.layout.zones), 'pages in use').toBe(sum);
}

/** Live blocks and their bytes. */
export function liveIn(on: Attachment): Map<number, number> {
  const { firstGranule, endGranule } = on.layout;
  const resize = new Resize(on);
  const live = new Map<number, number>();
  for (let granule = firstGranule; granule < endGranule; granule++) {
    if (isLive(on.states.get(granule))) live.set(granule, resize.bytesOf(granule));
  }
  return live;
}

/** A journal's entry for the block that is taken or freed, and whether it counts. */
export class TestEntry {
  readonly kind = 9;
  readonly at: number;
  private readonly on: Attachment;

  constructor(on: Attachment) {
    this.on = on;
    this.at = on.layout.journals + ENTRY.WORDS;
  }

  /** As the journal writes it before it frees a block. */
  begin(granule: number): void {
    this.on.memory.set(this.at + ENTRY.BLOCK, granule);
    this.on.memory.set(this.at + ENTRY.KIND, this.kind);
  }

  /** The block it names, if it counts. */
  block(): number | null {
    const counts = this.on.memory.get(this.at + ENTRY.KIND) === this.kind;
    return counts ? this.on.memory.get(this.at + ENTRY.BLOCK) : null;
  }
}

/** Frees everything, from the last seat, and finds the heap as it was at first. */
export function expectAllBack({ last, dead, heir, empty }: Ground): void {
  const release = new Release(last);
  for (const granule of liveIn(last).keys()) {
    expect(release.free(granule * 16), `freeing ${granule}`).toBeNull();
  }
  for (const { seat } of [dead, heir]) flushSlot(last, seat.slot);
  new Allocation(last).reclaim();
  expectNothingWrong(last);
  expect(shapeOf(last)).toEqual(empty);
  expectNoArrayLost(last);
}

/** Every array of the pool is in its list, or was never used. */
export function expectNoArrayLost({ memory, layout, geometry }: Attachment): void {
  const listed = new Set<number>();
  let array = memory.get(HEADER.POOL_FREE);
  for (; array !== 0 && !listed.has(array); array = memory.get(array + MAGAZINE.NEXT)) {
    listed.add(array);
  }
  expect(array, 'the list’s end').toBe(0);
  const unused = geometry.magazines - memory.get(HEADER.POOL_NEXT);
  const all = Array.from(
    { length: geometry.magazines },
    (_, i) => layout.magazines + i * MAGAZINE.WORDS,
  );
  const held = all.filter((it) => memory.get(it + MAGAZINE.HOLDER) !== 0);
  expect(held, 'arrays of somebody’s').toEqual([]);
  expect(listed.size + unused, 'arrays in the pool').toBe(geometry.magazines);
}
