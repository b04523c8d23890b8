// The plan: which traces run together, who plays which recorded thread, how large a heap it takes.
//
// A turn is a set of traces replayed at the same time, several copies of each. A round is one turn
// for each trace by itself, so that each has figures of its own, and then, if there are several,
// one with all of them together.
import type { Trace } from './trace.ts';

const MIB = 1024 ** 2;
const MIN_HEAP_BYTES = 64 * MIB;
const MAX_HEAP_BYTES = 16 * 1024 * MIB;
const HEADROOM = 1.5;
const BYTES_PER_WORKER = 4 * MIB;

export interface Turn {
  readonly name: string;
  readonly traces: readonly Trace[];
  readonly copies: number;
}

/** One recorded thread of one copy. */
export interface Part {
  readonly trace: number;
  readonly copy: number;
  readonly thread: number;
  readonly share: number;
}

// Smallest first: a heap keeps one high-water mark for its life, and in this order each turn
// raises it, so that its peak is its own.
export function planRound(traces: readonly Trace[], copies: number): Turn[] {
  const alone = traces.toSorted((a, b) => a.reachBytes - b.reachBytes);
  const turns = alone.map((trace) => ({ name: trace.name, traces: [trace], copies }));
  if (traces.length < 2) return turns;
  return [...turns, { name: 'all together', traces: alone, copies }];
}

export function eventsOf(turn: Turn): number {
  return turn.traces.reduce((sum, trace) => sum + trace.events, 0) * turn.copies;
}

/** Every recorded thread of every copy, with the worker that hosts it. */
export function castParts(turn: Turn, workers: number): Part[] {
  const loads = new Float64Array(workers);
  return turn.traces.flatMap((_, trace) =>
    Array.from({ length: turn.copies }, (_, copy) => castCopy(turn, trace, copy, loads)).flat(),
  );
}

// The threads of one copy go to different workers while there are any, the busiest thread to the
// least loaded worker: only then does a block freed by another thread come from another worker.
function castCopy(turn: Turn, trace: number, copy: number, loads: Float64Array): Part[] {
  const { starts, threads } = turn.traces[trace]!;
  const eventsAt = (thread: number): number => starts[thread + 1]! - starts[thread]!;
  const order = Array.from({ length: threads }, (_, thread) => thread);
  order.sort((a, b) => eventsAt(b) - eventsAt(a));
  let unused: number[] = [];
  return order.map((thread) => {
    if (unused.length === 0) unused = Array.from(loads.keys());
    const share = leastLoaded(unused, loads);
    unused = unused.filter((other) => other !== share);
    loads[share]! += eventsAt(thread);
    return { trace, copy, thread, share };
  });
}

function leastLoaded(shares: readonly number[], loads: Float64Array): number {
  return shares.reduce((best, share) => (loads[share]! < loads[best]! ? share : best));
}

/** Enough for the largest turn, however its threads drift against each other. */
export function heapBytes(turns: readonly Turn[], workers: number): number {
  const reach = (turn: Turn): number =>
    turn.traces.reduce((sum, trace) => sum + trace.reachBytes, 0) * turn.copies;
  const most = turns.reduce((bytes, turn) => Math.max(bytes, reach(turn)), 0);
  const wanted = Math.ceil((most * HEADROOM + workers * BYTES_PER_WORKER) / MIB) * MIB;
  return Math.min(MAX_HEAP_BYTES, Math.max(MIN_HEAP_BYTES, wanted));
}
