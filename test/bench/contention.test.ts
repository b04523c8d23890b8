// What is watched of locks, and what is made of it: logs, takes, scripts, rows.
import { describe, expect, test } from 'vitest';
import type * as costsSource from '../../bench/contention/costs.ts';
import { holdRows, movedNs } from '../../bench/contention/holds.ts';
import { EVENT, Log, logBuffer, ROOM, type LogEvent } from '../../bench/contention/log.ts';
import { LockNames, TOTALS } from '../../bench/contention/names.ts';
import type { Recording } from '../../bench/contention/recording.ts';
import { scriptOf } from '../../bench/contention/script.ts';
import { takesOf } from '../../bench/contention/takes.ts';
import { setWatch } from '../../bench/contention/watch.ts';
import { SharedHeap } from '../../src/index.ts';

const { ASKED, TAKEN, GIVEN, TOUCHED } = EVENT;
const [OUTER, INNER] = [100, 200];

function logOf(...events: readonly (readonly [kind: number, word: number, ns: number])[]) {
  return events.map(([kind, word, ns]): LogEvent => ({ kind, word, ns }));
}

/** A lock within a lock, with a watch that takes 10 ns for each note. */
const nested = logOf(
  [ASKED, OUTER, 1000],
  [TAKEN, OUTER, 1030],
  [ASKED, INNER, 1100],
  [TAKEN, INNER, 1130],
  [TOUCHED, 34, 1200],
  [GIVEN, INNER, 1250],
  [GIVEN, OUTER, 1300],
  [ASKED, OUTER, 2000],
  [TAKEN, OUTER, 2030],
  [GIVEN, OUTER, 2140],
);

describe('a watch', () => {
  test('notes each lock when it is asked for, taken and given back, by its name', () => {
    const heap = SharedHeap.create({ size: '16MiB' });
    const log = new Log(logBuffer(1), 0);
    log.begin(true);
    const endWatch = setWatch(log);
    const blocks = Array.from({ length: 50 }, () => heap.alloc(16 * 1024));
    endWatch();
    const names = new LockNames(heap.handle);
    const events = log.read();
    expect(new Set(events.map(({ word }) => names.of(word)))).toEqual(
      new Set(['class of 16384 B', 'zone dma', 'pool', TOTALS]),
    );
    const of = (wanted: number): number => events.filter(({ kind }) => kind === wanted).length;
    expect([of(ASKED), of(GIVEN)]).toEqual([of(TAKEN), of(TAKEN)]);
    expect(events.every(({ ns }, i) => i === 0 || ns >= events[i - 1]!.ns)).toBe(true);
    for (const block of blocks) heap.free(block);
    expect(log.length).toBe(events.length);
    heap.detach();
  });

  test('takes no notes while it is off, and says when there is no room for more', () => {
    const log = new Log(logBuffer(1), 0);
    log.note(ASKED, OUTER);
    expect(log.length).toBe(0);
    log.begin(true);
    for (let i = 0; i <= ROOM; i++) log.note(ASKED, OUTER);
    expect(log.overflowed).toBe(true);
    log.begin(true);
    expect([log.overflowed, log.length]).toEqual([false, 0]);
  });

  test('has the clock of its process: what one thread notes after another comes later', () => {
    const buffer = logBuffer(2);
    const logs = [new Log(buffer, 0), new Log(buffer, 1)];
    for (const log of logs) log.begin(true);
    const before = Number(process.hrtime.bigint());
    for (const log of logs) log.note(ASKED, OUTER);
    const [first, second] = logs.map((log) => log.read()[0]!.ns);
    expect(Math.abs(first! - before)).toBeLessThan(1e9);
    expect(second! - first!).toBeGreaterThan(-1e6);
  });
});

describe('takes', () => {
  test('are held without the watch, and what is held within is held, too', () => {
    expect(takesOf([nested], 10)).toEqual([
      { word: OUTER, takenNs: 1030, waitedNs: 0, heldNs: 270 - 5 * 10, moved: false },
      { word: INNER, takenNs: 1130, waitedNs: 0, heldNs: 120 - 2 * 10, moved: false },
      { word: OUTER, takenNs: 2030, waitedNs: 0, heldNs: 110 - 10, moved: false },
    ]);
  });

  test('have waited if another thread had the lock when they asked', () => {
    const other = logOf([ASKED, OUTER, 1200], [TAKEN, OUTER, 1400], [GIVEN, OUTER, 1500]);
    const takes = takesOf([nested, other], 10).filter(({ word }) => word === OUTER);
    expect(takes.map(({ waitedNs, moved }) => [waitedNs, moved])).toEqual([
      [0, false],
      [190, true],
      [0, true],
    ]);
  });

  test('that are not whole do not count', () => {
    expect(takesOf([nested.slice(1, 6)], 10).map(({ word }) => word)).toEqual([INNER]);
  });
});

describe('a script', () => {
  test('has what a thread does by itself between its steps', () => {
    const { places, steps, ops } = scriptOf(nested, (word) => `lock ${word}`, 10, 7);
    expect([places, ops]).toEqual([['lock 100', 'lock 200', 'lock 34'], 7]);
    const ask = 20; // taking a lock that is free
    const told = steps.map(({ kind, place, thenNs }) => [kind, place, thenNs]);
    expect(told.slice(0, -1)).toEqual([
      ['take', 0, 60 + ask],
      ['take', 1, 60],
      ['touch', 2, 40],
      ['give', 1, 40],
      ['give', 0, 690 + ask],
      ['take', 0, 100],
    ]);
    expect(told.at(-1)!.slice(0, 2)).toEqual(['give', 0]);
  });

  test('leaves out what interrupted the thread, and what it waited', () => {
    const events = logOf(
      ...[0, 1000, 2000, 3000, 9_000_000].flatMap((ns, i) => [
        [ASKED, OUTER, ns] as const,
        [TAKEN, OUTER, ns + (i === 2 ? 500 : 30)] as const,
        [GIVEN, OUTER, ns + 600] as const,
      ]),
    );
    const { steps } = scriptOf(events, String, 10, 1);
    const gives = steps.filter(({ kind }) => kind === 'give').map(({ thenNs }) => thenNs);
    expect(Math.max(...gives)).toBe(390 + 20);
    expect(steps[4]!.thenNs).toBe(90);
  });
});

describe('the rows of locks', () => {
  const counts = new Map([['lock 100', { contended: 3, slept: 2 }]]);
  const recording = {
    names: { of: (word: number) => `lock ${word}` } as LockNames,
    watched: [{ logs: [nested], ops: 1000, ns: 5 }],
    unwatched: [{ ops: 2_000_000, ns: 5, cpuNs: 5, counts }],
  } satisfies Recording;

  test('say how often each is taken, found taken and slept for, and how long it is held', () => {
    const rows = holdRows('locks', recording, 10);
    const table = rows.map(({ name, sides }) => [name, ...sides.map(({ median }) => median)]);
    expect(table).toEqual([
      ['all', 3000, 1.5, 1, 100, 220, 220, 0.42, 0],
      ['lock 100', 2000, 1.5, 1, 100, 220, 220, 0.32, 0],
      ['lock 200', 1000, 0, 0, 100, 100, 100, 0.1, 0],
    ]);
  });

  test('tell what a lock costs more that another thread had, once there are enough of them', () => {
    // Two threads have it twice in turn: every other time it comes from the other.
    const turns = Array.from({ length: 100 }, (_, i) => {
      const [at, held] = [i * 1000, i % 2 === 0 ? 250 : 100];
      return logOf([ASKED, OUTER, at], [TAKEN, OUTER, at + 30], [GIVEN, OUTER, at + 40 + held]);
    });
    const logsOf = (some: typeof turns) =>
      [0, 1].map((thread) => some.filter((_, i) => ((i >> 1) & 1) === thread).flat());
    const costsIn = (some: typeof turns) =>
      movedNs({ ...recording, watched: [{ logs: logsOf(some), ops: 1, ns: 1 }] }, 10);
    expect(costsIn(turns)('lock 7')).toBe(150);
    expect(costsIn(turns)('another')).toBe(0);
    expect(costsIn(turns.slice(0, 50))('lock 7')).toBe(0);
  });
});

describe('what waiting costs', () => {
  test('is some time for each part of it, on threads that answer each other', async () => {
    // From dist, as its threads run what was built.
    const built = new URL('../../dist/bench/contention/costs.js', import.meta.url);
    const costs = (await import(built.href)) as typeof costsSource;
    const waits = Object.entries(await costs.waitCosts());
    expect(waits.map(([name]) => name)).toHaveLength(5);
    for (const [name, ns] of waits) {
      expect(Number.isFinite(ns), name).toBe(true);
      if (name !== 'wakenNs') expect(ns, name).toBeGreaterThan(0);
    }
    const { eventNs, watchedNs, plainNs } = costs.watchCosts();
    expect(eventNs).toBeGreaterThan(0);
    expect(Math.min(watchedNs, plainNs)).toBeGreaterThan(0);
  });
});
