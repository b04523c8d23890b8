// The locks of ours, from the heap's own counts: how often each was found taken by another thread,
// and how often a thread slept for it, for a million operations. How long locks are held the heap
// does not count.
import type { HeapStats } from '../../src/index.ts';
import { figuresOf, NO_GOAL } from '../suite/figures.ts';
import { rowResult, type RowResult } from '../suite/run.ts';

export const LOCKS = 'locks, per million allocs';

const MOST_CLASSES = 8;
const MILLION = 1e6;

interface Lock {
  readonly name: string;
  readonly contended: number;
  readonly waits: number;
}

/** A row for all locks together, each zone, and the classes that were most in demand. */
export function lockRows(stats: HeapStats): RowResult[] {
  const zones = stats.zones.map(({ name, lock }): Lock => ({ name: `zone ${name}`, ...lock }));
  const classes = stats.classes
    .map(({ blockBytes, lock }): Lock => ({ name: `class of ${blockBytes} B`, ...lock }))
    .toSorted((a, b) => b.contended - a.contended);
  const all: Lock = { name: 'all', contended: stats.lockContention, waits: stats.lockWaits };
  const others = without(all, [...zones, ...classes], 'slots, roots, recovery, pool, simple');
  const busy = classes.slice(0, MOST_CLASSES).filter(({ contended }) => contended > 0);
  return [all, ...zones, others, ...busy].map((lock) => rowOf(lock, stats.allocCount));
}

function without(all: Lock, named: readonly Lock[], name: string): Lock {
  const contended = named.reduce((rest, lock) => rest - lock.contended, all.contended);
  const waits = named.reduce((rest, lock) => rest - lock.waits, all.waits);
  return { name, contended, waits };
}

function rowOf({ name, contended, waits }: Lock, allocs: number): RowResult {
  const sides = [
    figuresOf('found taken', [(contended * MILLION) / allocs]),
    figuresOf('slept for', [(waits * MILLION) / allocs]),
  ];
  return rowResult(LOCKS, name, 'count', sides, NO_GOAL);
}
