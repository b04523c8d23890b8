// One zone of so many pages, beginning at a page number of one's choice, as the buddy's tests see
// it: the buddy, its RUN words, and what the audit finds.

import { auditZone, type Finding } from '../../src/page/audit.ts';
import type { Buddy } from '../../src/page/buddy.ts';
import type { Zone, Zones } from '../../src/page/zone.ts';
import { shapeOf, sit, tinyHeap } from './tiny.ts';

export interface ZoneUnderTest {
  readonly zone: Zone;
  readonly buddy: Buddy;
  /** A run in use from its first moment on, as large runs are; its first page, or 0. */
  alloc(pages: number, alignOrder: number): number;
  /** The RUN words of the zone's pages. */
  words(): number[];
  findings(): Finding[];
}

/** The zone begins `offset` pages behind a multiple of `align`. */
export function zoneOf(pages: number, align: number, offset = 0): ZoneUnderTest {
  const tiny = tinyHeap({ zones: [offset, pages, 0], align });
  const on = sit(tiny);
  const zone = on.zones.list[1] as Zone;
  return {
    zone,
    buddy: zone.buddy,
    alloc: (wanted, alignOrder) => zone.buddy.allocLocked(wanted, alignOrder, zone.forLarge),
    words: () => shapeOf(on).slice(offset),
    findings: () => auditZone(on.map, zone, 'normal').findings,
  };
}

export function freeAll(buddy: Buddy, pages: readonly number[]): void {
  for (const page of pages) buddy.freeLocked(page);
}

/** A run out of the zones preferred, in nobody's name but the test's; its first page, or 0. */
export function takeRun(zones: Zones, pages: number, preference: readonly number[]): number {
  const [{ forLarge }] = zones.list as [Zone];
  return zones.alloc(pages, preference, forLarge);
}
