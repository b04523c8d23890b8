// A slot table on a tiny heap, and where its words are.

import { SlotTable } from '../../src/slot/slot.ts';
import { SLOT } from '../../src/word/layout.ts';
import { Memory } from '../../src/word/memory.ts';
import type { NamedThread } from './threads/named.ts';
import { tinyHeap } from './tiny.ts';

export interface Table {
  readonly table: SlotTable;
  readonly memory: Memory;
  /** Word index of a field of a slot. */
  at(slot: number, field: number): number;
}

export function wordsOf(maxSlots = 3, type: typeof Memory = Memory): Table {
  const { memory, layout } = tinyHeap({ maxSlots, memory: type });
  const table = new SlotTable(memory, layout, maxSlots);
  return { table, memory, at: (slot, field) => layout.slots + slot * SLOT.WORDS + field };
}

/** Makes a taken slot another thread's, as the system knows it. */
export function giveTo({ memory, at }: Table, slot: number, name: NamedThread['name']): void {
  memory.store(at(slot, SLOT.WHO), name.who);
  memory.store(at(slot, SLOT.START), name.start);
  memory.store(at(slot, SLOT.THREAD), name.thread);
}
