// How many bytes a live block has, whichever tier it came from: as a whole, with what its user did
// not ask for.

import { GRANULE, STATE } from '../word/layout.ts';
import type { Geometry } from '../word/geometry.ts';
import type { PageMap } from '../page/pagemap.ts';
import type { Large } from '../block/large.ts';
import type { Simple } from '../block/simple.ts';
import { classOfState, type StateMap } from '../block/statemap.ts';

const { LARGE, SIMPLE_LIVE } = STATE;
const { BYTES } = GRANULE;

/** The layers that are asked. */
export interface Tiers {
  readonly geometry: Geometry;
  readonly map: PageMap;
  readonly states: StateMap;
  readonly large: Large;
  readonly simple: Simple;
}

/** Bytes of the live block at `granule`, all of them; 0 if none starts there. */
export function blockBytes(on: Tiers, granule: number): number {
  const state = on.states.get(granule);
  const id = classOfState(state);
  if (id !== 0) return (on.geometry.classes[id - 1]?.granules ?? 0) * BYTES;
  if (state === LARGE) return on.large.pagesOf(granule) * on.map.pageBytes;
  return state === SIMPLE_LIVE ? on.simple.lengthOf(granule) * BYTES : 0;
}
