// Each lock in rows: how often it is taken, found taken and slept for, how long it is held and
// waited for. The heap's own counts come from threads without a watch, the times from those with.
import { figuresOf, NO_GOAL, spreadOf, type SideFigures } from '../suite/figures.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Recording, Unwatched, Watched } from './recording.ts';
import { takesOf, type Take } from './takes.ts';

const MOST_LOCKS = 8;
const MILLION = 1e6;

/** Takes of a round, and how many allocs were made in it. */
interface Round {
  readonly takes: readonly Take[];
  readonly ops: number;
}

/** What is said of some takes in a round. */
const COLUMNS: readonly (readonly [name: string, value: (round: Round) => number])[] = [
  ['held p50 ns', ({ takes }) => heldAt(takes, 0.5)],
  ['held p99 ns', ({ takes }) => heldAt(takes, 0.99)],
  ['held at most ns', ({ takes }) => heldAt(takes, 1)],
  ['held ns an alloc', ({ takes, ops }) => sum(takes.map(({ heldNs }) => heldNs)) / ops],
  ['waited ns an alloc', ({ takes, ops }) => sum(takes.map(({ waitedNs }) => waitedNs)) / ops],
];

/** A row for all locks together, for those that are held the longest in all, and for the rest. */
export function holdRows(group: string, recording: Recording, eventNs: number): RowResult[] {
  const { names, watched, unwatched } = recording;
  const rounds = watched.map((round) => roundOf(round, eventNs));
  const nameOf = ({ word }: Take): string => names.of(word);
  const busiest = busiestOf(rounds, nameOf);
  const rowOf = (title: string, wanted: (name: string) => boolean): RowResult => {
    const some = rounds.map(({ takes, ops }) => {
      return { takes: takes.filter((take) => wanted(nameOf(take))), ops };
    });
    return rowResult(group, title, 'count', sidesOf(some, unwatched, wanted), NO_GOAL);
  };
  const named = busiest.slice(0, MOST_LOCKS);
  const rest = busiest.slice(MOST_LOCKS);
  return [
    rowOf('all', () => true),
    ...named.map((lock) => rowOf(lock, (name) => name === lock)),
    ...(rest.length > 0 ? [rowOf(`${rest.length} others`, (name) => rest.includes(name))] : []),
  ];
}

function roundOf({ logs, ops }: Watched, eventNs: number): Round {
  return { takes: takesOf(logs, eventNs), ops };
}

function busiestOf(rounds: readonly Round[], nameOf: (take: Take) => string): string[] {
  const held = new Map<string, number>();
  for (const take of rounds.flatMap(({ takes }) => takes)) {
    const name = nameOf(take);
    held.set(name, (held.get(name) ?? 0) + take.heldNs);
  }
  return [...held].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
}

function sidesOf(
  rounds: readonly Round[],
  unwatched: readonly Unwatched[],
  wanted: (name: string) => boolean,
): SideFigures[] {
  const perMillion = (what: 'contended' | 'slept'): number[] =>
    unwatched.map(({ counts, ops }) => {
      const some = [...counts].filter(([name]) => wanted(name));
      return (sum(some.map(([, count]) => count[what])) * MILLION) / ops;
    });
  const taken = rounds.map(({ takes, ops }) => (takes.length * MILLION) / ops);
  return [
    figuresOf('taken per million', taken),
    figuresOf('found taken per million', perMillion('contended')),
    figuresOf('slept for per million', perMillion('slept')),
    ...COLUMNS.map(([name, value]) => figuresOf(name, rounds.map(value))),
  ];
}

function heldAt(takes: readonly Take[], share: number): number {
  const sorted = takes.map(({ heldNs }) => heldNs).toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

/** How much longer a lock is held that another thread had last: by the median, of its kind. */
export function movedNs({ names, watched }: Recording, eventNs: number): (name: string) => number {
  const kinds = new Map<string, [own: number[], moved: number[]]>();
  for (const { word, heldNs, moved } of watched.flatMap((it) => roundOf(it, eventNs).takes)) {
    const kind = kindOf(names.of(word));
    if (!kinds.has(kind)) kinds.set(kind, [[], []]);
    kinds.get(kind)![moved ? 1 : 0].push(heldNs);
  }
  return (name) => {
    const [own, moved] = kinds.get(kindOf(name)) ?? [[], []];
    if (Math.min(own.length, moved.length) < FEWEST) return 0;
    return Math.max(0, spreadOf(moved).median - spreadOf(own).median);
  };
}

/** With fewer takes of a kind nothing is said of it. */
const FEWEST = 30;

/** `class of 64 B` is a class, `zone dma` a zone. */
function kindOf(name: string): string {
  return name.split(' ')[0]!;
}
