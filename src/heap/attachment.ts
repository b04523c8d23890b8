// One thread's attachment to one heap: its seat, and a view of each layer that writes under the
// seat's name. The views hold no state of their own; everything they tell is read from the buffer.

import { layoutOf, type Geometry, type Layout } from '../word/geometry.ts';
import { CLASS, HEADER } from '../word/layout.ts';
import { Locks, type Lock } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import { PageMap } from '../page/pagemap.ts';
import { Zones } from '../page/zone.ts';
import { Depot } from '../block/depot.ts';
import { Large } from '../block/large.ts';
import { Magazines } from '../block/magazine.ts';
import { ArrayPool } from '../block/pool.ts';
import { References } from '../block/references.ts';
import { SizeClasses } from '../block/sizeclass.ts';
import { Simple } from '../block/simple.ts';
import { Slabs } from '../block/slab.ts';
import { StateMap } from '../block/statemap.ts';
import { Strays } from '../block/strays.ts';
import { Counters } from '../slot/counters.ts';
import type { Seat, SlotTable } from '../slot/slot.ts';
import { Tape } from '../slot/tape.ts';
import { WaitList } from '../slot/waitlist.ts';
import { Budgets } from './budgets.ts';
import { DebugHeap } from './debugheap.ts';
import { ModeTable } from './mode.ts';

export interface Attachment {
  readonly geometry: Geometry;
  readonly layout: Layout;
  readonly memory: Memory;
  readonly seat: Seat;
  readonly table: SlotTable;
  readonly locks: Locks;
  readonly slotLock: Lock;
  readonly sizes: SizeClasses;
  readonly map: PageMap;
  readonly zones: Zones;
  readonly states: StateMap;
  readonly magazines: Magazines;
  readonly pool: ArrayPool;
  readonly references: References;
  /** By class; there is no class 0. */
  readonly depots: readonly (Depot | undefined)[];
  readonly large: Large;
  readonly simple: Simple;
  readonly budgets: Budgets;
  readonly counters: Counters;
  readonly waits: WaitList;
  readonly tape: Tape;
  /** Of a debug heap; else null. */
  readonly debug: DebugHeap | null;
}

/** The layers as the thread on a seat sees them. */
export function viewFrom(
  memory: Memory,
  geometry: Geometry,
  table: SlotTable,
  seat: Seat,
): Attachment {
  const layout = layoutOf(geometry);
  const { token, slot } = seat;
  const locks = new Locks(memory, token, table);
  const map = new PageMap(memory, layout, geometry.pageShift);
  const states = new StateMap(memory, layout, slot);
  const zones = new Zones(map, layout, locks, states);
  const magazines = new Magazines(states, layout, geometry.pageShift, slot);
  const pool = new ArrayPool(locks, layout);
  const large = new Large(zones, states);
  const simple = new Simple(zones, states, locks);
  const counters = new Counters(memory, layout, slot);
  const tiers = { geometry, map, states, large, simple };
  const layers = { ...tiers, layout, memory, seat, table, locks, zones, magazines, pool, counters };
  return {
    ...layers,
    slotLock: locks.at(HEADER.SLOT_LOCK, new ModeTable(memory, geometry)),
    sizes: new SizeClasses(geometry.classes, geometry.pageShift),
    references: new References(locks, pool, states, layout, slot),
    depots: depotsOf(geometry, layout, layers),
    budgets: new Budgets(layers),
    waits: new WaitList(memory, layout, slot),
    tape: new Tape(memory, layout, seat),
    debug: geometry.debug > 0 ? new DebugHeap(tiers, layout, seat, counters) : null,
  };
}

/** The depots as they look with another slot's magazines: to send home what lies in them. */
export function depotsWith(on: Attachment, slot: number): readonly (Depot | undefined)[] {
  const magazines = new Magazines(on.states, on.layout, on.geometry.pageShift, slot);
  return depotsOf(on.geometry, on.layout, { ...on, magazines });
}

type Beneath = Pick<Attachment, 'zones' | 'states' | 'magazines' | 'pool' | 'locks'>;

function depotsOf(
  geometry: Geometry,
  layout: Layout,
  { zones, states, magazines, pool, locks }: Beneath,
): readonly (Depot | undefined)[] {
  const strays = new Strays(states, layout);
  const parts = { states, magazines, pool, locks, checked: geometry.checked };
  const depots = geometry.classes.map((_, index) => {
    const id = index + 1;
    const record = layout.classes + id * CLASS.WORDS;
    return new Depot(parts, new Slabs(zones, states, strays, record, id), record, id);
  });
  return [undefined, ...depots];
}
