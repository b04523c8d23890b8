// The ground of a siege: what its players share.
//
// All that a player knows is in the heap, in blocks of which the main thread has the pointers: how
// far it is in its trace, which blocks it holds, and its accounts. It changes them in transactions
// only, so that whoever is started for a dead player finds them as they were between two batches.
//
//   state     POSITION   steps of this lap done: first all events, then a sweep of all records
//             LAPS       times that the whole trace has been played
//             records    RECORD.WORDS for each block of the trace, as in a replay's stage
//   accounts  ACCOUNTS words, between which the player moves value: their sum never changes, nor
//             does the total of all players'
//
// Beside the heap are words that nobody has to recover:
//
//   word      writers          readers   access
//   STOP      main             players   atomic
//   tallies   the players      main      atomic, a row of them for each player
//   AT_WORK   player; main     main      atomic, the thread that plays: 0 while nobody does
//   SEEN      who recovers     main      atomic, how many recoveries were noted
//   times     who recovers     main      atomic, microseconds of the last of those recoveries
import type { HeapHandle, Recovered, SharedHeap } from '../../src/index.ts';
import { RECORD } from '../replay/stage.ts';
import { sharedWords, type Trace } from '../replay/trace.ts';
import { inOneRow } from './order.ts';

export const STATE = Object.freeze({ POSITION: 0, LAPS: 1, RECORDS: 4 });
export const ACCOUNTS = 16;
const DEPOSIT = 1000;
export const DEPOSITS = ACCOUNTS * DEPOSIT;

export const TALLY = Object.freeze({
  AT_WORK: 0,
  MISMATCHES: 1,
  OUT_OF_TURN: 2,
  BAD_FREES: 3,
  FAILED: 4,
  MISCOUNTS: 5,
  ROLLBACKS: 6,
});
const TALLY_WORDS = 16;
const CONTROL = Object.freeze({ STOP: 0, SEEN: 1, TIMES: 16 });
const MAX_TIMES = 2 ** 16;

const MIB = 1024 ** 2;
const MIN_HEAP_BYTES = 64 * MIB;
const MAX_HEAP_BYTES = 16 * 1024 * MIB;
const HEADROOM = 1.5;
const BYTES_PER_WORKER = 4 * MIB;

/** What one player plays, and where its state is. */
export interface Place {
  readonly trace: string;
  readonly row: Int32Array; // the trace's events, see order.ts
  readonly blocks: number;
  readonly state: number; // pointers into the heap
  readonly accounts: number;
}

export interface Ground {
  readonly heap: HeapHandle;
  readonly places: readonly Place[];
  readonly control: Int32Array;
  readonly tallies: Int32Array;
}

/** Enough for all players' blocks, however they come and go. */
export function groundBytes(traces: readonly Trace[], players: number): number {
  let most = 0;
  for (let player = 0; player < players; player++) {
    const { reachBytes, blocks } = traces[player % traces.length]!;
    most += reachBytes + stateWords(blocks) * 4;
  }
  const wanted = Math.ceil((most * HEADROOM + players * BYTES_PER_WORKER) / MIB) * MIB;
  return Math.min(MAX_HEAP_BYTES, Math.max(MIN_HEAP_BYTES, wanted));
}

/** Lays out the states in an empty heap; the traces are dealt to the players in turn. */
export function layOut(heap: SharedHeap, traces: readonly Trace[], players: number): Ground {
  const rows = traces.map(inOneRow);
  const places = Array.from({ length: players }, (_, player): Place => {
    const { name, blocks } = traces[player % traces.length]!;
    const state = take(heap, stateWords(blocks) * 4);
    const accounts = take(heap, ACCOUNTS * 4);
    heap.view(accounts, Int32Array, ACCOUNTS).fill(DEPOSIT);
    return { trace: name, row: rows[player % rows.length]!, blocks, state, accounts };
  });
  return {
    heap: heap.handle,
    places,
    control: sharedWords(CONTROL.TIMES + MAX_TIMES),
    tallies: sharedWords(players * TALLY_WORDS),
  };
}

export function stateWords(blocks: number): number {
  return STATE.RECORDS + blocks * RECORD.WORDS;
}

/** A player's state, as words. */
export function stateOf(heap: SharedHeap, { state, blocks }: Place): Int32Array {
  return heap.view(state, Int32Array, stateWords(blocks));
}

function take(heap: SharedHeap, bytes: number): number {
  const result = heap.tryAlloc(bytes, { zero: true });
  if (result.ok) return result.value;
  throw new Error(`no ground for a siege: ${result.error.message}`);
}

export function halt({ control }: Ground): void {
  Atomics.store(control, CONTROL.STOP, 1);
}

export function isHalted({ control }: Ground): boolean {
  return Atomics.load(control, CONTROL.STOP) !== 0;
}

export function tally({ tallies }: Ground, player: number, which: number): void {
  Atomics.add(tallies, player * TALLY_WORDS + which, 1);
}

/** One tally, summed over all players. */
export function tallied({ tallies }: Ground, which: number): number {
  let sum = 0;
  for (let at = which; at < tallies.length; at += TALLY_WORDS) sum += Atomics.load(tallies, at);
  return sum;
}

/** Says which thread plays; 0 is nobody. */
export function setAtWork({ tallies }: Ground, player: number, thread: number): void {
  Atomics.store(tallies, player * TALLY_WORDS + TALLY.AT_WORK, thread);
}

export function atWork({ tallies }: Ground, player: number): number {
  return Atomics.load(tallies, player * TALLY_WORDS + TALLY.AT_WORK);
}

/** Has the dead recovered by the calling thread, and notes how long that took. */
export function recoverHere(heap: SharedHeap, { control }: Ground): readonly Recovered[] {
  const found = heap.recover();
  for (const { milliseconds } of found) {
    const at = Atomics.add(control, CONTROL.SEEN, 1) % MAX_TIMES;
    Atomics.store(control, CONTROL.TIMES + at, Math.round(milliseconds * 1000));
  }
  return found;
}

/** How long the recoveries took that were noted, in milliseconds, shortest first. */
export function recoveryTimes({ control }: Ground): number[] {
  const seen = Math.min(MAX_TIMES, Atomics.load(control, CONTROL.SEEN));
  const times = control.slice(CONTROL.TIMES, CONTROL.TIMES + seen).toSorted();
  return Array.from(times, (microseconds) => microseconds / 1000);
}
