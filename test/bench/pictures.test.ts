// The pictures: whole SVG, axes with names and units, and a line of ours that is told apart without
// colours. Nothing is drawn of what was not measured.
import { describe, expect, test } from 'vitest';
import { LATENCY, SHARES } from '../../bench/latency/studies.ts';
import { picturesOf } from '../../bench/pictures/pictures.ts';
import { figuresOf, NO_GOAL } from '../../bench/suite/figures.ts';
import { THREADS } from '../../bench/suite/growth.ts';
import type { Surroundings } from '../../bench/suite/machine.ts';
import { rowResult, type RowResult } from '../../bench/suite/run.ts';

const where: Surroundings = {
  cpu: 'Some <fast> & “quoted” processor',
  cores: 2,
  system: 'linux',
  node: 'v20.0.0',
  v8: '11',
  commit: 'abc',
  date: '2026-01-02T03:04:05Z',
  load: 0,
};

function sides(scale: number) {
  return [figuresOf('atomalloc', [4 * scale]), figuresOf('libc', [9 * scale], true)];
}

const threadRows = [1, 2, 8].map((threads): RowResult => {
  const job = { workload: 'pair', threads, size: 64, live: 1 } as const;
  return { ...rowResult(THREADS, `${threads}`, 'ns', sides(threads), NO_GOAL), job };
});
const latencyRows = SHARES.map(([name], index) =>
  rowResult(LATENCY, name, 'ns', sides(10 ** index), NO_GOAL),
);

describe('the pictures of a run', () => {
  const pictures = picturesOf([...threadRows, ...latencyRows], where);

  test.each([
    ['scaling.svg', ['threads', 'million pairs of alloc and free per second']],
    ['latency.svg', ['nanoseconds', 'p99.9', 'the longest']],
  ])('are whole, and say what they show: %s', (file, words) => {
    const { svg } = pictures.find((picture) => picture.file === file)!;
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
    const names = ['atomalloc', 'libc', 'Some &lt;fast&gt; &amp; “quoted” processor'];
    for (const word of [...words, ...names]) expect(svg).toContain(word);
    expect(svg).not.toContain('NaN');
  });

  test('have ours in a thick unbroken line, and others in thin dashes', () => {
    const { svg } = pictures[0]!;
    const lines = svg.match(/<path [^>]*stroke="#(?:000000|000|0072b2)"[^>]*>/g)!;
    const thick = lines.filter((path) => path.includes('stroke-width="4"'));
    expect(thick.length).toBeGreaterThan(0);
    expect(thick.some((path) => path.includes('dasharray'))).toBe(false);
    expect(lines.some((path) => path.includes('dasharray'))).toBe(true);
  });

  test('are those for which there are rows', () => {
    expect(picturesOf(latencyRows, where).map(({ file }) => file)).toEqual(['latency.svg']);
    expect(picturesOf([], where)).toEqual([]);
  });
});
