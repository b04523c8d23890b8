// Owners, in heaps that track them: each live block stands in the name of the slot that took it,
// and is freed when that slot's thread dies. `give` puts it in another's name, or in nobody's.
//
// A block given to a thread that dies in this very moment would stay in the name of an empty seat:
// so who gives looks again afterwards, and takes it back.

import { isLive } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';

/** Whom a block is given to: the thread on a slot, or nobody in particular. */
export type Owner = number | 'shared';

/** False if no live block starts at `ptr`, or if nobody sits on that slot. */
export function giveBlock({ states, table, seat }: Attachment, ptr: number, to: Owner): boolean {
  const granule = states.granuleOf(ptr);
  const known = to === 'shared' || (Number.isInteger(to) && to >= 0 && to < table.maxSlots);
  if (!known || granule < 0 || !isLive(states.get(granule))) return false;
  if (to === 'shared') {
    states.setOwner(granule, 0);
    return true;
  }
  if (!table.isTaken(to)) return false;
  states.setOwner(granule, to + 1);
  if (table.isTaken(to)) return true;
  states.setOwner(granule, seat.slot + 1);
  return false;
}
