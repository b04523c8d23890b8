// The map of a heap's pages: a few thousand cells of equal size, each shown as what most of it is
// used for, how full that is, and whose. It costs a plain read or two for each run of pages, and
// takes no lock, so that nobody ever waits for somebody who looks.
//
//   kind       0 free (the buddy's), 1..63 a slab of that class, 64 a large run, 65 the simple heap
//   fullness   0..9: of a slab, blocks that have left it; of an arena, granules; a large run is 9
//   owner      heaps that track owners: slot + 1 of a live block found there; 0 is nobody's
//
// All three are texts with a character for each cell, '0' + the number, which is as small as it
// gets and the same for everybody who reads it.
//
// RACE: every read here may be of a word that another thread writes. The walk goes from run to run;
// where one has just been cut or merged it may come out inside another, and goes on page by page
// to the next that begins somewhere. The page after that is right again, and so is the next look.

import { PAGE } from '../../word/records.ts';
import { ZONE_NAMES, type Zone, type ZoneName } from '../../page/zone.ts';
import { isLive } from '../../block/statemap.ts';
import type { Attachment } from '../../heap/attachment.ts';

const { OWNER, FREE, ARENA, HEAD, BITS } = PAGE;
/** The word behind an arena's LOWEST, see block/simple.ts. */
const LIVE_GRANULES = BITS + 1;
const MOST_CELLS = 4096;
/** Blocks of a cell that are asked for their owner. */
const PROBES = 4;
const ZERO = 48;

export const KIND = Object.freeze({ FREE: 0, LARGE: 64, SIMPLE: 65, COUNT: 66 });

/** One zone that has pages. */
export interface ZoneMap {
  readonly name: ZoneName;
  readonly startPtr: number;
  readonly endPtr: number;
  readonly kinds: string;
  readonly fullness: string;
  /** Empty unless the heap tracks owners. */
  readonly owners: string;
  readonly runs: number;
}

/** The map of all pages. */
export interface PageMapPicture {
  readonly cellBytes: number;
  /** Runs, used or free, that were walked over. */
  readonly runs: number;
  readonly zones: readonly ZoneMap[];
}

/** What is known of the cell at hand: pages by kind, of these in use, and the last run of each. */
class Cell {
  readonly pages: number[] = Array.from({ length: KIND.COUNT }, () => 0);
  readonly used: number[] = Array.from({ length: KIND.COUNT }, () => 0);
  readonly last: number[] = Array.from({ length: KIND.COUNT }, () => 0);
  private seen: number[] = [];

  add(kind: number, page: number, pages: number, share: number): void {
    if (this.pages[kind] === 0) this.seen.push(kind);
    this.pages[kind] = (this.pages[kind] as number) + pages;
    this.used[kind] = (this.used[kind] as number) + pages * share;
    this.last[kind] = page;
  }

  /** What most of it is. */
  kind(): number {
    let most = this.seen[0] ?? KIND.FREE;
    for (const kind of this.seen) {
      if ((this.pages[kind] as number) > (this.pages[most] as number)) most = kind;
    }
    return most;
  }

  fullness(kind: number): number {
    const pages = this.pages[kind] as number;
    const share = pages === 0 ? 0 : (this.used[kind] as number) / pages;
    return Math.min(9, Math.max(0, Math.ceil(share * 9)));
  }

  clear(): void {
    for (const kind of this.seen) this.pages[kind] = this.used[kind] = this.last[kind] = 0;
    this.seen = [];
  }
}

/** The map as it is now, in at most so many cells and two more for each zone. */
export function pagesOf(on: Attachment, mostCells: number = MOST_CELLS): PageMapPicture {
  const pages = on.map.endPage - on.map.firstPage;
  let cellPages = 1;
  while (pages / cellPages > mostCells) cellPages *= 2;
  const zones = on.zones.list.flatMap((zone, index) => {
    return zone.pages > 0 ? [zoneMapOf(on, zone, ZONE_NAMES[index] as ZoneName, cellPages)] : [];
  });
  const runs = zones.reduce((sum, zone) => sum + zone.runs, 0);
  return { cellBytes: cellPages * on.map.pageBytes, runs, zones };
}

/** Cells begin where the zone does. */
function zoneMapOf(on: Attachment, zone: Zone, name: ZoneName, cellPages: number): ZoneMap {
  const { first, end } = zone.buddy;
  const texts = { kinds: '', fullness: '', owners: '' };
  const cell = new Cell();
  let runs = 0;
  for (let page = first; page < end; runs++) {
    const length = on.map.lengthAt(page);
    const next = Math.min(end, page + Math.max(1, length));
    const kind = length > 0 ? kindOf(on, page) : KIND.FREE;
    const share = kind === KIND.FREE ? 0 : shareOf(on, page, length, kind);
    for (let at = page; at < next;) {
      const border = first + (Math.floor((at - first) / cellPages) + 1) * cellPages;
      const stop = Math.min(next, border);
      cell.add(kind, page, stop - at, share);
      if (stop === border || stop === end) finish(on, cell, texts, border - cellPages);
      at = stop;
    }
    page = next;
  }
  const { pageBytes } = on.map;
  return { name, startPtr: first * pageBytes, endPtr: end * pageBytes, ...texts, runs };
}

interface Texts {
  kinds: string;
  fullness: string;
  owners: string;
}

function finish(on: Attachment, cell: Cell, texts: Texts, from: number): void {
  const kind = cell.kind();
  texts.kinds += String.fromCharCode(ZERO + kind);
  texts.fullness += String.fromCharCode(ZERO + cell.fullness(kind));
  if (on.states.tracked) {
    const run = cell.last[kind] as number;
    texts.owners += String.fromCharCode(ZERO + ownerNear(on, kind, run, from));
  }
  cell.clear();
}

function kindOf(on: Attachment, page: number): number {
  if (on.map.run(page) <= 0) return KIND.FREE;
  const owner = on.map.get(page, OWNER);
  if (owner === ARENA) return KIND.SIMPLE;
  return on.geometry.classes[owner - 1] === undefined ? KIND.LARGE : owner;
}

/** How much of a run is in use, 0..1. */
function shareOf(on: Attachment, page: number, pages: number, kind: number): number {
  if (kind === KIND.LARGE) return 1;
  const granules = pages << on.map.granuleShift;
  if (kind === KIND.SIMPLE) return on.map.get(page, LIVE_GRANULES) / granules;
  const blocks = Math.floor(granules / (on.geometry.classes[kind - 1]?.granules ?? 1));
  return blocks === 0 ? 0 : (blocks - on.map.get(page, FREE)) / blocks;
}

/** Of a live block of the run, the first that is found from the page `from` on; 0 if none is. */
function ownerNear({ map, states, geometry }: Attachment, kind: number, run: number, from: number) {
  const start = run << map.granuleShift;
  if (kind === KIND.LARGE) return isLive(states.get(start)) ? states.ownerOf(start) : 0;
  const step = geometry.classes[kind - 1]?.granules ?? 0;
  if (step === 0 || map.get(run, HEAD) !== run) return 0;
  const end = (run + Math.max(0, map.run(run))) << map.granuleShift;
  const ahead = Math.max(0, (from << map.granuleShift) - start);
  let block = start + Math.ceil(ahead / step) * step;
  for (let probe = 0; probe < PROBES && block + step <= end; probe++, block += step) {
    if (isLive(states.get(block))) return states.ownerOf(block);
  }
  return 0;
}
