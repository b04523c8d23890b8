// What a heap is in which nothing is left: as it was when it was made, by its shape, by every state
// byte, by its counts, and by the pool of arrays.

import { CLASS, HEADER, MAGAZINE, SLOT, STATE, ZONE } from '../../src/word/layout.ts';
import { TX } from '../../src/word/records.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { validate } from '../../src/heap/validate.ts';
import { shapeOf } from '../support/tiny.ts';

const { OUT, SIMPLE_ARENAS, SIMPLE_BLOCKS, SIMPLE_GRANULES } = HEADER;
const { EMPTY, SLABS, PAGES, CARVED, FREE, FULL, FULL_COUNT, DEPOT_BLOCKS, EMPTIES } = CLASS;

/**
 * What is not as it was; empty when all is. `exact` when nobody died, who may be missing in OUT.
 */
export function remains(on: Attachment, shape: readonly number[], exact: boolean): string[] {
  const { memory, layout, states, depots } = on;
  const left: string[] = [];
  if (shapeOf(on).some((run, i) => run !== shape[i])) {
    left.push('the pages have not merged back to what they were');
  }
  for (let granule = states.firstGranule; granule < states.nothing; granule++) {
    const state = states.get(granule);
    if (state !== STATE.FREE) left.push(`granule ${granule} has state ${state} in an empty heap`);
  }
  const header = [SIMPLE_ARENAS, SIMPLE_BLOCKS, SIMPLE_GRANULES, ...(exact ? [OUT] : [])];
  const figures = header.map((word): [string, number] => [`header word ${word}`, word]);
  for (const depot of depots) {
    for (const word of [
      EMPTY,
      SLABS,
      PAGES,
      CARVED,
      FREE,
      FULL,
      FULL_COUNT,
      DEPOT_BLOCKS,
      EMPTIES,
    ]) {
      if (depot !== undefined)
        figures.push([`class ${depot.id} word ${word}`, depot.record + word]);
    }
  }
  for (let zone = layout.zones, i = 0; i < ZONE.COUNT; zone += ZONE.WORDS, i++) {
    for (const word of [ZONE.USED, ZONE.LARGE_RUNS, ZONE.LARGE_PAGES]) {
      figures.push([`zone ${i} word ${word}`, zone + word]);
    }
  }
  for (const [what, at] of figures) {
    const value = memory.get(at);
    if (value !== 0) left.push(`${what} is ${value} in an empty heap`);
  }
  const found = validate(on).map((it) => `${it.where} ${it.ptr}: ${it.message}`);
  return [...left, ...found, ...poolOf(on), ...recordsOf(on), ...lineOf(on)];
}

/** Who still waits for memory, by all that can be seen. */
function lineOf({ memory, layout, table }: Attachment): string[] {
  const waiting = memory.get(HEADER.WAITING) + (memory.get(HEADER.STALL) & 1);
  const left = waiting === 0 ? [] : ['somebody seems to wait for memory'];
  for (let slot = 0; slot < table.seats; slot++) {
    const ticket = memory.get(layout.slots + slot * SLOT.WORDS + SLOT.TICKET);
    if (ticket !== 0) left.push(`slot ${slot} waits for memory`);
  }
  return left;
}

/** Transactions that are not over. */
function recordsOf({ memory, layout, geometry }: Attachment): string[] {
  const left: string[] = [];
  for (let index = 0; index < geometry.maxSlots * TX.PER_SLOT; index++) {
    const at = layout.journals + index * TX.WORDS;
    const state = memory.get(at + TX.STATE) & 7;
    const over = state === 0 || state >= 5;
    if (!over || memory.get(at + TX.CHUNK) !== 0) left.push(`record ${index} is in state ${state}`);
  }
  return left;
}

function poolOf({ memory, layout, geometry }: Attachment): string[] {
  const arrays = geometry.magazines;
  let free = arrays - memory.get(HEADER.POOL_NEXT);
  for (let at = memory.get(HEADER.POOL_FREE); at !== 0 && free <= arrays; free++) {
    at = memory.get(at + MAGAZINE.NEXT);
  }
  const all = Array.from({ length: arrays }, (_, i) => layout.magazines + i * MAGAZINE.WORDS);
  const lost = all.filter((at) => memory.get(at + MAGAZINE.HOLDER) !== 0).length;
  if (free === arrays && lost === 0) return [];
  return [`${arrays - free} arrays are not in the pool, ${lost} have a holder`];
}

/** Allocs less frees, as the slots have counted them. */
export function balance({ memory, layout, table }: Attachment): number {
  let sum = 0;
  for (let slot = 0; slot < table.seats; slot++) {
    const at = layout.slots + slot * SLOT.WORDS;
    sum += memory.get(at + SLOT.ALLOCS) - memory.get(at + SLOT.FREES);
  }
  return sum;
}
