// A picture of the heap for a terminal: one character for each stretch of pages, by what most of
// it is used for. It reads as well without colour: kinds have letters, and a slab's letter is a
// capital when at least half of its blocks are in use.
import type { HeapExtent } from '../../src/index.ts';
import { formatBytes, type Paint } from './style.ts';

const COLUMNS = 64;
const MAX_CELLS = 768;
const FREE = '.';

interface Kind {
  readonly glyph: string;
  readonly meaning: string;
  readonly colour: 'dim' | 'cyan' | 'green' | 'yellow' | 'magenta' | 'blue' | 'red';
}

const KINDS: readonly Kind[] = [
  { glyph: FREE, meaning: 'free', colour: 'dim' },
  { glyph: 'a', meaning: 'slabs of blocks up to 64 B', colour: 'cyan' },
  { glyph: 'b', meaning: 'up to 256 B', colour: 'green' },
  { glyph: 'c', meaning: 'up to 1 KiB', colour: 'yellow' },
  { glyph: 'd', meaning: 'up to 4 KiB', colour: 'magenta' },
  { glyph: '#', meaning: 'large blocks', colour: 'blue' },
  { glyph: '~', meaning: 'simple heap', colour: 'red' },
];

/** What one character stands for: bytes by kind, and how many of its slabs' blocks are in use. */
interface Cell {
  readonly bytes: Map<string, number>;
  slabBytes: number;
  usedBytes: number;
}

interface Zone {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Where the last extent in use ends. */
  readonly usedEnd: number;
  readonly extents: readonly HeapExtent[];
}

export function drawHeap(extents: readonly HeapExtent[], pageBytes: number, paint: Paint): string {
  const zones = zonesOf(extents);
  const cellBytes = chooseCellBytes(zones, pageBytes);
  const lines = zones.flatMap((zone) => drawZone(zone, cellBytes, paint));
  const scale = `Each character is ${formatBytes(cellBytes)}, by what most of it is used for:`;
  return [...lines, scale, ...legend(paint)].join('\n');
}

function zonesOf(extents: readonly HeapExtent[]): Zone[] {
  const names = [...new Set(extents.map((extent) => extent.zone))];
  return names.map((name) => {
    const own = extents.filter((extent) => extent.zone === name);
    const start = own[0]!.ptr;
    const used = own.findLast((extent) => extent.use !== 'free');
    return { name, start, end: endOf(own.at(-1)), usedEnd: endOf(used) || start, extents: own };
  });
}

function endOf(extent: HeapExtent | undefined): number {
  return extent === undefined ? 0 : extent.ptr + extent.bytes;
}

function chooseCellBytes(zones: readonly Zone[], pageBytes: number): number {
  let cellBytes = pageBytes;
  while (zones.reduce((sum, zone) => sum + cellsOf(zone, cellBytes), 0) > MAX_CELLS) cellBytes *= 2;
  return cellBytes;
}

function cellsOf(zone: Zone, cellBytes: number): number {
  return Math.ceil((zone.usedEnd - zone.start) / cellBytes);
}

function drawZone(zone: Zone, cellBytes: number, paint: Paint): string[] {
  const glyphs = fillCells(zone, cellBytes).map(glyphOf).join('');
  const title = `${zone.name} zone, ${formatBytes(zone.end - zone.start)}`;
  const rest = zone.end - zone.usedEnd;
  const lines = [paint.bold(title)];
  for (let at = 0; at < glyphs.length; at += COLUMNS) {
    const address = formatBytes(zone.start + at * cellBytes).padStart(10);
    lines.push(`${address}  ${colour(glyphs.slice(at, at + COLUMNS), paint)}`);
  }
  if (rest > 0) lines.push(`${' '.repeat(12)}${paint.dim(`and ${formatBytes(rest)} free`)}`);
  return lines;
}

function fillCells(zone: Zone, cellBytes: number): Cell[] {
  const cells = Array.from({ length: cellsOf(zone, cellBytes) }, newCell);
  for (const extent of zone.extents) spread(extent, zone, cellBytes, cells);
  return cells;
}

function newCell(): Cell {
  return { bytes: new Map(), slabBytes: 0, usedBytes: 0 };
}

function spread(extent: HeapExtent, zone: Zone, cellBytes: number, cells: readonly Cell[]): void {
  const end = Math.min(endOf(extent), zone.usedEnd);
  let at = extent.ptr;
  while (at < end) {
    const index = Math.floor((at - zone.start) / cellBytes);
    const next = Math.min(end, zone.start + (index + 1) * cellBytes);
    add(cells[index]!, extent, next - at);
    at = next;
  }
}

function add(cell: Cell, extent: HeapExtent, bytes: number): void {
  const glyph = kindOf(extent);
  cell.bytes.set(glyph, (cell.bytes.get(glyph) ?? 0) + bytes);
  if (extent.use !== 'slab') return;
  cell.slabBytes += bytes;
  cell.usedBytes += (bytes * (extent.blocksInUse ?? 0)) / Math.max(1, extent.blocks ?? 1);
}

function kindOf({ use, blockBytes = 0 }: HeapExtent): string {
  if (use === 'free') return FREE;
  if (use === 'run') return '#';
  if (use === 'simple') return '~';
  return blockBytes <= 64 ? 'a' : blockBytes <= 256 ? 'b' : blockBytes <= 1024 ? 'c' : 'd';
}

function glyphOf(cell: Cell): string {
  let glyph = FREE;
  let most = 0;
  for (const [kind, bytes] of cell.bytes) if (bytes > most) [glyph, most] = [kind, bytes];
  return cell.usedBytes * 2 >= cell.slabBytes ? glyph.toUpperCase() : glyph;
}

function colour(glyphs: string, paint: Paint): string {
  return glyphs.replace(/(.)\1*/g, (stretch) => {
    const kind = KINDS.find(({ glyph }) => glyph === stretch[0]!.toLowerCase());
    return kind === undefined ? stretch : paint[kind.colour](stretch);
  });
}

function legend(paint: Paint): string[] {
  const entries = KINDS.map(
    ({ glyph, meaning, colour: name }) => `${paint[name](glyph)} ${meaning}`,
  );
  const capitals = 'A capital letter: at least half of the slabs’ blocks are in use.';
  const lines = [entries.slice(0, 4).join('   '), entries.slice(4).join('   '), capitals];
  return lines.map((line) => `  ${line}`);
}
