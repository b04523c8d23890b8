// The tables for people: one for each group, a line for each row, a column for each side.
import Table from 'cli-table3';
import { formatBytes, formatCount, type Paint } from '../replay/style.ts';
import type { SideFigures, Spread, Unit, Verdict } from './figures.ts';
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
  'Times without a unit are nanoseconds for each operation and thread. Every figure is the\n' +
  'median of the rounds, below it their middle half. Ratios are taken round by round.\n' +
  '✓: the median is within the goal.';

interface Column {
  readonly head: string;
  readonly side: 'left' | 'right';
  readonly cell: (row: RowResult) => string;
}

export function formatGroup(rows: readonly RowResult[], paint: Paint): string {
  const columns = columnsOf(rows, paint);
  const table = new Table({
    head: columns.map(({ head }) => paint.bold(head)),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ side }) => side),
  });
  for (const row of rows) table.push(columns.map(({ cell }) => cell(row)));
  return [table.toString(), ...rows.flatMap((row) => complaints(row, paint))].join('\n');
}

// Columns in which no row has anything are not there.
function columnsOf(rows: readonly RowResult[], paint: Paint): Column[] {
  const names = [...new Set(rows.flatMap(({ sides }) => sides.map(({ name }) => name)))];
  const compared = rows.some(({ toBestC }) => toBestC !== null);
  const judged = rows.some(({ verdict }) => verdict.goal !== '');
  return [
    { head: rows[0]!.group, side: 'left', cell: ({ name }) => name.replace(', ', ',\n') },
    ...names.map((name) => sideColumn(name, paint)),
    ...(compared ? [bestColumn(paint)] : []),
    ...(judged ? [goalColumn(paint)] : []),
  ];
}

function sideColumn(name: string, paint: Paint): Column {
  const cell = ({ sides, unit }: RowResult): string =>
    cellOf(
      sides.find((side) => side.name === name),
      unit,
      paint,
    );
  return { head: name.replaceAll(' ', '\n'), side: 'right', cell };
}

function cellOf(side: SideFigures | undefined, unit: Unit, paint: Paint): string {
  return side === undefined ? '–' : withSpread(side, formats[unit], paint);
}

function bestColumn(paint: Paint): Column {
  const cell = ({ toBestC }: RowResult): string =>
    toBestC === null ? '–' : `${withSpread(toBestC, formatRatio, paint)}\n${toBestC.best}`;
  return { head: 'ours ÷\nbest C', side: 'right', cell };
}

function goalColumn(paint: Paint): Column {
  return { head: 'ours ÷ goal', side: 'left', cell: ({ verdict }) => verdictOf(verdict, paint) };
}

// What is the same in every round, as space mostly is, has no spread.
function withSpread(spread: Spread, format: (value: number) => string, paint: Paint): string {
  const { median, p25, p75 } = spread;
  if (p25 === p75) return format(median);
  return `${format(median)}\n${paint.dim(`${format(p25)}–${format(p75)}`)}`;
}

function verdictOf({ goal, ratio, met }: Verdict, paint: Paint): string {
  if (ratio === null) return goal === '' ? '' : `–\n${goal}`;
  const mark = met === true ? paint.green('✓') : paint.red('✗');
  return `${mark} ${formatRatio(ratio.median)}\n${goal}`;
}

function complaints({ name, failures }: RowResult, paint: Paint): string[] {
  return failures.map(({ side, what }) => paint.red(`${name}: ${side} is left out: ${what}`));
}

const formats: Readonly<Record<Unit, (value: number) => string>> = {
  ns: formatNs,
  ms: (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`,
  bytes: formatBytes,
  times: (value) => `${formatRatio(value)} ×`,
  percent: (value) => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`,
  count: (value) => (Number.isInteger(value) ? formatCount(value) : formatNs(value)),
};

function formatRatio(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}

/** Three digits, or all before the point, as thousands from 10,000 on, then as millions. */
export function formatNs(ns: number): string {
  if (ns >= 10_000_000) return `${formatNs(ns / 1_000_000)}M`;
  if (ns >= 10_000) return `${formatNs(ns / 1000)}k`;
  return ns >= 100 ? ns.toFixed(0) : ns.toFixed(ns < 10 ? 2 : 1);
}
