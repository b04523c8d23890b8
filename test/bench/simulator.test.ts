// The simulator on cases whose answers are known: threads that never meet, one lock that is always
// held, who sleeps and is woken, and a closed queue against mean value analysis.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Agenda } from '../../bench/contention/agenda.ts';
import { seldomer } from '../../bench/contention/changes.ts';
import type { Script, Step } from '../../bench/contention/script.ts';
import { simulate, type Costs, type Setting } from '../../bench/contention/simulator.ts';
import { nextRandom, seedOf } from '../../bench/workloads/random.ts';

const FREE: Costs = {
  spinNs: 1,
  sleepNs: 0,
  wakeNs: 0,
  wakenNs: 0,
  transferNs: 0,
  spins: Infinity,
  patienceNs: 5e6,
  sliceNs: 1e4,
  movedNs: () => 0,
};

function on(cores: number, threads = cores): Setting {
  return { threads, cores, forNs: 1e6, warmUpNs: 1e5, seed: 1 };
}

/** One pass is one operation: a lock held for `heldNs`, then nothing of it for `apartNs`. */
function oneLock(heldNs: number, apartNs: number): Script {
  const steps: Step[] = [
    { kind: 'take', place: 0, thenNs: heldNs },
    { kind: 'give', place: 0, thenNs: apartNs },
  ];
  return { places: ['lock'], steps, ops: 1 };
}

const line: Script = {
  places: ['line'],
  steps: [{ kind: 'touch', place: 0, thenNs: 100 }],
  ops: 1,
};

describe('threads that never wait', () => {
  test.each([1, 2, 16, 128])('do as much more as there are of them: %i', (threads) => {
    const { opsPerSecond } = simulate(line, on(threads), FREE);
    expect(opsPerSecond / (threads * 1e7)).toBeCloseTo(1, 2);
  });

  test.each([2, 3, 8])('do what their cores can, and no more: %i on two', (threads) => {
    const { opsPerSecond } = simulate(line, on(2, threads), FREE);
    expect(opsPerSecond / 2e7).toBeCloseTo(1, 2);
  });
});

describe('one lock', () => {
  test('is held for its share of the time, and bounds what can be done', () => {
    const script = oneLock(100, 300);
    const [alone, two, many] = [1, 2, 16].map((n) => simulate(script, on(n), FREE));
    expect(alone!.places[0]!.busy).toBeCloseTo(0.25, 2);
    expect(two!.opsPerSecond).toBeCloseTo(5e6, -5); // they fall into step
    expect(many!.opsPerSecond).toBeCloseTo(1e7, -5);
    expect(many!.places[0]!.busy).toBeCloseTo(1, 2);
  });

  test('that comes from another core takes the transfer longer, each time', () => {
    const costs = { ...FREE, transferNs: 50, movedNs: () => 150 };
    const { opsPerSecond } = simulate(oneLock(100, 0), on(2), costs);
    expect(opsPerSecond).toBeCloseTo(1e9 / 300, -5);
    expect(simulate(oneLock(100, 0), on(1), costs).opsPerSecond).toBeCloseTo(1e7, -5);
  });

  test('goes to and fro between two that sleep for it, each time after a wake-up', () => {
    const costs = { ...FREE, spins: 0, sleepNs: 10, wakeNs: 20, wakenNs: 30 };
    const { opsPerSecond, ops, places } = simulate(oneLock(1000, 100), on(2), costs);
    expect(opsPerSecond).toBeCloseTo(1e9 / 1050, -4);
    expect(places[0]!.slept / ops).toBeCloseTo(1, 1);
  });

  test('is taken again before who was woken looks, who sleeps on', () => {
    const costs = { ...FREE, spins: 0, sleepNs: 10, wakeNs: 20, wakenNs: 30 };
    const { opsPerSecond, places } = simulate(oneLock(1000, 0), on(2), costs);
    expect(opsPerSecond).toBeCloseTo(1e9 / 1020, -4);
    expect(places[0]!.contended).toBe(0); // who waits has waited since before
  });

  test('wakes all who sleep for it, one after the other, though nobody new comes', () => {
    const costs = { ...FREE, spins: 0, sleepNs: 10, wakeNs: 20, wakenNs: 30 };
    const { opsPerSecond } = simulate(oneLock(4000, 5000), on(3), costs);
    expect(opsPerSecond).toBeCloseTo(1e9 / 4050, -4);
  });

  test('that is free again before a thread sleeps is taken at once', () => {
    const costs = { ...FREE, spins: 0, sleepNs: 500 };
    const [alone, two] = [1, 2].map((n) => simulate(exponential(300, 600, 500), on(n), costs));
    expect(two!.places[0]!.slept).toBeGreaterThan(10);
    expect(two!.opsPerSecond).toBeGreaterThan(alone!.opsPerSecond * 1.2);
  });

  test('in four is as good as four', () => {
    const setting = { ...on(16), shards: () => 4 };
    expect(simulate(oneLock(100, 0), setting, FREE).opsPerSecond).toBeCloseTo(4e7, -6);
  });

  test('that is taken half as often serves twice the threads', () => {
    const script = seldomer(oneLock(100, 300), 2);
    expect(script.steps.map(({ thenNs }) => thenNs)).toEqual([100, 600]);
    expect(simulate(script, on(16), FREE).opsPerSecond).toBeCloseTo(2e7, -5);
  });
});

describe('a line', () => {
  test('serves one core after the other, a transfer each', () => {
    const { opsPerSecond, places } = simulate(line, on(16), { ...FREE, transferNs: 50 });
    expect(opsPerSecond).toBeCloseTo(2e7, -5);
    expect(places[0]!.busy).toBeCloseTo(1, 1);
  });
});

/** Throughput of `n` customers who think and are then served by one, both exponential. */
function meanValueAnalysis(n: number, thinkNs: number, servedNs: number): number {
  let queue = 0;
  let perNs = 0;
  for (let customers = 1; customers <= n; customers++) {
    const residenceNs = servedNs * (1 + queue);
    perNs = customers / (thinkNs + residenceNs);
    queue = perNs * residenceNs;
  }
  return perNs * 1e9;
}

function exponential(heldNs: number, apartNs: number, passes: number): Script {
  let random = seedOf(7);
  const draw = (meanNs: number): number => {
    random = nextRandom(random);
    return -Math.log(((random >>> 0) + 1) / (2 ** 32 + 1)) * meanNs;
  };
  const steps = Array.from({ length: passes }, (): Step[] => [
    { kind: 'take', place: 0, thenNs: draw(heldNs) },
    { kind: 'give', place: 0, thenNs: draw(apartNs) },
  ]);
  return { places: ['lock'], steps: steps.flat(), ops: passes };
}

describe('a closed queue', () => {
  test.each([1, 2, 4, 8, 16])('of %i threads is as mean value analysis says', (threads) => {
    const { opsPerSecond } = simulate(
      exponential(200, 1000, 20_000),
      { ...on(threads), forNs: 6e6 },
      FREE,
    );
    const expected = meanValueAnalysis(threads, 1000, 200);
    expect(Math.abs(opsPerSecond / expected - 1)).toBeLessThan(0.03);
  });
});

describe('the same figures and seed', () => {
  test('give the same outcome, also with sleepers on too few cores', () => {
    const costs = { ...FREE, spins: 64, sleepNs: 300, wakeNs: 5000, wakenNs: 7000 };
    const play = () => simulate(exponential(300, 900, 500), on(2, 8), costs);
    const first = play();
    expect(first.places[0]!.slept).toBeGreaterThan(0);
    expect(play()).toEqual(first);
  });
});

describe('an agenda', () => {
  test('gives out what comes first, and what was entered first of the same time', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (times) => {
        const agenda = new Agenda<number>();
        times.forEach((ns, order) => agenda.add(ns, order));
        const seen = times.map(() => agenda.next()!);
        const sorted = times.map((ns, what) => [ns, what]).toSorted((a, b) => a[0]! - b[0]!);
        expect(seen.map(({ ns, what }) => [ns, what])).toEqual(sorted);
        expect(agenda.next()).toBeUndefined();
      }),
    );
  });
});
