// Figures of the bench suite: medians and quartiles, ratios round by round, goals, and the order in
// which sides take turns.
import { describe, expect, test } from 'vitest';
import { judge, ratioOf, spreadOf, type SideFigures } from '../../bench/suite/figures.ts';
import { measure, orderOf, warmUp } from '../../bench/suite/measure.ts';
import type { Side } from '../../bench/suite/side.ts';
import { formatNs } from '../../bench/suite/table.ts';

function side(name: string, rounds: readonly number[], native = false): SideFigures {
  return { name, native, ops: 1, turns: 1, rounds, ...spreadOf(rounds) };
}

/** A side whose turns take so long, and which notes when it was asked. */
function clockwork(name: string, turnNs: number, asked: string[] = []): Side {
  return {
    name,
    native: false,
    ops: 10,
    round: async (turns) => {
      asked.push(name);
      return turns * turnNs;
    },
    close: async () => [],
  };
}

describe('figures', () => {
  test('have the median and the middle half of the rounds', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, p25: 2, p75: 4 });
    expect(spreadOf([1, 2])).toEqual({ median: 1.5, p25: 1.25, p75: 1.75 });
  });

  test('compare two sides within each round, so what slows both does not count', () => {
    const ratio = ratioOf(side('a', [2, 20, 200]), side('b', [1, 10, 100]));
    expect(ratio).toEqual({ median: 2, p25: 2, p75: 2 });
  });

  test.each([
    ['the best in C, not the first', [4, 4], true],
    ['and misses it', [6, 6], false],
  ])('hold ours against %s', (_what, rounds, met) => {
    const sides = [side('atomalloc', rounds), side('libc', [9, 9], true), side('je', [5, 5], true)];
    const verdict = judge({ than: 'the best C', times: 1 }, sides);
    expect(verdict).toMatchObject({ goal: '≤ the best C', met });
    expect(verdict.ratio?.median).toBe(rounds[0]! / 5);
  });

  test('hold ours against the loop alone and so many nanoseconds', () => {
    const sides = [side('atomalloc', [25]), side('loop alone', [17])];
    const goal = { than: 'loop alone', times: 1, plusNs: 8 } as const;
    expect(judge(goal, sides)).toMatchObject({ goal: '≤ loop alone + 8', met: true });
  });

  test('make no verdict without the side that the goal names', () => {
    const verdict = judge({ than: 'the best C', times: 1 }, [side('atomalloc', [1])]);
    expect(verdict).toMatchObject({ ratio: null, met: null });
  });

  test.each([
    [1.2345, '1.23'],
    [12.345, '12.3'],
    [123.45, '123'],
    [90_123, '90.1k'],
  ])('%d ns are written as %s', (ns, text) => expect(formatNs(ns)).toBe(text));
});

describe('a contest', () => {
  test('has every side once in each round, and another one first each time', () => {
    const orders = [0, 1, 2].map((round) => orderOf(round, 3));
    expect(orders.map((order) => order.toSorted())).toEqual([0, 1, 2].map(() => [0, 1, 2]));
    expect(new Set(orders.map(([first]) => first)).size).toBeGreaterThan(1);
    expect(orderOf(1, 3)).not.toEqual(orderOf(0, 3));
  });

  test('makes rounds as long as they should be, however slow a turn is', async () => {
    const pace = { rounds: 3, roundMs: 10, warmUpMs: 20 };
    expect(await warmUp(clockwork('fast', 1000), pace)).toBe(10_000);
    expect(await warmUp(clockwork('slow', 1e9), pace)).toBe(1);
  });

  test('says nanoseconds for each operation', async () => {
    const pace = { rounds: 3, roundMs: 1, warmUpMs: 1 };
    const [one, other] = await measure([clockwork('one', 50), clockwork('other', 70)], pace);
    expect([one!.rounds.length, one!.median, other!.median]).toEqual([3, 5, 7]);
  });
});
