// The program behind `npm run bench`, run as a user runs it, without peers: they need not be there.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { Contest } from '../../bench/suite/contest.ts';
import { QUICK } from '../../bench/suite/measure.ts';
import { CONTESTS } from '../../bench/suite/rows.ts';
import type { RowResult, run as runSource } from '../../bench/suite/run.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/bench/bench.js');
const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
const json = join(folder, 'figures.json');

afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: readonly string[]): Promise<Outcome> {
  const run = promisify(execFile)(process.execPath, [PROGRAM, ...args]);
  return run.catch((error: unknown) => error as Outcome);
}

describe('npm run bench', () => {
  it('measures the rows that were asked for, and leaves every round in the file', async () => {
    const only = ['--only', '8 kib PAIR', '--only', 'larson hand'];
    const outcome = await bench('--quick', '--no-versus', ...only, '--json', json);
    expect(outcome).toMatchObject({ stderr: '' });
    expect(outcome.code).toBeUndefined();
    const report = JSON.parse(readFileSync(json, 'utf8')) as { node: string; rows: RowResult[] };
    expect(report.node).toBe(process.version);
    expect(report.rows.map(({ name }) => name)).toEqual([
      '8 KiB pair',
      'larson hand-over, 2 threads',
    ]);
    for (const { name, sides, failures } of report.rows) {
      expect(failures, name).toEqual([]);
      expect(sides.map((side) => side.name)).toContain('atomalloc');
      for (const { rounds } of sides) {
        expect(rounds).toHaveLength(3);
        expect(rounds.every((ns) => ns > 0 && Number.isFinite(ns))).toBe(true);
      }
      expect(outcome.stdout).toContain(name.split(',')[0]);
    }
  });

  it('watches locks, and simulates more threads than there are cores', async () => {
    const only = ['--only', 'hold times, larson', '--only', 'simulated threads, larson'];
    const outcome = await bench('--quick', '--no-versus', ...only, '--json', json);
    expect(outcome).toMatchObject({ stderr: '' });
    const { rows } = JSON.parse(readFileSync(json, 'utf8')) as { rows: RowResult[] };
    expect(rows.flatMap(({ failures }) => failures)).toEqual([]);
    const figure = (group: string, name: string, side: string): number =>
      rows
        .find((row) => row.group.includes(group) && row.name === name)!
        .sides.find((one) => one.name === side)!.median;
    expect(figure('locks: larson', 'all', 'taken per million')).toBeGreaterThan(0);
    expect(figure('locks: larson', 'all', 'held p50 ns')).toBeGreaterThan(0);
    for (const on of ['1 on 1', '64 on 64', '512 on 128']) {
      expect(figure('simulated:', on, 'M pairs/s'), on).toBeGreaterThan(0);
    }
    expect(figure('simulated:', '1 on 1', 'found taken per million')).toBe(0);
  });

  it('lists its rows', async () => {
    const { stdout } = await bench('--list', '--only', 'large');
    expect(stdout).toContain('large blocks: 1 MiB pair\n');
    expect(stdout).not.toContain('mixed');
  });

  it('refuses a name that no row has, with status 2', async () => {
    expect(await bench('--only', 'no such row')).toMatchObject({ code: 2 });
    expect(await bench('--no-such-option')).toMatchObject({ code: 2 });
  });
});

describe('a contest in which a side fails', () => {
  it('says which and why, and has the figures of the others', async () => {
    // From dist, as its threads run what was built.
    const suite = new URL('../../dist/bench/suite/', import.meta.url);
    const { run } = (await import(new URL('run.js', suite).href)) as { run: typeof runSource };
    const contest: Contest = {
      ...CONTESTS[0]!,
      job: { workload: 'pair', threads: 2, size: 0, live: 1 },
      peers: ['atomalloc', 'loop alone'],
    };
    const { sides, failures, verdict } = await run(contest, QUICK, null);
    expect(sides.map(({ name }) => name)).toEqual(['loop alone']);
    expect(failures).toEqual([{ side: 'atomalloc', what: 'there was no block of 0 bytes' }]);
    expect(verdict.met).toBeNull();
  });
});
