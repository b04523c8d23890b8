// The map of pages: a canvas for each zone, a square for each cell. Arrow keys walk over the cells,
// Home and End go to the ends of a zone, and what is under the cursor or the pointer is said in
// words beneath.

import type { Picture } from '../look.ts';
import type { ZoneMap } from '../pages.ts';
import { bytesText, cellOf, cellText, shareText, tierBytes, TIERS } from '../wording.ts';
import type { CellLook } from '../wording.ts';
import { fullnessColour, largeColour, nth, onScale, simpleColour, styleColour } from './colours.ts';

const PITCH = 9; // a cell and the gap behind it, in CSS pixels
const GAP = 1;
const OWNERS = 8;

export type ColourBy = 'tier' | 'size' | 'fullness' | 'owner';

interface Board {
  readonly head: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  columns: number;
  cursor: number;
}

export class MapView {
  private readonly place: HTMLElement;
  private readonly said: HTMLElement;
  private readonly legend: HTMLElement;
  private readonly boards = new Map<string, Board>();
  private picture: Picture | null = null;
  private by: ColourBy = 'size';
  private legendIs = '';

  constructor(place: HTMLElement, said: HTMLElement, legend: HTMLElement) {
    this.place = place;
    this.said = said;
    this.legend = legend;
  }

  show(picture: Picture): void {
    this.picture = picture;
    const names = picture.map.zones.map((zone) => zone.name as string);
    for (const [name, board] of this.boards) if (!names.includes(name)) this.drop(name, board);
    this.draw();
  }

  colourBy(by: ColourBy): void {
    this.by = by;
    this.draw();
  }

  draw(): void {
    const { picture } = this;
    if (picture === null) return;
    for (const zone of picture.map.zones) this.drawZone(picture, zone);
    this.drawLegend(picture);
  }

  private drawZone(picture: Picture, zone: ZoneMap): void {
    const board = this.boards.get(zone.name) ?? this.make(zone.name);
    const { free } = tierBytes(zone, picture.map.cellBytes);
    const bytes = zone.endPtr - zone.startPtr;
    const title = `${zone.name} zone, ${bytesText(bytes)}, ${shareText(free / bytes)} free`;
    if (board.head.textContent !== title) board.head.textContent = title;
    board.canvas.setAttribute('aria-label', `Map of the ${title}. Arrow keys walk over its cells.`);
    const context = fit(board, zone.kinds.length);
    const free0 = styleColour('--free');
    for (let index = 0; index < zone.kinds.length; index++) {
      context.fillStyle = this.colourOf(cellOf(zone, index), picture) ?? free0;
      context.fillRect(...squareOf(board, index));
    }
    if (document.activeElement === board.canvas) outline(context, board);
  }

  private colourOf({ tier, id, fullness, owner }: CellLook, picture: Picture): string | null {
    if (tier === 'free') return null;
    if (this.by === 'owner') return owner < 0 ? null : nth(owner);
    if (this.by === 'fullness') return fullnessColour(fullness);
    if (tier === 'large') return largeColour();
    if (tier === 'simple') return simpleColour();
    return this.by === 'tier'
      ? nth(0)
      : onScale(shareOfSizes(picture, picture.sizes[id - 1] ?? 16));
  }

  private drawLegend(picture: Picture): void {
    const entries = [[styleColour('--free'), TIERS.free], ...this.entries(picture)];
    const is = JSON.stringify(entries);
    if (is === this.legendIs) return;
    this.legendIs = is;
    this.legend.replaceChildren(
      ...entries.map(([colour, text]) => entryOf(colour ?? '', text ?? '')),
    );
  }

  private entries(picture: Picture): [string, string][] {
    const { by } = this;
    if (by === 'fullness') {
      return [1, 3, 5, 7, 9].map((n) => [fullnessColour(n), `${shareText(n / 9)} in use`]);
    }
    if (by === 'owner') {
      const slots = picture.workers.map(({ slot }) => slot).slice(0, OWNERS);
      return slots.map((slot) => [nth(slot), `slot ${String(slot)}`]);
    }
    const rest: [string, string][] = [
      [largeColour(), TIERS.large],
      [simpleColour(), TIERS.simple],
    ];
    if (by === 'tier') return [[nth(0), TIERS.slab], ...rest];
    const marks = [16, 64, 256, 1024, 4096, 16_384, 65_536].filter((b) => b <= largest(picture));
    return [
      ...marks.map((b): [string, string] => [
        onScale(shareOfSizes(picture, b)),
        `${bytesText(b)} blocks`,
      ]),
      ...rest,
    ];
  }

  private make(name: string): Board {
    const head = document.createElement('h3');
    const canvas = document.createElement('canvas');
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'img');
    this.place.append(head, canvas);
    const board = { head, canvas, columns: 1, cursor: 0 };
    this.boards.set(name, board);
    canvas.addEventListener('keydown', (event) => this.onKey(event, name, board));
    canvas.addEventListener('focus', () => this.moveTo(name, board, board.cursor));
    canvas.addEventListener('blur', () => this.draw());
    canvas.addEventListener('pointermove', (event) => this.onPointer(event, name, board));
    return board;
  }

  private drop(name: string, { head, canvas }: Board): void {
    head.remove();
    canvas.remove();
    this.boards.delete(name);
  }

  private onKey(event: KeyboardEvent, name: string, board: Board): void {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -board.columns,
      ArrowDown: board.columns,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.moveTo(name, board, board.cursor + step);
  }

  private onPointer(event: PointerEvent, name: string, board: Board): void {
    const column = Math.min(board.columns - 1, Math.floor(event.offsetX / PITCH));
    this.say(name, Math.floor(event.offsetY / PITCH) * board.columns + column);
  }

  private moveTo(name: string, board: Board, to: number): void {
    const cells = this.zoneOf(name)?.kinds.length ?? 1;
    board.cursor = Math.min(cells - 1, Math.max(0, to));
    this.draw();
    this.say(name, board.cursor);
  }

  private say(name: string, index: number): void {
    const zone = this.zoneOf(name);
    if (zone === undefined || this.picture === null || index >= zone.kinds.length) return;
    this.said.textContent = cellText(this.picture, zone, index);
  }

  private zoneOf(name: string): ZoneMap | undefined {
    return this.picture?.map.zones.find((zone) => zone.name === name);
  }
}

/** Makes the canvas as large as so many cells need, and clears it. */
function fit(board: Board, cells: number): CanvasRenderingContext2D {
  const { canvas } = board;
  const width = Math.max(PITCH, canvas.parentElement?.clientWidth ?? 0);
  board.columns = Math.max(1, Math.floor(width / PITCH));
  const height = Math.ceil(cells / board.columns) * PITCH;
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${String(height)}px`;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.scale(scale, scale);
  return context;
}

function squareOf({ columns }: Board, index: number): [number, number, number, number] {
  const size = PITCH - GAP;
  return [(index % columns) * PITCH, Math.floor(index / columns) * PITCH, size, size];
}

function outline(context: CanvasRenderingContext2D, board: Board): void {
  context.strokeStyle = styleColour('--text');
  context.lineWidth = 2;
  context.strokeRect(...squareOf(board, board.cursor));
}

/** Where a size stands between the least and the largest, by its logarithm. */
function shareOfSizes(picture: Picture, bytes: number): number {
  return Math.log2(bytes / 16) / Math.max(1, Math.log2(largest(picture) / 16) + 0.01);
}

function largest({ sizes }: Picture): number {
  return sizes.at(-1) ?? 4096;
}

function entryOf(colour: string, text: string): HTMLElement {
  const entry = document.createElement('li');
  const swatch = document.createElement('span');
  swatch.className = 'swatch';
  swatch.style.background = colour;
  entry.append(swatch, text);
  return entry;
}
