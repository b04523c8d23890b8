// The tables for people: one for each group, a line for each row, a column for each side.
import Table from 'cli-table3';
import type { Paint } from '../replay/style.ts';
import type { SideFigures, Spread, Verdict } from './figures.ts';
import type { Surroundings } from './machine.ts';
import type { RowResult } from './run.ts';

/** How a run is headed. */
export function formatSurroundings(where: Surroundings, compiler: string | null): string {
  const { cpu, cores, system, node, v8, commit, date, load } = where;
  return [
    `${cpu}, ${cores} cores, ${system}, load ${load.toFixed(2)}`,
    `Node ${node}, V8 ${v8}; ${compiler ?? 'no C'}`,
    `commit ${commit ?? 'unknown'}, ${date}`,
  ].join('\n');
}

export const LEGEND =
  'Nanoseconds for each operation (an alloc and a free) and thread: the median of the rounds,\n' +
  'below it their middle half. Ratios are taken round by round. ✓: the median is within the goal.';

export function formatGroup(rows: readonly RowResult[], paint: Paint): string {
  const names = [...new Set(rows.flatMap(({ sides }) => sides.map(({ name }) => name)))];
  const head = [rows[0]!.group, ...names.map(shorten), 'ours ÷\nbest C', 'ours ÷ goal'];
  const table = new Table({
    head: head.map((text) => paint.bold(text)),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    colAligns: ['left', ...names.map(() => 'right' as const), 'right', 'left'],
  });
  for (const row of rows) table.push(lineOf(row, names, paint));
  return [table.toString(), ...rows.flatMap((row) => complaints(row, paint))].join('\n');
}

function shorten(name: string): string {
  return name.replaceAll(' ', '\n');
}

function lineOf(row: RowResult, names: readonly string[], paint: Paint): string[] {
  const sides = names.map((name) => row.sides.find((side) => side.name === name));
  const best = row.toBestC === null ? '–' : withSpread(row.toBestC, formatRatio, paint);
  return [
    row.name.replace(', ', ',\n'),
    ...sides.map((side) => cellOf(side, paint)),
    row.toBestC === null ? best : `${best}\n${row.toBestC.best}`,
    verdictOf(row.verdict, paint),
  ];
}

function cellOf(side: SideFigures | undefined, paint: Paint): string {
  return side === undefined ? '–' : withSpread(side, formatNs, paint);
}

function withSpread(spread: Spread, format: (value: number) => string, paint: Paint): string {
  const { median, p25, p75 } = spread;
  return `${format(median)}\n${paint.dim(`${format(p25)}–${format(p75)}`)}`;
}

function verdictOf({ goal, ratio, met }: Verdict, paint: Paint): string {
  if (ratio === null) return `–\n${goal}`;
  const mark = met === true ? paint.green('✓') : paint.red('✗');
  return `${mark} ${formatRatio(ratio.median)}\n${goal}`;
}

function complaints({ name, failures }: RowResult, paint: Paint): string[] {
  return failures.map(({ side, what }) => paint.red(`${name}: ${side} is left out: ${what}`));
}

function formatRatio(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}

/** Three digits, or all before the point, as thousands from 10,000 on. */
export function formatNs(ns: number): string {
  if (ns >= 10_000) return `${formatNs(ns / 1000)}k`;
  return ns >= 100 ? ns.toFixed(0) : ns.toFixed(ns < 10 ? 2 : 1);
}
