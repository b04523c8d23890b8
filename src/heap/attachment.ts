// One thread's attachment to one heap: its seat, and a view of each layer that writes under the
// seat's name. The views hold no state of their own; everything they tell is read from the buffer.

import { layoutOf, type Geometry, type Layout } from '../word/geometry.ts';
import { CLASS, HEADER } from '../word/layout.ts';
import { Lock } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import { PageMap } from '../page/pagemap.ts';
import { Zones } from '../page/zone.ts';
import { Depot } from '../block/depot.ts';
import { Large } from '../block/large.ts';
import { MagazinePool, Magazines } from '../block/magazine.ts';
import { Runs } from '../block/run.ts';
import { SizeClasses } from '../block/sizeclass.ts';
import { Simple } from '../block/simple.ts';
import { Slabs } from '../block/slab.ts';
import { StateMap } from '../block/statemap.ts';
import { Strays } from '../block/strays.ts';
import { Counters } from '../slot/counters.ts';
import { SlotTable, type Seat } from '../slot/slot.ts';

export interface Attachment {
  readonly geometry: Geometry;
  readonly layout: Layout;
  readonly memory: Memory;
  readonly seat: Seat;
  readonly table: SlotTable;
  readonly slotLock: Lock;
  readonly sizes: SizeClasses;
  readonly map: PageMap;
  readonly zones: Zones;
  readonly states: StateMap;
  readonly magazines: Magazines;
  /** By class; there is no class 0. */
  readonly depots: readonly (Depot | undefined)[];
  readonly large: Large;
  readonly simple: Simple;
  readonly counters: Counters;
  readonly retired: Counters;
}

/** Takes a seat and builds the views; null when all slots are taken. */
export function occupy(memory: Memory, geometry: Geometry): Attachment | null {
  const layout = layoutOf(geometry);
  const table = new SlotTable(memory, layout, geometry.maxSlots);
  const seat = table.take();
  if (seat === null) return null;
  const { token, slot } = seat;
  const map = new PageMap(memory, layout, geometry.pageShift);
  const zones = new Zones(map, layout, token);
  const states = new StateMap(memory, layout);
  const magazines = new Magazines(states, layout, geometry.pageShift, slot);
  return {
    geometry,
    layout,
    memory,
    seat,
    table,
    slotLock: new Lock(memory, HEADER.SLOT_LOCK, token),
    sizes: new SizeClasses(geometry.classes),
    map,
    zones,
    states,
    magazines,
    depots: depotsOf(geometry, layout, zones, magazines, states, token),
    large: new Large(zones, states),
    simple: new Simple(zones, states, token),
    counters: new Counters(memory, layout, slot),
    retired: new Counters(memory, layout, geometry.maxSlots),
  };
}

function depotsOf(
  geometry: Geometry,
  layout: Layout,
  zones: Zones,
  magazines: Magazines,
  states: StateMap,
  token: number,
): readonly (Depot | undefined)[] {
  const { memory } = states;
  const pool = new MagazinePool(memory, layout, token);
  const strays = new Strays(memory, layout);
  const { checked } = geometry;
  const parts = { memory, states, magazines, pool, token, checked };
  const depots = geometry.classes.map(({ kind }, index) => {
    const id = index + 1;
    const record = layout.classes + id * CLASS.WORDS;
    const source = new (kind === 'slab' ? Slabs : Runs)(zones, states, strays, record, id);
    return new Depot(parts, source, record, id);
  });
  return [undefined, ...depots];
}
