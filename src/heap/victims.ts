// Victims: which threads hold how much, and whose end would help most when memory is out. The score
// is Linux's (oom_badness): the share of the heap that a thread holds, in thousandths, and what the
// thread itself has said about that (`setOomScoreAdj`).
//
// What a thread holds is told in one of two ways.
//
//   owners tracked   the live blocks in its name, and what lies in its magazines: exact, and all of
//                    it comes back when it dies
//   otherwise        what went out to its slot less what came back from it (block/out.ts): live
//                    blocks and magazines. Blocks that it took and others freed still count as its,
//                    so for threads that hand blocks on it is an estimate. When it dies, what lies
//                    in its magazines comes back, and what its open transactions have taken; its
//                    other live blocks are for the program to free, which may know them
//
// Counting owners reads the owners' map once for each thread: a tenth of a second for 16 GiB.

import { GRANULE } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import { HeapError } from '../word/errors.ts';
import { Magazines } from '../block/magazine.ts';
import { Counters } from '../slot/counters.ts';
import type { Session } from './session.ts';

const { BYTES } = GRANULE;

/** Never a victim; and the other end. */
const IMMUNE = -1000;
const MOST = 1000;

/** A thread that could be stopped for its memory. */
export interface Victim {
  readonly slot: number;
  /** The number of its worker; -1 if it is not known. */
  readonly threadId: number;
  /** Thousandths of the heap that it holds, plus `adj`. */
  readonly score: number;
  /** What it has said with `setOomScoreAdj`. */
  readonly adj: number;
  /** What it holds: in a heap that tracks owners exactly, else by what it took and gave back. */
  readonly bytes: number;
  /** The part that is sure to come back by itself when it dies; open transactions' not counted. */
  readonly returnedBytes: number;
}

/** Says how willingly this session's thread is given up; throws BAD_OPTION for no such number. */
export function adjustScore({ on }: Session, adj: number): void {
  if (!Number.isInteger(adj) || adj < IMMUNE || adj > MOST) {
    throw new HeapError('BAD_OPTION', 'an adjustment is a whole number from -1000 to 1000');
  }
  on.table.setOomScoreAdj(on.seat.slot, adj);
}

/** All threads but this session's and those that are immune; the highest score first. */
export function victimsOf(session: Session): Victim[] {
  const { table, seat } = session.on;
  const slots = Array.from({ length: table.maxSlots }, (_, slot) => slot);
  const victims = slots
    .filter((slot) => slot !== seat.slot && table.isTaken(slot))
    .map((slot) => victimAt(session, slot))
    .filter((victim): victim is Victim => victim !== null);
  return victims.sort((a, b) => b.score - a.score || b.bytes - a.bytes);
}

/** Null for one that is immune, or whose seat is another's by now. */
function victimAt(session: Session, slot: number): Victim | null {
  const { on } = session;
  const { table, states } = on;
  const incarnation = table.incarnationOf(slot);
  const [threadId, adj] = [table.threadOf(slot) - 1, table.oomScoreAdjOf(slot)];
  const cached = cachedBytes(session, slot);
  const owned = states.tracked ? ownedBytes(session, slot) : 0;
  const bytes = states.tracked ? owned + cached : Math.max(cached, heldBytes(session, slot));
  if (adj === IMMUNE || table.incarnationOf(slot) !== incarnation) return null;
  const share = (bytes * 1000) / (states.granules * BYTES);
  const score = Math.round(share) + adj;
  return { slot, threadId, score, adj, bytes, returnedBytes: owned + cached };
}

/** In its magazines. */
function cachedBytes({ on }: Session, slot: number): number {
  const magazines = new Magazines(on.states, on.layout, on.geometry.pageShift, slot);
  const of = on.geometry.classes.map(({ granules }, i) => granules * magazines.countOf(i + 1));
  return of.reduce((sum, granules) => sum + granules * BYTES, 0);
}

/** In live blocks in its name. */
function ownedBytes({ on, resize }: Session, slot: number): number {
  const { states } = on;
  let bytes = 0;
  let granule = states.nextOf(slot + 1, states.firstGranule);
  for (; granule >= 0; granule = states.nextOf(slot + 1, granule + 1)) {
    bytes += resize.bytesOf(granule); // 0 for one that was freed
  }
  return bytes;
}

function heldBytes({ on }: Session, slot: number): number {
  // RACE: the slot may be counting; any past value was true.
  return new Counters(on.memory, on.layout, slot).get(COUNTER.HELD) * BYTES;
}
