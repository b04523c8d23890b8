// What --watch and --dashboard show, and to whom.
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CELLS, formatGlance } from '../../bench/replay/glance.ts';
import { Terminal } from '../../bench/replay/onlookers.ts';
import { readOptions } from '../../bench/replay/options.ts';
import { paintFor } from '../../bench/replay/style.ts';
import { insideOf } from '../../src/heap/door.ts';
import { Looker } from '../../src/host/inspector.ts';
import { SharedHeap } from '../../src/index.ts';
import { EVERY, wordOf } from '../../src/slot/latency.ts';

let heap: SharedHeap;
beforeEach(() => {
  heap = SharedHeap.create({ size: '24MiB', maxSlots: 9 });
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  heap.detach();
});

function glance(looker = new Looker(heap)): string {
  return formatGlance(looker.look(CELLS), paintFor({ isTTY: false }));
}

describe('a glance', () => {
  test('has the figures of the heap, in words and in at most 80 columns', () => {
    const looker = new Looker(heap);
    looker.look(CELLS);
    const ptrs = Array.from({ length: 40 }, () => heap.alloc(64 * 1024));
    heap.free(ptrs[0]!);
    heap.free(ptrs[0]!);
    heap.alloc(2 ** 30);
    heap.transaction((tx) => tx.alloc(10 * 2 ** 20));
    vi.advanceTimersByTime(2000);
    const text = glance(looker);
    expect(text).toMatch(/two-tier, 2\d\.\d MiB, healthy/);
    expect(text).toMatch(/^live 12\.4 MiB in 40 blocks, peak \d/m);
    expect(text).toContain('1 refused, 1 bad frees');
    expect(text).toContain('21 allocs/s, 0.5 frees/s; 0.5 commits/s, 0 rollbacks/s');
    expect(text).toMatch(/^slot 0 \(here\) +21 +0\.5 +47619 +.* 0 +1$/m);
    expect(text).toMatch(/^free runs +4K +8K .* 8M/m);
    expect(text).toContain('0 dead recovered');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('has each worker’s latencies, a dash where nothing was timed, and what they are', () => {
    const looker = new Looker(heap);
    looker.look(CELLS);
    const { counters } = insideOf(heap)((session) => session.on);
    expect(glance(looker)).toMatch(/^slot 0 \(here\) +0 +0 +– +– +– +0B +0 +0$/m);
    for (let i = 0; i < 99; i++) counters.bump(wordOf(0.0003));
    for (let i = 0; i < 2; i++) counters.bump(wordOf(3.5));
    vi.advanceTimersByTime(500);
    const text = glance(looker);
    expect(text).toMatch(/^slot 0 \(here\) +0 +0 +– 0\.5 µs +4\.1 ms +0B +0 +0$/m);
    expect(text).toMatch(/^worker +allocs\/s +frees\/s +µs\/call +p50 +p99 +cached +waits +tx$/m);
    expect(text).toContain(`p50, p99: slow allocs, last 10 s, one in ${EVERY} is timed`);
  });

  test('stays within 80 columns with the widest figures there are', () => {
    const picture = new Looker(heap).look(CELLS);
    const latency = { p50Microseconds: 2 ** 17, p99Microseconds: 2 ** 18 };
    const calls = { allocRate: 1.23e6, freeRate: 1.23e6, mostMicroseconds: 47_619 };
    const kept = { cachedBytes: 1023 * 1024, waits: 12_345, commits: 12_345 };
    const worker = { ...picture.workers[0], ...calls, ...kept, slowAllocLatency: latency };
    const workers = [{ ...worker, slot: 88, threadId: 4711, self: false }];
    const text = formatGlance({ ...picture, workers } as never, paintFor({ isTTY: false }));
    expect(text).toMatch(/^slot 88, thread 4711 .* 131 ms > 131 ms +1023K 12\.3k 12\.3k$/m);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('draws each zone up to what is in use, and says how much is free behind it', () => {
    const empty = glance();
    expect(empty).toMatch(/^dma zone {4}16\.0 MiB free$/m);
    heap.alloc(10 * 2 ** 20);
    const text = glance();
    const cellBytes = 64 * 1024;
    expect(text).toContain('64 KiB each: . free');
    const rows = text.split('\n').filter((line) => /^(\w+ zone)? +[.a-d#~]+$/.test(line));
    const drawn = rows.map((row) => row.slice(12)).join('');
    expect(drawn.split('#').length - 1).toBeGreaterThanOrEqual((10 * 2 ** 20) / cellBytes);
    expect(rows.every((row) => row.length <= 12 + 64)).toBe(true);
  });

  test('says who has died, and what locks are fought for', () => {
    const picture = new Looker(heap).look(CELLS);
    const death = { slot: 3, threadId: 7, locks: 1, rolledBack: 2, milliseconds: 0.5 };
    const lock = { name: 'zone dma', contended: 1234, waits: 5, contendedRate: 0 };
    const text = formatGlance(
      { ...picture, locks: [lock], deaths: [death], health: ['too bad'] } as never,
      paintFor({ isTTY: false }),
    );
    expect(text).toContain('recovered slot 3, thread 7: 1 locks, 2 rolled back, 0.50 ms');
    expect(text).toContain('locks found taken: zone dma 1.23k');
    expect(text).toContain('too bad');
  });
});

describe('a terminal', () => {
  function streamOf(isTTY: boolean, rows: number) {
    const stream = new PassThrough().setEncoding('utf8');
    return Object.assign(stream, { isTTY, rows }) as unknown as NodeJS.WriteStream & PassThrough;
  }

  test('is drawn over twice a second, however few rows it has', () => {
    const stream = streamOf(true, 12);
    const terminal = new Terminal(heap, stream);
    vi.advanceTimersByTime(500);
    const first = String(stream.read());
    expect(first.split('\n').length - 1).toBe(11);
    expect(first).not.toContain('\u001B[11A');
    vi.advanceTimersByTime(500);
    expect(String(stream.read()).startsWith('\u001B[11A\u001B[0J')).toBe(true);
    terminal.end();
    vi.advanceTimersByTime(5000);
    expect(stream.read()).toBeNull();
  });

  test('that is none gets a glance every five seconds, and one at least', () => {
    const stream = streamOf(false, 0);
    const terminal = new Terminal(heap, stream);
    vi.advanceTimersByTime(4900);
    expect(stream.read()).toBeNull();
    vi.advanceTimersByTime(5000);
    expect(String(stream.read()).match(/^The heap at/gm)).toHaveLength(1);
    terminal.end();
    expect(stream.read()).toBeNull();
    new Terminal(heap, stream).end();
    expect(String(stream.read())).toMatch(/^The heap at .*\n\n$/s);
  });
});

describe('the options', () => {
  test('ask for a dashboard, at a port if one is given, and for a terminal', () => {
    expect(readOptions([])).toMatchObject({ seconds: 0, watch: false });
    expect(readOptions([])).not.toHaveProperty('dashboard');
    expect(readOptions(['--dashboard'])).toMatchObject({ dashboard: 7077, seconds: 120 });
    expect(readOptions(['--dashboard', '0', '--seconds', '5'])).toMatchObject({
      dashboard: 0,
      seconds: 5,
    });
    expect(readOptions(['--watch'])).toMatchObject({ watch: true, seconds: 120 });
  });

  test.each(['65536', '-1', 'http', '1.5'])('refuse %s, which is no port', (port) => {
    const exit = vi.spyOn(process, 'exit').mockImplementation((status) => {
      throw new Error(`exit ${String(status)}`);
    });
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(() => readOptions([`--dashboard=${port}`])).toThrow('exit 2');
    expect(String(said.mock.calls[0])).toContain('from 0 to 65535');
    exit.mockRestore();
    said.mockRestore();
  });
});
