// The program behind `npm start`, run as a user runs it: real workers, real exit statuses.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../bench/replay/run.ts';
import { OP } from '../../bench/replay/trace.ts';
import { startIn, traffic, type Outcome } from './command.ts';
import { pack } from './recording.ts';

const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
const small = join(folder, 'small.atrc.gz');
const other = join(folder, 'other.atrc.gz');
const json = join(folder, 'figures.json');

afterAll(() => rmSync(folder, { recursive: true }));

const events = traffic(5, 3000);

// The phase with kills is in siege.test.ts.
function start(args: readonly string[], onOutput?: (kill: () => void) => void): Promise<Outcome> {
  return startIn(folder, [...args, '--no-kill'], onOutput);
}

beforeAll(() => {
  writeFileSync(small, pack({ threads: 5, blocks: 3000, events }));
  writeFileSync(other, pack({ threads: 1, blocks: 100, events: traffic(1, 100) }));
});

function figures(): Report {
  return JSON.parse(readFileSync(json, 'utf8')) as Report;
}

describe('npm start', () => {
  it('shows the heap as it lives to who wants to see it', async () => {
    const looks = ['--watch', '--dashboard', '0', '--seconds', '0.1'];
    const { status, stdout, stderr } = await start(['--trace', small, ...looks]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^The heap as it lives: http:\/\/127\.0\.0\.1:\d+\/$/m);
    expect(stdout).toMatch(
      /^The heap at .* UTC: [^]*^worker +allocs\/s[^]*^The heap at its fullest/m,
    );
  });

  it.each([
    ['one worker for five threads', '1', '3'],
    ['a thread for each', '5', '2'],
    ['more workers than there is work', '9', '1'],
  ])('replays every event and leaves a sound, empty heap: %s', async (_name, workers, copies) => {
    const args = ['--trace', small, '--workers', workers, '--copies', copies, '--json', json];
    const { status, stdout, stderr } = await start(args);
    expect([status, stderr]).toEqual([0, '']);
    const report = figures();
    expect(report).toMatchObject({ sound: true, interrupted: false, findings: [], rounds: 1 });
    expect(report).toMatchObject({ workers: Number(workers), copies: Number(copies) });
    expect(report.node).toBe(process.version);
    expect(report.total).toMatchObject({
      events: events.length * Number(copies),
      leftovers: 30 * Number(copies),
      overlaps: 0,
      mismatches: 0,
      misaligned: 0,
      badFrees: 0,
      failed: 0,
      leaks: 0,
    });
    expect(report.stats).toMatchObject({ liveBlocks: 0, doubleFrees: 0, invalidFrees: 0 });
    expect(stdout).toMatch(/Sound: every block kept its stamp/);
  });

  it.each(['simple-heap', 'two-tier', 'hybrid'])('replays in mode %s', async (mode) => {
    const args = ['--trace', small, '--copies', '2', '--mode', mode, '--json', json];
    const { status, stderr } = await start(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(figures()).toMatchObject({ mode, sound: true });
  });

  it('repeats rounds of all traces for the seconds asked for', async () => {
    const args = ['--trace', small, other, '--seconds', '4', '--copies', '1', '--json', json];
    const { status, stderr } = await start(args);
    expect([status, stderr]).toEqual([0, '']);
    const { rounds, traces, total } = figures();
    expect(rounds).toBeGreaterThan(1);
    expect(traces.map(({ trace }) => trace)).toEqual(['other', 'small', 'all together']);
    expect(traces[1]!.events).toBe(events.length * rounds);
    expect(total.events).toBe(traces.reduce((sum, each) => sum + each.events, 0));
  });

  it('prints the table and the picture into a pipe, but no escape code or bar', async () => {
    const { stdout, stderr } = await start(['--trace', small]);
    expect(stderr).toBe('');
    expect(stdout.includes('\u001b')).toBe(false);
    expect(stdout.includes('█')).toBe(false);
    expect(stdout).toMatch(/The heap at its fullest/);
    for (const row of [
      'events/s',
      'peak live',
      'peak pages',
      'overlaps',
      'mismatches',
      'bad frees',
    ])
      expect(stdout).toContain(`│ ${row} `);
    for (const row of ['leaks', 'fragmentation', 'locks contended', 'health'])
      expect(stdout).toContain(`│ ${row} `);
  });

  it('fails with status 1, naming --size, when the heap is too small', async () => {
    const args = ['--trace', small, '--copies', '4', '--size', '4MiB', '--json', json];
    const big = join(folder, 'big.atrc.gz');
    const list = [{ op: OP.ALLOC, thread: 0, block: 0, size: 5e6 }];
    writeFileSync(big, pack({ threads: 1, blocks: 1, events: list }));
    const { status, stdout } = await start([...args, '--trace', big]);
    expect(status).toBe(1);
    expect(figures().total.failed).toBeGreaterThan(0);
    expect(figures().sound).toBe(false);
    expect(stdout).toMatch(/too small a heap for this. Try a larger --size/);
  });

  it('stops cleanly on SIGINT with a report of what was done until then', async () => {
    const args = ['--trace', small, '--seconds', '60', '--json', json];
    const { status, stdout } = await start(args, (kill) => setTimeout(kill, 700));
    expect(status).toBe(130);
    expect(figures()).toMatchObject({ interrupted: true, sound: true });
    expect(figures().stats.liveBlocks).toBe(0);
    expect(stdout).toMatch(/Interrupted/);
  });
});

describe('npm start refuses with status 2', () => {
  const cut = join(folder, 'cut.atrc.gz');
  const refused: [args: string[], reason: RegExp][] = [
    [['--workers', '0'], /--workers.*whole number from 1/],
    [['--workers', '2.5'], /--workers/],
    [['--copies', 'many'], /--copies/],
    [['--seconds', '-1'], /--seconds/],
    [['--seconds', 'NaN'], /--seconds/],
    [['--mode', 'three-tier'], /--mode.*simple-heap, two-tier, hybrid/],
    [['--kill-every', '0'], /--kill-every.*whole number from 1/],
    [['--kill-every', '2.5'], /--kill-every/],
    [['--kill-every', '60001'], /--kill-every.*to 60000/],
    [['--size', 'huge'], /no heap of size huge/],
    [['--size', '1KiB'], /no heap of size 1KiB/],
    [['--size', '0'], /no heap of size 0/],
    [['--colour'], /unknown option/],
    [['small.atrc.gz'], /too many arguments/],
    [['--trace', 'nowhere.atrc.gz'], /nowhere\.atrc\.gz: ENOENT/],
    [['--trace', folder], /EISDIR/],
    [['--json', 'no/such/folder.json'], /no\/such/],
    [['--trace', small, cut], /cut\.atrc\.gz: truncated/],
  ];

  it.each(refused)('%j', async (args, reason) => {
    writeFileSync(cut, readFileSync(small).subarray(0, 1000));
    const { status, stdout, stderr } = await start(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(reason);
  });

  it('but explains itself when asked, with status 0', async () => {
    const { status, stdout } = await start(['--help']);
    expect(status).toBe(0);
    const options = ['trace', 'workers', 'copies', 'seconds', 'mode', 'size', 'json', 'help'];
    const phase = ['kill-every', 'no-kill'];
    for (const option of [...options, ...phase]) expect(stdout).toContain(`--${option}`);
  });
});
