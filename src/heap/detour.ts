// Detours: what wants to see every alloc of a heap for a while, or every free as well. It closes
// the class table, as the simple mode does, and if it is about frees makes all magazines look full
// (block/limits.ts): so the fast paths, which read those anyway, send everything to the slow ones,
// and have nothing to test for. Those who wait for memory do the latter, too.
//
//   word     writers    readers  access  if its writer dies midway
//   DETOURS  slot lock  all      plain   valid: any value is one that was asked for

import { DETOUR, HEADER } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { Attachment } from './attachment.ts';
import { writeTable } from './mode.ts';

const { DETOURS, SLOTS_USED } = HEADER;

/** Whether a detour is taken, one of the bits of DETOUR. */
export function isTaken(memory: Memory, detour: number): boolean {
  // RACE: another thread may be switching; any past value is one that was asked for.
  return (memory.get(DETOURS) & detour) !== 0;
}

/** From here on the detour is taken, or no more, by all threads; those inside see it next time. */
export function setDetour(on: Attachment, detour: number, to: boolean): void {
  on.slotLock.lock();
  setDetourLocked(on, detour, to);
  on.slotLock.unlock();
  if (to && (detour & DETOUR.FREES) !== 0) slowFrees(on);
}

/** As `setDetour`, under the slot lock, for a detour that is about allocs alone. */
export function setDetourLocked(on: Attachment, detour: number, to: boolean): void {
  const { memory, geometry } = on;
  const others = memory.get(DETOURS) & ~detour;
  // RACE: pairs with `isTaken`.
  memory.set(DETOURS, to ? others | detour : others);
  writeTable(memory, geometry);
}

/** The next free of every slot takes the slow path, which says for how long. */
export function slowFrees({ memory, depots }: Attachment): void {
  const slots = memory.load(SLOTS_USED);
  for (const depot of depots) depot?.limits.squeeze(slots);
}
