// The reckoning after a siege, when nobody plays any more: every block of the heap must be one that
// a player knows of, every stamp whole, the accounts' total what it was, and when all is freed,
// every page must be back. What is missing is bytes lost.
import type { Finding, SharedHeap } from '../../src/index.ts';
import { DEPOSITS, recoverHere, type Ground } from './ground.ts';
import { Player } from './player.ts';

export interface Reckoning {
  /** Bytes of blocks that nobody knows of, or of pages that did not come back. */
  readonly bytesLost: number;
  /** Blocks that a player knows of and the heap does not. */
  readonly blocksMissing: number;
  readonly total: number;
  readonly totalBefore: number;
  readonly events: number;
  /** Seats of the dead that were not recovered. */
  readonly seatsLost: number;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

/** Counts everything, then frees it. */
export function reckon(heap: SharedHeap, ground: Ground): Reckoning {
  recoverHere(heap, ground);
  const players = ground.places.map((_, number) => new Player(heap, ground, number));
  const total = players.reduce((sum, player) => sum + player.value, 0);
  const events = players.reduce((sum, player) => sum + player.events, 0);
  const findings = heap.validate();
  const { slots } = heap.stats();
  for (const player of players) player.checkAccounts();
  return {
    ...takeStock(heap, ground, players),
    total,
    totalBefore: players.length * DEPOSITS,
    events,
    seatsLost: slots.length - 1,
    findings: [...findings, ...heap.validate()],
    notes: players.flatMap((player) => player.notes),
  };
}

function takeStock(heap: SharedHeap, { places }: Ground, players: readonly Player[]) {
  const known = places.flatMap(({ state, accounts }) => [state, accounts]);
  for (const player of players) player.inspect((ptr) => known.push(ptr));
  const before = heap.stats();
  const bytes = known.reduce((sum, ptr) => sum + heap.usableSize(ptr), 0);
  const blocksMissing = known.length - heap.freeMany(known);
  heap.reclaim();
  const { freePages, pages, pageBytes } = heap.stats();
  const unknown = before.allocatedBytes - bytes;
  return { bytesLost: Math.max(unknown, (pages - freePages) * pageBytes), blocksMissing };
}
