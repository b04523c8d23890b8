// Extents: what each stretch of pages is used for, in address order and without gaps. The walk goes
// from run to run under each zone's lock, so the stretches are those of one moment per zone.

import { PAGE } from '../word/records.ts';
import { ZONE_NAMES, type Zone, type ZoneName } from '../page/zone.ts';
import type { Attachment } from './attachment.ts';

const { OWNER, FREE, ARENA } = PAGE;

/** A run of pages that are used alike; all of them together are the heap. */
export interface HeapExtent {
  readonly ptr: number;
  readonly bytes: number;
  readonly zone: ZoneName;
  readonly use: 'free' | 'slab' | 'run' | 'simple';
  /** Of a slab: the size of its blocks, how many it has, and how many of them have left it. */
  readonly blockBytes?: number;
  readonly blocks?: number;
  readonly blocksInUse?: number;
}

export function extentsOf(on: Attachment): HeapExtent[] {
  return on.zones.list.flatMap((zone, i) => extentsIn(on, zone, ZONE_NAMES[i] as ZoneName));
}

function extentsIn(on: Attachment, zone: Zone, name: ZoneName): HeapExtent[] {
  const found: HeapExtent[] = [];
  zone.lock.lock();
  for (let page = zone.buddy.first; page < zone.buddy.end;) {
    const pages = on.map.lengthAt(page);
    if (pages <= 0) break; // damage: validate names it
    found.push(extentAt(on, page, pages, name));
    page += pages;
  }
  zone.lock.unlock();
  return found;
}

function extentAt(on: Attachment, page: number, pages: number, zone: ZoneName): HeapExtent {
  const size = on.map.pageBytes;
  const extent = { ptr: page * size, bytes: pages * size, zone };
  if (on.map.run(page) < 0) return { ...extent, use: 'free' };
  // RACE: a slab's words belong to its class lock; a past value is a picture a moment older.
  const owner = on.map.get(page, OWNER);
  const shape = on.geometry.classes[owner - 1];
  if (owner === ARENA) return { ...extent, use: 'simple' };
  if (shape === undefined) return { ...extent, use: 'run' };
  const blocks = Math.floor((pages << on.map.granuleShift) / shape.granules);
  const blocksInUse = blocks - on.map.get(page, FREE);
  return { ...extent, use: 'slab', blockBytes: shape.granules * 16, blocks, blocksInUse };
}
