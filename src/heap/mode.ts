// Modes: which tiers serve new allocations.
//
//   two-tier      class → magazine → depot → slab → zone; beyond the classes → zone
//   simple-heap   the simple heap alone
//   hybrid        two-tier, and when that is out of memory the simple heap
//
// A switch governs new allocations only: every pointer's state byte knows its tier, so blocks of
// all modes live side by side and free correctly. It takes the fast path away, or gives it back, by
// rewriting the class table, which every alloc reads anyway. So does a detour (detour.ts).
//
//   word     writers             readers  access  if its writer dies midway
//   MODE     setMode, slot lock  all      plain   valid: any value is a mode that was asked for
//   table    slot lock           all      plain   valid: a zero is a class served the slow way;
//                                                 made anew from MODE and DETOURS

import { HEADER } from '../word/layout.ts';
import type { Geometry } from '../word/geometry.ts';
import { HeapError } from '../word/errors.ts';
import type { Guarded } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import { SizeClasses } from '../block/sizeclass.ts';

/** Which tiers serve allocations: `hybrid` is two tiers, and the simple heap when they are full. */
export type Mode = 'simple-heap' | 'two-tier' | 'hybrid';
export const MODES: readonly Mode[] = ['two-tier', 'simple-heap', 'hybrid'];

export function modeIn(memory: Memory): Mode {
  // RACE: another thread may be switching; any past mode is one that was asked for.
  return MODES[memory.get(HEADER.MODE)] ?? 'two-tier';
}

/** Throws BAD_OPTION for what is no mode. */
export function checkMode(mode: Mode): Mode {
  if (MODES.includes(mode)) return mode;
  throw new HeapError('BAD_OPTION', `mode is one of ${MODES.join(', ')}`);
}

/** What the slot lock guards: of a switch that was cut, the class table is written to its end. */
export class ModeTable implements Guarded {
  private readonly memory: Memory;
  private readonly geometry: Geometry;

  constructor(memory: Memory, geometry: Geometry) {
    this.memory = memory;
    this.geometry = geometry;
  }

  repairLocked(): void {
    writeTable(this.memory, this.geometry);
  }
}

/** Switches; under the slot lock, or by the creator. */
export function writeMode(memory: Memory, geometry: Geometry, mode: Mode): void {
  // RACE: pairs with `modeIn`.
  memory.set(HEADER.MODE, MODES.indexOf(mode));
  writeTable(memory, geometry);
}

/** The class table as MODE and DETOURS want it; under the slot lock, or by the creator. */
export function writeTable(memory: Memory, geometry: Geometry): void {
  const plain = !geometry.checked && memory.get(HEADER.DETOURS) === 0;
  const open = plain && modeIn(memory) !== 'simple-heap';
  new SizeClasses(geometry.classes, geometry.pageShift).writeTable(memory, open);
}
