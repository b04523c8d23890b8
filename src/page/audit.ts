// Checks of the buddy system's equations (buddy.ts), under the zone's lock. Each finding says where
// and what; a sound zone gives none. The walk over the runs ends at the first word that cannot be.

import { ZONE } from '../word/layout.ts';
import { PAGE } from '../word/records.ts';
import type { PageMap } from './pagemap.ts';
import type { Zone, ZoneName } from './zone.ts';

const { NEXT } = PAGE;

/** Something that is wrong with a heap. */
export interface Finding {
  /** The part of the heap that is wrong. */
  readonly where: string;
  /** The place, as a pointer; 0 if there is none. */
  readonly ptr: number;
  readonly message: string;
}

/** A used run that the walk met. */
export interface UsedRun {
  readonly page: number;
  readonly pages: number;
}

export interface ZoneAudit {
  readonly findings: Finding[];
  readonly used: UsedRun[];
  readonly free: UsedRun[];
}

export function auditZone(map: PageMap, zone: Zone, name: ZoneName): ZoneAudit {
  const audit: ZoneAudit = { findings: [], used: [], free: [] };
  const say = (page: number, message: string) =>
    audit.findings.push({ where: `zone ${name}`, ptr: page * map.pageBytes, message });
  walk(map, zone, audit, say);
  for (const run of [...audit.used, ...audit.free]) auditInside(map, run, say);
  auditFree(map, zone, audit.free, say);
  return audit;
}

type Say = (page: number, message: string) => void;

function walk(map: PageMap, zone: Zone, audit: ZoneAudit, say: Say): void {
  const { first, end } = zone.buddy;
  for (let page = first; page < end;) {
    const pages = map.lengthAt(page);
    if (pages <= 0 || page + pages > end) {
      say(page, `RUN word ${String(map.run(page))} cannot stand here`);
      return;
    }
    (map.run(page) < 0 ? audit.free : audit.used).push({ page, pages });
    page += pages;
  }
}

function auditInside(map: PageMap, run: UsedRun, say: Say): void {
  for (let page = run.page + 1; page < run.page + run.pages; page++) {
    if (map.run(page) !== 0) say(page, 'a page inside a run has a RUN word');
  }
}

/** Alignment, merging, lists, counts. */
function auditFree(map: PageMap, zone: Zone, free: readonly UsedRun[], say: Say): void {
  const { first, end } = zone.buddy;
  const seen = new Array<number>(ZONE.ORDERS).fill(0);
  for (const { page, pages } of free) {
    const order = Math.log2(pages);
    seen[order] = (seen[order] ?? 0) + 1;
    if (page % pages !== 0) say(page, `a free block of ${String(pages)} pages is not aligned`);
    const buddy = page ^ pages;
    const unmerged = buddy >= first && buddy + pages <= end && map.run(buddy) === map.run(page);
    if (unmerged && buddy > page) say(page, 'two free buddies are not merged');
  }
  const counts = zone.buddy.counts();
  counts.forEach((count, order) => {
    const listed = listLength(map, zone, order, say);
    if (count !== seen[order] || count !== listed) {
      const found = `${String(seen[order])} found, ${String(listed)} listed`;
      const figures = `${found}, ${String(count)} counted`;
      say(first, `free blocks of order ${String(order)}: ${figures}`);
    }
  });
  const available = counts.reduce((bits, count, order) => bits | (count > 0 ? 1 << order : 0), 0);
  if (available !== zone.buddy.available()) say(first, 'AVAILABLE does not match the free lists');
  const pages = free.reduce((sum, run) => sum + run.pages, 0);
  const counted = zone.buddy.freePages();
  if (pages !== counted) say(first, `${String(pages)} pages free, ${String(counted)} counted`);
}

function listLength(map: PageMap, zone: Zone, order: number, say: Say): number {
  let length = 0;
  let page = zone.buddy.firstFreeLocked(order);
  for (; page !== 0; page = map.get(page, NEXT)) {
    const inside = page >= zone.buddy.first && page < zone.buddy.end;
    if (!inside || map.run(page) !== -1 - order || ++length > zone.pages) {
      say(inside ? page : 0, `the free list of order ${String(order)} is broken`);
      return -1;
    }
  }
  return length;
}
