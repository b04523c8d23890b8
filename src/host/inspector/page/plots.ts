// The charts, drawn by uPlot: the last two minutes of some figures. What has been seen is kept
// here, one row for each look; a worker that comes has a line from then on, one that goes a gap.

import type { Picture, WorkerLook } from '../look.ts';
import { bytesText, countText } from '../wording.ts';
import { nth, onScheme, styleColour } from './colours.ts';

const SECONDS = 120;
const HEIGHT = 178;
/** Lines of one chart: more are not told apart. */
const MOST_LINES = 8;

interface Plot {
  setData(data: (number | null)[][]): void;
  setSize(size: { width: number; height: number }): void;
  redraw(rebuildPaths?: boolean): void;
  destroy(): void;
}
type PlotClass = new (options: object, data: (number | null)[][], target: HTMLElement) => Plot;

interface Line {
  readonly name: string;
  readonly of: (picture: Picture) => number | null;
}

interface Chart {
  readonly place: HTMLElement;
  readonly lines: readonly Line[];
  readonly plot: Plot;
}

const MEMORY: Line[] = [
  { name: 'live bytes', of: ({ headline }) => headline.liveBytes },
  { name: 'pages in use', of: ({ headline, pageBytes }) => headline.usedPages * pageBytes },
];
const LOCKS: Line[] = [
  { name: 'found taken', of: rate(({ headline }) => headline.contendedRate) },
  { name: 'slept for', of: rate(({ headline }) => headline.lockWaitRate) },
];
const DEATHS: Line[] = [
  { name: 'commits', of: rate(({ headline }) => headline.commitRate) },
  { name: 'rollbacks', of: rate(({ headline }) => headline.rollbackRate) },
  { name: 'recoveries', of: rate(({ headline }) => headline.recoveryRate) },
];

export class Plots {
  private readonly Plot: PlotClass | undefined = (globalThis as { uPlot?: PlotClass }).uPlot;
  private readonly pictures: Picture[] = [];
  private readonly charts = new Map<string, Chart>();
  private slots: number[] = [];

  /** Whether there is a library to draw with. */
  get canDraw(): boolean {
    return this.Plot !== undefined;
  }

  constructor() {
    onScheme(() => this.charts.forEach(({ plot }) => plot.redraw()));
    addEventListener('resize', () => {
      for (const { place, plot } of this.charts.values()) plot.setSize(sizeOf(place));
    });
  }

  show(picture: Picture): void {
    if (this.pictures.at(-1)?.heap !== picture.heap) this.pictures.length = 0; // another heap
    this.pictures.push({ ...picture, map: { cellBytes: 0, runs: 0, zones: [] } }); // no chart's
    const from = picture.timeMs - SECONDS * 1000;
    while ((this.pictures[0]?.timeMs ?? from) < from) this.pictures.shift();
    if (this.Plot === undefined) return;
    this.draw('memory', MEMORY, bytesText);
    this.draw('rates', this.workers(picture), countText);
    this.draw('contention', LOCKS, countText);
    this.draw('deaths', DEATHS, countText);
  }

  /** A line for each seat, as long as there are few: who comes later finds a chart that is full. */
  private workers({ workers }: Picture): Line[] {
    const seated = new Set(workers.map(({ slot }) => slot));
    const leaving = this.slots.filter((slot) => !seated.has(slot) && this.isForgotten(slot));
    this.slots = this.slots.filter((slot) => !leaving.includes(slot));
    const calling = workers.filter(({ slot }) => !this.slots.includes(slot)).filter(isCalling);
    for (const { slot } of calling.slice(0, MOST_LINES - this.slots.length)) this.slots.push(slot);
    this.slots.sort((a, b) => a - b);
    return this.slots.map((slot) => ({
      name: `slot ${String(slot)}`,
      of: rate((picture) => {
        const worker = picture.workers.find((it) => it.slot === slot);
        return worker === undefined ? null : worker.allocRate + worker.freeRate;
      }),
    }));
  }

  private isForgotten(slot: number): boolean {
    return !this.pictures.some(({ workers }) => workers.some((it) => it.slot === slot));
  }

  private draw(id: string, lines: readonly Line[], text: (value: number) => string): void {
    const { pictures, charts } = this;
    const now = pictures.at(-1)?.timeMs ?? 0;
    const data = [
      pictures.map(({ timeMs }) => (timeMs - now) / 1000),
      ...lines.map(({ of }) => pictures.map(of)),
    ];
    const known = charts.get(id);
    const same = known?.lines.map(({ name }) => name).join() === lines.map((l) => l.name).join();
    if (known !== undefined && same) return known.plot.setData(data);
    known?.plot.destroy();
    const place = document.getElementById(`plot-${id}`);
    if (this.Plot === undefined || place === null) return;
    const options = { ...optionsOf(lines, text), ...sizeOf(place) };
    charts.set(id, { place, lines, plot: new this.Plot(options, data, place) });
  }
}

function rate(of: (picture: Picture) => number | null): (picture: Picture) => number | null {
  return (picture) => (picture.seconds === 0 ? null : of(picture));
}

function isCalling({ allocRate, freeRate }: WorkerLook): boolean {
  return allocRate + freeRate > 0;
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, place.clientWidth), height: HEIGHT };
}

function optionsOf(lines: readonly Line[], text: (value: number) => string): object {
  const axis = {
    stroke: () => styleColour('--quiet'),
    grid: { stroke: () => styleColour('--grid'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  const ago = (seconds: number) => (seconds === 0 ? 'now' : `${String(seconds)} s`);
  const line = ({ name }: Line, index: number) => {
    return { label: name, width: 1.6, stroke: () => nth(index), points: { show: false } };
  };
  return {
    scales: { x: { time: false, range: [-SECONDS, 0] }, y: { range: fromZero } },
    axes: [
      { ...axis, size: 24, values: (_: unknown, all: number[]) => all.map(ago) },
      {
        ...axis,
        size: 66,
        incrs: stepsOf(text),
        values: (_: unknown, all: number[]) => all.map(text),
      },
    ],
    series: [{}, ...lines.map(line)],
    cursor: { show: false },
    legend: { live: false },
  };
}

/** How far apart the numbers at an axis may be: powers of two for bytes, of ten for counts. */
function stepsOf(text: (value: number) => string): number[] {
  const powers = (base: number) => Array.from({ length: 36 }, (_, index) => base ** index);
  return text === bytesText ? powers(2) : powers(10).flatMap((n) => [n, 2 * n, 5 * n]);
}

function fromZero(_: unknown, _least: number | null, most: number | null): [number, number] {
  return [0, Math.max(1, (most ?? 0) * 1.08)];
}
