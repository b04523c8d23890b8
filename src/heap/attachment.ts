// One thread's attachment to one heap: its seat, and a view of each layer that writes under the
// seat's name. The views hold no state of their own; everything they tell is read from the buffer.

import { layoutOf, type ClassGeometry, type Geometry, type Layout } from '../word/geometry.ts';
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
import { Counters } from '../slot/counters.ts';
import { SlotTable, type Seat } from '../slot/slot.ts';

const { SLOT_LOCK } = HEADER;
const { WORDS: CLASS_WORDS } = CLASS;

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
  /** By class; entry 0 is unused. */
  readonly depots: readonly Depot[];
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
  return seat === null ? null : build(memory, geometry, layout, table, seat);
}

function build(
  memory: Memory,
  geometry: Geometry,
  layout: Layout,
  table: SlotTable,
  seat: Seat,
): Attachment {
  const { token, slot } = seat;
  const map = new PageMap(memory, layout, geometry.pageShift);
  const zones = new Zones(map, layout, token);
  const states = new StateMap(memory, layout);
  const magazines = new Magazines(states, layout, geometry.pageShift, slot);
  const pool = new MagazinePool(memory, layout, token);
  const parts = { memory, states, magazines, pool, token, checked: geometry.checked };
  const depotOf = (shape: ClassGeometry, index: number) => {
    const record = layout.classes + (index + 1) * CLASS_WORDS;
    const source =
      shape.kind === 'slab'
        ? new Slabs(zones, states, record, index + 1)
        : new Runs(zones, states, record);
    return new Depot(parts, source, record, index + 1);
  };
  const depots = geometry.classes.map(depotOf);
  return {
    geometry,
    layout,
    memory,
    seat,
    table,
    slotLock: new Lock(memory, SLOT_LOCK, token),
    sizes: new SizeClasses(geometry.classes),
    map,
    zones,
    states,
    magazines,
    depots: [depots[0] as Depot, ...depots],
    large: new Large(zones, states),
    simple: new Simple(zones, states, token),
    counters: new Counters(memory, layout, slot),
    retired: new Counters(memory, layout, geometry.maxSlots),
  };
}
