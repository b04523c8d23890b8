// Watermarks: how many free pages a zone should have. Below `low` it is short, and then the timers
// of the heap's threads send home what lies idle in the depots and in empty slabs until it has
// `high`: so that the next allocation need not, or fail. As Linux's, save that there is no `min`:
// nothing is kept for emergencies, because undoing needs no memory. A rollback, the frees of a
// commit and a recovery only give back; journals have all they need when a step has succeeded.

import { ZONE } from '../word/layout.ts';
import type { Zone } from '../page/zone.ts';

/** Of a zone's pages one in 2^this is its `low`; `high` is twice as many. */
const LOW_SHIFT = 6;

/** Free pages of a zone below which others are asked to flush, and at which that ends. */
export interface Watermarks {
  readonly lowPages: number;
  readonly highPages: number;
}

export function watermarksOf(pages: number): Watermarks {
  const lowPages = pages >>> LOW_SHIFT;
  return { lowPages, highPages: 2 * lowPages };
}

/** Whether a zone has less than it should: `low`, or `high` while it is being helped. */
export function isShort({ memory, record, pages }: Zone, helped: boolean): boolean {
  const { lowPages, highPages } = watermarksOf(pages);
  // RACE: the zone goes on; a past figure is one look too early or too late.
  const free = pages - memory.get(record + ZONE.USED);
  return free < (helped ? highPages : lowPages);
}
