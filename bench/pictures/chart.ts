// A chart: lines on axes with names and units, drawn as SVG, dark on light. Ours is the one thick
// unbroken line with filled marks; every other has dashes and marks of its own, so that a picture
// without colours says the same.
import { init, use } from 'echarts/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

export interface Line {
  readonly name: string;
  /** One for each of the panel's steps; null where there is no figure. */
  readonly values: readonly (number | null)[];
}

export interface Panel {
  readonly title: string;
  /** What is along the bottom, and what up the side, with its unit. */
  readonly across: string;
  readonly up: string;
  readonly steps: readonly string[];
  readonly lines: readonly Line[];
}

export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  /** Whose lines are thick. */
  readonly ours: string;
  readonly panels: readonly Panel[];
}

const WIDTH = 560; // of one panel
const HEIGHT = 520;
const EDGE = { left: 76, right: 30, top: 110, bottom: 130 };
const INK = '#222222';
const GRID = '#dddddd';

const STYLES = [
  { color: '#0072b2', type: [6, 3], symbol: 'rect' },
  { color: '#d55e00', type: [2, 3], symbol: 'triangle' },
  { color: '#009e73', type: [10, 4], symbol: 'diamond' },
  { color: '#cc79a7', type: [8, 3, 2, 3], symbol: 'emptyCircle' },
  { color: '#8a6d00', type: [1, 2], symbol: 'emptyTriangle' },
  { color: '#56b4e9', type: [12, 3, 3, 3], symbol: 'emptyRect' },
  { color: '#777777', type: [4, 6], symbol: 'emptyDiamond' },
] as const;

const OURS = { color: '#000000', type: 'solid', symbol: 'circle' } as const;

/** The chart as the text of an SVG file. */
export function draw(chart: Chart): string {
  const [width, height] = [WIDTH * chart.panels.length, HEIGHT];
  const canvas = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const names = [...new Set(chart.panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  canvas.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { color: INK, fontFamily: 'sans-serif' },
    title: [
      { text: chart.title, subtext: chart.subtitle, left: 16, top: 10 },
      ...chart.panels.map(panelTitle),
    ],
    legend: { data: names, bottom: 12, left: 'center', itemWidth: 44, itemGap: 18 },
    grid: chart.panels.map((_, index) => gridOf(index)),
    xAxis: chart.panels.map(acrossOf),
    yAxis: chart.panels.map(upOf),
    series: chart.panels.flatMap((panel, index) => seriesOf(panel, index, names, chart.ours)),
  });
  const text = canvas.renderToSVGString();
  canvas.dispose();
  return text;
}

function panelTitle({ title }: Panel, index: number) {
  const textStyle = { fontSize: 14, color: INK };
  return { text: title, left: index * WIDTH + EDGE.left, top: EDGE.top - 42, textStyle };
}

function gridOf(index: number) {
  const width = WIDTH - EDGE.left - EDGE.right;
  return { left: index * WIDTH + EDGE.left, width, top: EDGE.top, bottom: EDGE.bottom };
}

function acrossOf({ across, steps }: Panel, gridIndex: number) {
  const line = { lineStyle: { color: INK } };
  const name = { name: across, nameLocation: 'middle', nameGap: 32 };
  const every = { axisLabel: { interval: 0 }, axisLine: line };
  return { ...name, gridIndex, type: 'category', data: [...steps], ...every };
}

function upOf({ up }: Panel, gridIndex: number) {
  const splitLine = { lineStyle: { color: GRID } };
  const name = { name: up, nameLocation: 'middle', nameGap: 54 };
  return { ...name, gridIndex, type: 'log', axisLabel: { formatter: inShort }, splitLine };
}

/** 1200 is 1.2k, 3,000,000 is 3M. */
function inShort(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}

function seriesOf({ lines }: Panel, panel: number, names: readonly string[], ours: string) {
  const others = names.filter((name) => name !== ours);
  return lines.map(({ name, values }) => {
    const mine = name === ours;
    const style = mine ? OURS : STYLES[others.indexOf(name) % STYLES.length]!;
    const { color, type, symbol } = style;
    const width = mine ? 4 : 1.6;
    return {
      name,
      type: 'line',
      xAxisIndex: panel,
      yAxisIndex: panel,
      data: values.map((value) => value ?? '-'),
      symbol,
      symbolSize: mine ? 10 : 8,
      color,
      lineStyle: { color, width, type: typeof type === 'string' ? type : [...type] },
      z: mine ? 3 : 2,
    };
  });
}
