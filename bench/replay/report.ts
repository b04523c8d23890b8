// The report for people: one column for each turn, one for the total, then the verdict in words.
import Table from 'cli-table3';
import { FAULTS, isFaultless, type Figures } from './figures.ts';
import type { Report } from './run.ts';
import { formatBytes, formatCount, type Paint } from './style.ts';
import { pagesInUse } from './watch.ts';

const DEFAULT_WIDTH = 100;
const LABEL_WIDTH = 19;
const COLUMN_WIDTH = 13.5; // of one figure, on average
const MAX_NAME = 12;
const MAX_NOTES = 10;

type Row = readonly [label: string, cell: (figures: Figures) => string];

/** The tables and the verdict, for a terminal of so many columns. */
export function formatReport(report: Report, paint: Paint, width = DEFAULT_WIDTH): string {
  const all = report.traces.length > 1 ? [...report.traces, report.total] : report.traces;
  const columns = Math.max(1, Math.floor((width - LABEL_WIDTH) / COLUMN_WIDTH));
  const tables: string[] = [];
  for (let at = 0; at < all.length; at += columns) {
    tables.push(drawTable(all.slice(at, at + columns), report, paint));
  }
  return [...tables, ...verdict(report, paint)].join('\n');
}

function drawTable(columns: readonly Figures[], report: Report, paint: Paint): string {
  const table = new Table({
    head: ['', ...columns.map((figures) => paint.bold(shorten(figures.trace)))],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...columns.map(() => 'right' as const)],
  });
  for (const [label, cell] of rows(report, paint)) table.push([label, ...columns.map(cell)]);
  return table.toString();
}

function shorten(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name;
}

function rows(report: Report, paint: Paint): Row[] {
  const { pageBytes } = report.stats;
  const last = report.traces.length > 1 ? report.total : report.traces[0];
  const fault = (count: number): string => (count === 0 ? '0' : paint.red(formatCount(count)));
  return [
    ['events', (f) => formatCount(f.events)],
    ['events/s', (f) => (f.seconds > 0 ? formatCount(f.events / f.seconds) : '–')],
    ['peak live', (f) => formatBytes(f.peakLiveBytes)],
    ['peak pages', (f) => formatCount(f.peakPages)],
    ['pages ÷ live', (f) => ratio(f.peakPages * pageBytes, f.peakLiveBytes)],
    ['overlaps', (f) => fault(f.overlaps)],
    ['mismatches', (f) => fault(f.mismatches)],
    ['misaligned', (f) => fault(f.misaligned)],
    ['bad frees', (f) => fault(f.badFrees)],
    ['failed', (f) => fault(f.failed)],
    ['leaks', (f) => fault(f.leaks)],
    ['fragmentation', (f) => (f.fragmentation === null ? '–' : percent(f.fragmentation))],
    ['locks contended', (f) => formatCount(f.lockContended)],
    ['lock waits', (f) => formatCount(f.lockWaits)],
    ['health', (f) => (f === last ? health(report, paint) : good(isFaultless(f), paint))],
  ];
}

function ratio(over: number, under: number): string {
  return under > 0 ? (over / under).toFixed(2) : '–';
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function good(isGood: boolean, paint: Paint): string {
  return isGood ? paint.green('good') : paint.red('BAD');
}

function health(report: Report, paint: Paint): string {
  return good(report.sound && report.healthy, paint);
}

function verdict(report: Report, paint: Paint): string[] {
  const { total, findings, stats } = report;
  const lines = findings.slice(0, MAX_NOTES).map(({ where, ptr, message }) => {
    return paint.red(`validate: ${where} at ${ptr}: ${message}`);
  });
  lines.push(...total.notes.slice(0, MAX_NOTES).map((note) => paint.red(`replay: ${note}`)));
  if (total.failed > 0) lines.push(paint.red(tooSmall(report)));
  if (report.interrupted) lines.push(paint.yellow('Interrupted: these figures are of a part.'));
  const left = `${formatCount(pagesInUse(stats))} of ${formatCount(stats.pages)} pages in use`;
  lines.push(`${formatCount(total.leftovers)} leftover blocks were freed; ${left} at the end.`);
  lines.push(report.sound ? paint.green(SOUND) : paint.red(faultsOf(report)));
  return lines;
}

const SOUND = 'Sound: every block kept its stamp, nothing leaked, validate() found nothing.';

function tooSmall({ total, sizeBytes }: Report): string {
  const count = formatCount(total.failed);
  const size = formatBytes(sizeBytes);
  return `${count} allocations failed: ${size} is too small a heap for this. Try a larger --size.`;
}

function faultsOf({ total, findings }: Report): string {
  const faults = FAULTS.filter((fault) => total[fault] > 0).map(
    (fault) => `${formatCount(total[fault])} ${fault === 'badFrees' ? 'bad frees' : fault}`,
  );
  if (findings.length > 0) faults.push(`${formatCount(findings.length)} findings of validate()`);
  return `NOT sound: ${faults.join(', ')}.`;
}
