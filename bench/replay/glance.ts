// One look at a heap as text: the figures of the dashboard, for those who have no browser, in at
// most 80 columns.
import Table from 'cli-table3';
import type { Picture, ZoneLook } from '../../src/host/inspector/look.ts';
import type { ZoneMap } from '../../src/host/inspector/pages.ts';
import {
  bytesText,
  cellOf,
  countText,
  latencyText,
  shareText,
  workerText,
} from '../../src/host/inspector/wording.ts';
import { SECONDS } from '../../src/host/inspector/rates.ts';
import { EVERY } from '../../src/slot/latency.ts';
import type { Paint } from './style.ts';

/** Of the map, all zones together. */
export const CELLS = 512;
const COLUMNS = 64;
const INDENT = 12;
const MOST_LOCKS = 4;
const MOST_DEATHS = 3;
const MOST_ORDERS = 13; // as many as fit

export function formatGlance(picture: Picture, paint: Paint): string {
  return [
    title(picture, paint),
    ...figures(picture),
    '',
    ...map(picture, paint),
    '',
    workers(picture, paint),
    paint.dim(timed()),
    '',
    orders(picture, paint),
    ...locks(picture),
    ...deaths(picture),
  ]
    .join('\n')
    .replace(/ +$/gm, '');
}

function title({ mode, headline, health, timeMs }: Picture, paint: Paint): string {
  const state = health.length === 0 ? paint.green('healthy') : paint.red(health.join('; '));
  const when = `at ${new Date(timeMs).toISOString().slice(11, 19)} UTC`;
  return `${paint.bold('The heap')} ${when}: ${mode}, ${bytesText(headline.totalBytes)}, ${state}`;
}

function figures({ headline: h, recoveries }: Picture): string[] {
  const rate = (count: number, what: string) => `${countText(count)} ${what}/s`;
  const blocks = `in ${countText(h.liveBlocks)} blocks, peak ${bytesText(h.peakBytes)}`;
  const pages = `pages ${shareText(h.usedPages / h.pages)} in use`;
  const slack = `slack in slabs ${shareText(h.slabSlack)}`;
  const refused = `${countText(h.failures)} refused, ${countText(h.badFrees)} bad frees`;
  const calls = `${rate(h.allocRate, 'allocs')}, ${rate(h.freeRate, 'frees')}`;
  const tx = `${rate(h.commitRate, 'commits')}, ${rate(h.rollbackRate, 'rollbacks')}`;
  const lock = `${rate(h.contendedRate, 'found taken')}, ${rate(h.lockWaitRate, 'slept for')}`;
  const worst = `worst in ${recoveries.worstMs.toFixed(2)} ms`;
  return [
    `live ${bytesText(h.liveBytes)} ${blocks}`,
    `${pages}, ${slack}; ${refused}`,
    `${calls}; ${tx}`,
    `locks: ${lock}`,
    `${countText(recoveries.count)} dead recovered, ${worst}; ${waitText(h.pressure10)}`,
  ];
}

function waitText(share: number): string {
  return `waiting for memory ${shareText(share)} of the last 10 s`;
}

function map({ map: { cellBytes, zones }, sizes }: Picture, paint: Paint): string[] {
  const kinds = 'a to d slabs (64 B, 256 B, 1 KiB, more)  # large  ~ simple';
  const key = paint.dim(`${bytesText(cellBytes)} each: . free  ${kinds}`);
  return [...zones.flatMap((zone) => zoneRows(zone, cellBytes, sizes, paint)), key];
}

/** Rows in which anything is used, and how much is free behind them. */
function zoneRows(
  zone: ZoneMap,
  cellBytes: number,
  sizes: readonly number[],
  paint: Paint,
): string[] {
  const glyphs = Array.from(zone.kinds, (_, index) => glyphOf(zone, index, sizes)).join('');
  const used = glyphs.replace(/\.+$/, '').length;
  const rows: string[] = [];
  for (let at = 0; at < used; at += COLUMNS) {
    const name = at === 0 ? `${zone.name} zone` : '';
    rows.push(`${name.padEnd(INDENT)}${glyphs.slice(at, at + COLUMNS)}`);
  }
  const end = Math.min(rows.length * COLUMNS, zone.kinds.length) * cellBytes + zone.startPtr;
  const rest = Math.max(0, zone.endPtr - end);
  const name = rows.length === 0 ? `${zone.name} zone` : '';
  if (rest > 0) rows.push(paint.dim(`${name.padEnd(INDENT)}${bytesText(rest)} free`));
  return rows;
}

function glyphOf(zone: ZoneMap, index: number, sizes: readonly number[]): string {
  const { tier, id } = cellOf(zone, index);
  if (tier !== 'slab') return { free: '.', large: '#', simple: '~' }[tier];
  const bytes = sizes[id - 1] ?? 0;
  return bytes <= 64 ? 'a' : bytes <= 256 ? 'b' : bytes <= 1024 ? 'c' : 'd';
}

function workers({ workers: all }: Picture, paint: Paint): string {
  const table = tableOf(
    ['worker', 'allocs/s', 'frees/s', 'µs/call', 'p50', 'p99', 'cached', 'waits', 'tx'],
    paint,
    0,
  );
  for (const worker of all) {
    const most = worker.mostMicroseconds;
    table.push([
      workerText(worker),
      countText(worker.allocRate),
      countText(worker.freeRate),
      most === null ? '–' : most.toFixed(most < 10 ? 2 : 0),
      latencyText(worker.slowAllocLatency.p50Microseconds),
      latencyText(worker.slowAllocLatency.p99Microseconds),
      shortBytes(worker.cachedBytes),
      countText(worker.waits),
      countText(worker.commits),
    ]);
  }
  return table.toString();
}

/** What the times in that table are. */
function timed(): string {
  const which = `last ${String(SECONDS)} s, one in ${String(EVERY)} is timed`;
  return `Times are upper bounds; p50, p99: slow allocs, ${which}`;
}

function orders({ zones, pageBytes }: Picture, paint: Paint): string {
  const most = Math.min(MOST_ORDERS, Math.max(0, ...zones.map((zone) => zone.orders.length)));
  const sizes = Array.from({ length: most }, (_, order) => shortBytes(2 ** order * pageBytes));
  const table = tableOf(['free runs', ...sizes], paint);
  for (const zone of zones) table.push([zone.name, ...countsOf(zone, most)]);
  return table.toString();
}

function countsOf({ orders: of }: ZoneLook, most: number): string[] {
  const counts = of.map(({ freeBlocks }) => countText(freeBlocks));
  return [...counts, ...new Array<string>(most).fill('')].slice(0, most);
}

/** 4K, 2M. */
function shortBytes(bytes: number): string {
  return bytesText(bytes)
    .replace(/ (\w).*/, '$1')
    .replace('.0', '');
}

function locks({ locks: all }: Picture): string[] {
  const most = all
    .slice(0, MOST_LOCKS)
    .map(({ name, contended }) => `${name} ${countText(contended)}`);
  return most.length === 0 ? [] : ['', `locks found taken: ${most.join(', ')}`];
}

function deaths({ deaths: all }: Picture): string[] {
  return all.slice(0, MOST_DEATHS).map((death) => {
    const found = `${String(death.locks)} locks, ${String(death.rolledBack)} rolled back`;
    const who = workerText({ ...death, self: false });
    return `recovered ${who}: ${found}, ${death.milliseconds.toFixed(2)} ms`;
  });
}

function tableOf(head: string[], paint: Paint, padding = 1): InstanceType<typeof Table> {
  return new Table({
    head: head.map((text) => paint.dim(text)),
    chars: NO_LINES,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': padding },
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
  });
}

const SIDES = ['top', 'bottom', 'left', 'right', 'mid'];
const NO_LINES = {
  ...Object.fromEntries(
    SIDES.flatMap((side) => ['', '-mid', '-left', '-right'].map((end) => [`${side}${end}`, ''])),
  ),
  middle: ' ',
};
