// The pictures of a run: how work grows with threads, and how long single allocs take.
import { LATENCY, SHARES } from '../latency/studies.ts';
import { OURS } from '../suite/contest.ts';
import { THREADS } from '../suite/growth.ts';
import type { Surroundings } from '../suite/machine.ts';
import type { RowResult } from '../suite/run.ts';
import { draw, type Panel } from './chart.ts';

export interface Picture {
  readonly file: string;
  readonly svg: string;
}

/** Those for which there are rows. */
export function picturesOf(rows: readonly RowResult[], where: Surroundings): Picture[] {
  const { cpu, cores, node, date, commit } = where;
  const on = `${cpu}, ${cores} cores, Node ${node}, ${date.slice(0, 10)}`;
  const subtitle = commit === null ? on : `${on}, commit ${commit}`;
  const charts = [
    { file: 'scaling.svg', title: 'Work done by more and more threads', panels: scaling(rows) },
    { file: 'latency.svg', title: 'How long an alloc takes', panels: latency(rows) },
  ];
  return charts
    .filter(({ panels }) => panels.length > 0)
    .map(({ file, ...chart }) => ({ file, svg: draw({ ...chart, subtitle, ours: OURS }) }));
}

function scaling(rows: readonly RowResult[]): Panel[] {
  const all = rows.filter(({ group }) => group === THREADS);
  return [
    scalingPanel('pairs of 64 B', all, 'pair'),
    scalingPanel('mixed sizes, 1,000 live blocks a thread', all, 'mixed'),
  ].filter(({ steps }) => steps.length > 1);
}

// A side does threads × 1000 ÷ ns million operations a second.
function scalingPanel(title: string, all: readonly RowResult[], workload: string): Panel {
  const rows = all.filter(({ job }) => job?.workload === workload);
  const threads = rows.map(({ job }) => job!.threads);
  const lines = namesIn(rows).map((name) => {
    const times = rows.map((row) => medianOf(row, name));
    const values = times.map((ns, i) => (ns === null ? null : (threads[i]! * 1000) / ns));
    return { name, values };
  });
  const up = 'million pairs of alloc and free per second';
  return { title, across: 'threads', up, steps: threads.map(String), lines };
}

function latency(rows: readonly RowResult[]): Panel[] {
  const wanted = SHARES.map(([name]) => name);
  const all = rows.filter(({ group, name }) => group === LATENCY && wanted.includes(name));
  if (all.length === 0) return [];
  const lines = namesIn(all).map((name) => {
    return { name, values: all.map((row) => medianOf(row, name)) };
  });
  const title = '8 threads, mixed sizes, the watch included';
  const steps = all.map(({ name }) => name);
  return [{ title, across: 'share of allocs within it', up: 'nanoseconds', steps, lines }];
}

const FEWER: ReadonlySet<string> = new Set(['one thread', 'two threads']);

function namesIn(rows: readonly RowResult[]): string[] {
  const names = rows.flatMap(({ sides }) => sides.map(({ name }) => name));
  return [...new Set(names)].filter((name) => !FEWER.has(name));
}

function medianOf({ sides }: RowResult, name: string): number | null {
  return sides.find((side) => side.name === name)?.median ?? null;
}
