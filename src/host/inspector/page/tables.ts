// The tables: the same figures as in the charts and the map, for those who read, copy or listen.
// Cells are changed where they stand, and only if they say something else, so that a reader is not
// thrown out of a table once a second.

import type { OrderLook, Picture } from '../look.ts';
import { bytesText, countText, latencyText, shareText, tierBytes, workerText } from '../wording.ts';

/** With a share of 0..1 there is a bar behind the text. */
type Cell = string | readonly [text: string, share: number];
type Row = readonly Cell[];

interface Table {
  readonly id: string;
  readonly head: (picture: Picture) => string[];
  readonly rows: (picture: Picture) => Row[];
}

const TABLES: readonly Table[] = [
  {
    id: 'workers',
    head: () => [
      'seat',
      'allocs/s',
      'frees/s',
      'µs a call, at most',
      'slow alloc p50',
      'slow alloc p99',
      'cached',
      'waits',
      'mean wait',
      'tx',
    ],
    rows: ({ workers }) =>
      workers.map((worker) => [
        workerText(worker),
        countText(worker.allocRate),
        countText(worker.freeRate),
        worker.mostMicroseconds === null ? '–' : fineText(worker.mostMicroseconds),
        latencyText(worker.slowAllocLatency.p50Microseconds),
        latencyText(worker.slowAllocLatency.p99Microseconds),
        bytesText(worker.cachedBytes),
        countText(worker.waits),
        worker.waits === 0 ? '–' : `${worker.meanWaitMs.toFixed(1)} ms`,
        countText(worker.commits),
      ]),
  },
  {
    id: 'orders',
    head: ({ zones }) => ['run of', ...zones.flatMap(({ name }) => [`${name}: free`, 'too small'])],
    rows: ({ zones }) => {
      const most = Math.max(0, ...zones.map(({ orders }) => orders.length));
      const sizes = zones.find(({ orders }) => orders.length === most)?.orders ?? [];
      return sizes.map(({ bytes }, order) => [
        bytesText(bytes),
        ...zones.flatMap(({ orders }) => orderCells(orders[order])),
      ]);
    },
  },
  {
    id: 'locks-table',
    head: () => ['lock', 'found taken', 'slept for', 'found taken / s'],
    rows: ({ locks }) =>
      locks.map(({ name, contended, waits, contendedRate }) => [
        name,
        countText(contended),
        countText(waits),
        countText(contendedRate),
      ]),
  },
  {
    id: 'deaths-table',
    head: () => ['recovery', 'who died', 'locks held', 'rolled back', 'blocks found', 'took'],
    rows: ({ deaths }) =>
      deaths.map((death) => [
        countText(death.sequence),
        workerText({ ...death, self: false }),
        String(death.locks),
        String(death.rolledBack),
        countText(death.cachedBlocks + death.ownedBlocks),
        `${death.milliseconds.toFixed(2)} ms`,
      ]),
  },
  {
    id: 'classes',
    head: () => ['block', 'live', 'cached', 'free', 'slabs'],
    rows: ({ classes }) =>
      classes.map((c) => [
        bytesText(c.blockBytes),
        countText(c.liveBlocks),
        countText(c.cachedBlocks),
        countText(c.freeBlocks),
        countText(c.slabs),
      ]),
  },
  {
    id: 'tiers',
    head: () => ['zone', 'free', 'slabs', 'large runs', 'simple heap'],
    rows: ({ map }) =>
      map.zones.map((zone) => {
        const { free, slab, large, simple } = tierBytes(zone, map.cellBytes);
        return [zone.name, ...[free, slab, large, simple].map(bytesText)];
      }),
  },
];

export function showTables(picture: Picture): void {
  for (const { id, head, rows } of TABLES) {
    const table = document.getElementById(id) as HTMLTableElement;
    const titles = head(picture);
    if ((table.tHead?.rows[0]?.cells.length ?? 0) !== titles.length) makeHead(table, titles);
    fill(table.tBodies[0] ?? table.createTBody(), rows(picture), titles.length);
  }
}

function orderCells(order: OrderLook | undefined): Cell[] {
  if (order === undefined) return ['', ''];
  return [countText(order.freeBlocks), [shareText(order.external), order.external]];
}

/** Small numbers need their digits. */
function fineText(value: number): string {
  return value < 10 ? value.toFixed(2) : countText(value);
}

function makeHead(table: HTMLTableElement, head: readonly string[]): void {
  table.deleteTHead();
  const row = table.createTHead().insertRow();
  for (const text of head) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = text;
    row.append(cell);
  }
}

function fill(body: HTMLTableSectionElement, rows: readonly Row[], columns: number): void {
  const shown: readonly Row[] =
    rows.length > 0 ? rows : [['none so far', ...new Array<string>(columns - 1).fill('')]];
  while (body.rows.length > shown.length) body.deleteRow(-1);
  shown.forEach((cells, index) => {
    const row = body.rows[index] ?? body.insertRow();
    while (row.cells.length > columns) row.deleteCell(-1);
    cells.forEach((cell, column) => write(row.cells[column] ?? row.insertCell(), cell));
  });
}

function write(place: HTMLTableCellElement, cell: Cell): void {
  const [text, share] = typeof cell === 'string' ? [cell, 0] : cell;
  if (place.textContent !== text) place.textContent = text;
  place.classList.toggle('bar', share > 0);
  if (share > 0) place.style.setProperty('--share', `${(share * 100).toFixed(0)}%`);
}
