// What has come in the last seconds: exact where samples were taken at a window's ends, and never
// nonsense where they were not, where the heap is younger, or where the clock was set.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import { COUNTER, SAMPLE } from '../../src/word/records.ts';
import { Samples } from '../../src/slot/samples.ts';
import { Stall } from '../../src/slot/stall.ts';
import { assertProperty } from '../support/random.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const MASK = 2 ** 31 - 1;
const PERIOD_MS = 2500;
const DAY_MS = 86_400_000;

/** A heap that is new at `start`, and a clock of this test's. */
class Bench {
  now: number;
  readonly on = sit(tinyHeap());
  readonly samples: Samples;
  readonly stall: Stall;

  constructor(start: number) {
    this.now = start;
    const clock = () => this.now & MASK;
    this.samples = new Samples(this.on.memory, this.on.layout, clock);
    this.stall = new Stall(this.on.memory, clock);
    this.samples.begin();
  }

  /** Time passes, in a stall or not. */
  pass(ms: number, stalled = false): void {
    if (stalled) this.stall.begin();
    this.now += ms;
    if (stalled) this.stall.end();
  }

  fail(times: number, ooms = 0): void {
    this.on.counters.add(COUNTER.FAILURES, times);
    this.on.counters.add(COUNTER.OOMS, ooms);
  }
}

interface Step {
  readonly stalled: boolean;
  readonly failures: number;
  readonly ooms: number;
  readonly allocs: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  stalled: fc.boolean(),
  failures: fc.nat(1000),
  ooms: fc.nat(20),
  allocs: fc.oneof(fc.nat(1000), fc.nat(2 ** 45)),
});

function sum(steps: readonly Step[], of: (step: Step) => number): number {
  return steps.reduce((total, it) => total + of(it), 0);
}

describe('a window', () => {
  test('has what came in it, wherever the clock stands', () => {
    const clocks = fc.nat(MASK - 60 * PERIOD_MS);
    const steps = fc.array(step, { minLength: 1, maxLength: 60 });
    assertProperty(
      60,
      fc.property(clocks, steps, fc.integer({ min: 1, max: 24 }), (start, all, count) => {
        const bench = new Bench(start & ~1); // an even time: a stamp has one more
        for (const it of all) {
          bench.on.counters.add(COUNTER.ALLOCS, it.allocs);
          bench.fail(it.failures, it.ooms);
          bench.pass(PERIOD_MS, it.stalled);
          expect(bench.samples.take()).toBe(true);
        }
        const last = all.slice(-count);
        expect(bench.samples.since(count * PERIOD_MS)).toEqual({
          ms: last.length * PERIOD_MS,
          stallMs: sum(last, (it) => (it.stalled ? PERIOD_MS : 0)),
          failures: sum(last, (it) => it.failures),
          ooms: sum(last, (it) => it.ooms),
          attempts: sum(last, (it) => it.allocs + it.failures),
        });
      }),
    );
  });

  test('of a heap that is younger is all of its life', () => {
    const bench = new Bench(1000);
    expect(bench.samples.since(60_000)).toMatchObject({ ms: 0, stallMs: 0, attempts: 0 });
    bench.fail(3);
    bench.pass(1000, true);
    bench.pass(1000);
    expect(bench.samples.since(60_000)).toMatchObject({ ms: 2000, stallMs: 1000, failures: 3 });
  });

  test('that begins where nobody looked has an even share of what came there', () => {
    const bench = new Bench(1000);
    bench.fail(100);
    bench.pass(100_000);
    bench.samples.take();
    bench.fail(7);
    bench.pass(9000, true);
    expect(bench.samples.since(10_000)).toEqual({
      ms: 10_000,
      stallMs: 9000,
      failures: 8,
      ooms: 0,
      attempts: 8,
    });
  });

  test('does without a sample whose writer died', () => {
    const bench = new Bench(1000);
    for (let i = 0; i < 8; i++) {
      bench.fail(10);
      bench.pass(PERIOD_MS);
      bench.samples.take();
    }
    const lost = Math.floor((bench.now - 4 * PERIOD_MS) / PERIOD_MS) % SAMPLE.COUNT;
    bench.on.memory.store(HEADER.SAMPLES + lost * SAMPLE.WORDS + SAMPLE.STAMP, 0);
    expect(bench.samples.since(10_000)).toMatchObject({ ms: 10_000, failures: 40 });
  });

  test.each([
    ['set', 10 * DAY_MS, [-3_600_000, -20_000, -1, 20_000, 3_600_000]],
    ['come round', MASK - 20_000, [0]],
    ['come round at once', MASK - 1, [0]],
  ] as const)('is right again a minute after the clock has %s', (_, start, jumps) => {
    for (const jump of jumps) {
      const bench = new Bench(start);
      for (let i = 0; i < 40; i++) {
        if (i === 10) bench.now += jump;
        bench.pass(PERIOD_MS, i % 2 === 0);
        bench.fail(1);
        bench.samples.take();
        for (const ms of [10_000, 60_000]) {
          const { stallMs, failures, attempts } = bench.samples.since(ms);
          expect(Math.min(stallMs, failures, attempts), `${jump} ms`).toBeGreaterThanOrEqual(0);
        }
      }
      const { ms, stallMs, failures } = bench.samples.since(60_000);
      expect([ms, stallMs, failures].map(Math.round), `${jump} ms`).toEqual([60_000, 30_000, 24]);
    }
  });
});

describe('a sample', () => {
  test('is taken once in two and a half seconds', () => {
    const bench = new Bench(0);
    let taken = 0;
    for (; bench.now < 100_000; bench.now += 50) if (bench.samples.take()) taken++;
    expect(taken).toBe(100_000 / PERIOD_MS - 1);
    const { memory } = bench.on;
    const last = memory.load(HEADER.SAMPLED);
    bench.samples.begin();
    expect(memory.load(HEADER.SAMPLED), 'the first was taken long ago').toBe(last);
  });

  test('reaches back a minute although its turn comes late', () => {
    const bench = new Bench(0);
    for (; bench.now < 200_000; bench.now += 500) bench.samples.take();
    expect(bench.samples.since(60_000).ms).toBe(60_000);
  });

  test('keeps the total of all stalls beyond what its word can hold', () => {
    const bench = new Bench(123_456);
    for (let day = 1; day <= 60; day++) {
      bench.pass(DAY_MS, true);
      bench.samples.take();
      expect(bench.samples.stalledMs()).toBe(day * DAY_MS);
    }
    expect(60 * DAY_MS).toBeGreaterThan(2 ** 32);
  });
});
