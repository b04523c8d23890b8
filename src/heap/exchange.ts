// Exchanges: between the fast path and the slow one. When the loaded magazine is empty, or full,
// the thread mostly has another one that is not: its previous one, or one in its rack. Loading that
// takes no lock and serves the next 124 calls, so it is done here, past all that the slow path
// asks about: a batch of a thousand small blocks took an eighth longer when each exchange, 32 of
// magazines of sixty, went through there.
//
// Nothing is passed over. Faults, recordings, other modes and heaps that see every call leave the
// class table closed, and then the class is 0; those, and who waits for memory, have LIMIT at 0.
// Who waits and who died is asked here; and as the slow path looks for the dead in one of 64 calls,
// that one is sent there.

import { HEADER } from '../word/layout.ts';
import { classOfState } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';

const { DEATHS, WAITING } = HEADER;
/** Calls, exchanges or slow ones, between two looks at the clock. */
const CALLS_A_LOOK = 64;

export class Exchange {
  /** Calls of this sitting that the loaded magazine did not serve. */
  calls = 0;
  private readonly on: Attachment;

  constructor(on: Attachment) {
    this.on = on;
  }

  /** A block's granule from another magazine of this slot's; 0 where that does not do. */
  alloc(size: number): number {
    const { magazines, depots } = this.on;
    const id = magazines.classOf(size);
    const depot = depots[id];
    if (depot === undefined || this.isWanted() || !depot.rack.loadForAlloc()) return 0;
    this.calls++;
    return magazines.pop(id);
  }

  /** As the fast path, into another magazine of this slot's; false where that does not do. */
  free(ptr: number): boolean {
    const { magazines, depots, states } = this.on;
    const granule = states.granuleOf(ptr);
    // RACE: another thread may be freeing the block too; then the fast path, asked again, says no.
    const depot = depots[granule < 0 ? 0 : classOfState(states.get(granule))];
    if (depot === undefined || this.isWanted() || !depot.rack.loadForFree()) return false;
    this.calls++;
    return magazines.free(ptr);
  }

  /** Counts a call; whether it is the one in which to look for the dead. */
  countCall(): boolean {
    return (++this.calls & (CALLS_A_LOOK - 1)) === 0;
  }

  /** Whether somebody waits for memory or recovery, or the slow path is to count this and look. */
  private isWanted(): boolean {
    const { memory } = this.on;
    // RACE: an old value has them wait for the next exchange; atomic reads are calls.
    if ((memory.get(DEATHS) | memory.get(WAITING)) !== 0) return true;
    return ((this.calls + 1) & (CALLS_A_LOOK - 1)) === 0;
  }
}
