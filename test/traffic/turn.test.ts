// A turn and a run report what the heap and the workers did, and never hang on either.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { PlayedHeap } from '../../bench/replay/blocks.ts';
import { hireCrew, type Crew } from '../../bench/replay/crew.ts';
import { castParts, eventsOf, heapBytes, planRound, type Turn } from '../../bench/replay/plan.ts';
import { Player } from '../../bench/replay/player.ts';
import { formatReport } from '../../bench/replay/report.ts';
import { Run, type Audience } from '../../bench/replay/run.ts';
import { paintFor } from '../../bench/replay/style.ts';
import { OP, parseTrace, type Trace } from '../../bench/replay/trace.ts';
import { playTurn } from '../../bench/replay/turn.ts';
import { SharedHeap } from '../../src/index.ts';
import { pack, type Recorded } from './recording.ts';

const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
afterAll(() => rmSync(folder, { recursive: true }));

// `count` blocks, each freed by the thread after the one that allocated it.
function passing(name: string, threads: number, count: number): Trace {
  const events = Array.from({ length: count }, (_, block): Recorded[] => [
    { op: OP.ALLOC, thread: block % threads, block, size: 100 + block },
    { op: OP.FREE, thread: (block + 1) % threads, block },
  ]);
  return parseTrace(name, pack({ threads, blocks: count, events: events.flat() }));
}

function turnOf(trace: Trace, copies: number): Turn {
  return { name: trace.name, traces: [trace], copies };
}

// A crew of one worker, which is this thread.
function crewHere(heap: PlayedHeap): Crew {
  const play: Crew['play'] = async ({ stage, share }) => {
    const player = new Player(heap, stage, share);
    player.playShare();
    return { startedMs: 0, endedMs: 100, notes: player.notes };
  };
  return { workers: 1, play, dismiss: async () => {} };
}

const silence: Audience = { onRound: () => {}, onProgress: () => {} };

describe('the plan', () => {
  it('casts every recorded thread once, threads of one copy on different workers', () => {
    const turn = {
      ...turnOf(passing('a', 3, 30), 4),
      traces: [passing('a', 3, 30), passing('b', 5, 9)],
    };
    const parts = castParts(turn, 5);
    expect(parts.length).toBe(4 * 3 + 4 * 5);
    const names = parts.map(({ trace, copy, thread }) => `${trace}.${copy}.${thread}`);
    expect(new Set(names).size).toBe(parts.length);
    const seats = parts.map(({ trace, copy, share }) => `${trace}.${copy} on ${share}`);
    expect(new Set(seats).size).toBe(parts.length);
  });

  it('plays each trace alone, smallest first, then all of them together', () => {
    const traces = [passing('large', 1, 300), passing('small', 1, 3)];
    const names = planRound(traces, 2).map(({ name }) => name);
    expect(names).toEqual(['small', 'large', 'all together']);
    expect(planRound(traces.slice(1), 2).length).toBe(1);
  });

  it('asks for a heap of 64 MiB at least, and for more than the traces can have live', () => {
    const large: Trace = { ...passing('large', 1, 3), reachBytes: 50e6 };
    expect(heapBytes([turnOf(passing('small', 1, 3), 1)], 4)).toBe(64 * 1024 ** 2);
    expect(heapBytes([turnOf(large, 4)], 4)).toBeGreaterThan(4 * 50e6);
    expect(heapBytes([turnOf(large, 1000)], 4)).toBeLessThanOrEqual(16 * 1024 ** 3);
  });
});

describe('a run', () => {
  it('reports all events of all rounds, nothing lost, and a sound heap', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    const turn = turnOf(passing('a', 3, 50), 2);
    const run = new Run(heap, crewHere(heap), [turn, turn], silence);
    const report = await run.play(0);
    expect(report).toMatchObject({ sound: true, rounds: 1, interrupted: false, findings: [] });
    expect(report.total.events).toBe(eventsOf(turn) * 2);
    expect(report.traces.map(({ leaks }) => leaks)).toEqual([0, 0]);
    expect(report.total.peakLiveBytes).toBeGreaterThan(0);
    expect(report.total.peakPages).toBeGreaterThan(0);
  });

  it('sees leaks, and is not sound then', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    const crew = crewHere({ ...members(heap), free: () => true });
    const report = await new Run(heap, crew, [turnOf(passing('a', 1, 10), 1)], silence).play(0);
    expect(report.total.leaks).toBe(10);
    expect(report.sound).toBe(false);
    expect(formatReport(report, paintFor({}))).toMatch(/NOT sound: 10 leaks/);
  });

  it('says so when the heap was too small', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    const crew = crewHere({ ...members(heap), alloc: () => 0 });
    const report = await new Run(heap, crew, [turnOf(passing('a', 1, 10), 1)], silence).play(0);
    expect(report.total).toMatchObject({ failed: 10, skipped: 10, leaks: 0 });
    expect(formatReport(report, paintFor({}))).toMatch(/8 MiB is too small .* larger --size/);
  });

  it('that is stopped before its end frees what was live and says that it is a part', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    const crew = crewHere(heap);
    const play: Crew['play'] = async (task) => {
      new Player(heap, task.stage, 0).play(0, 101);
      await Promise.resolve();
      run.stop();
      return crew.play(task);
    };
    const turns = [turnOf(passing('a', 1, 2000), 1)];
    const run: Run = new Run(heap, { ...crew, play }, turns, silence);
    const report = await run.play(60);
    expect(report.total).toMatchObject({ events: 101, leftovers: 1, leaks: 0, rounds: 0 });
    expect(report).toMatchObject({ interrupted: true, sound: true });
    expect(formatReport(report, paintFor({}))).toMatch(/Interrupted/);
  });
});

// A heap's methods as an object of their own, to change one of them.
function members(heap: SharedHeap): PlayedHeap {
  return {
    i32: heap.i32,
    u8: heap.u8,
    view: (ptr, type, length) => heap.view(ptr, type, length),
    alloc: (size) => heap.alloc(size),
    free: (ptr) => heap.free(ptr),
    realloc: (ptr, size) => heap.realloc(ptr, size),
    tryAlloc: (size, options) => heap.tryAlloc(size, options),
  };
}

describe('a worker that fails', () => {
  const failing: [how: string, program: string, reason: RegExp][] = [
    ['throws', "throw new Error('no luck')", /a worker failed: Error: no luck/],
    ['exits', 'process.exit(3)', /a worker failed: .*exited with code: 3/],
  ];

  it('ends the turn if it never comes to an end, and does not wait for it', async () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    const crew: Crew = { ...crewHere(heap), play: () => new Promise(() => {}) };
    const { finished } = playTurn(heap, crew, turnOf(passing('a', 2, 10), 1), () => {}, 20);
    await expect(finished).rejects.toThrow(/no event was played/);
  });

  it.each(failing)('ends the turn with a reason: it %s', async (how, program, reason) => {
    const file = join(folder, `${how}.mjs`);
    const finished = '{ startedMs: 0, endedMs: 1, notes: [] }';
    const body = `if (share === 1) { ${program} } return ${finished};`;
    writeFileSync(file, `export function replay({ share }) { ${body} }\n`);
    const crew = hireCrew(2, pathToFileURL(file));
    const heap = SharedHeap.create({ size: '8MiB' });
    const turn = turnOf(passing('a', 2, 10), 1);
    await expect(playTurn(heap, crew, turn, () => {}).finished).rejects.toThrow(reason);
    await crew.dismiss();
  });
});
