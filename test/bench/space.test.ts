// Space: requests are what they say, and a tenancy tells what a heap really held for them.
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { OP, readTrace } from '../../bench/replay/trace.ts';
import {
  mixedRequests,
  pairRequests,
  phaseRequests,
  REQUEST,
  requestsOf,
  type Requests,
} from '../../bench/space/requests.ts';
import { afterRow, peakRow, tierRows } from '../../bench/space/rows.ts';
import type { OwnHolding } from '../../bench/space/holding.ts';
import { live } from '../../bench/space/tenancy.ts';
import type { Held } from '../../bench/space/tenants.ts';

const MIB = 2 ** 20;

/** Plays requests to a map and checks that none is out of place. */
function audit({ words, blocks }: Requests): { peakBytes: number; endBytes: number } {
  const sizes = new Map<number, number>();
  let [bytes, peakBytes] = [0, 0];
  for (let at = 0; at < words.length; at += REQUEST.WORDS) {
    const [op, block, size] = [...words.subarray(at, at + 3)] as [number, number, number];
    expect(sizes.has(block)).toBe(op !== OP.ALLOC);
    expect(block).toBeLessThan(blocks);
    bytes += size - (sizes.get(block) ?? 0);
    if (op === OP.FREE) sizes.delete(block);
    else sizes.set(block, size);
    peakBytes = Math.max(peakBytes, bytes);
  }
  return { peakBytes, endBytes: bytes };
}

const small = mixedRequests('mix', 300, 500);

describe('requests', () => {
  test.each([
    ['a mix', small],
    ['pairs', pairRequests('pairs', 300)],
    ['phases', phaseRequests('phases', 20_000)],
  ])('are in order, and their totals are right: %s', (_name, requests) => {
    const { peakBytes, endBytes } = requests;
    expect(audit(requests)).toEqual({ peakBytes, endBytes });
    expect(endBytes).toBeGreaterThan(0);
  });

  test('of a trace are its events in recorded order, with the same peak', () => {
    const path = fileURLToPath(new URL('../../bench/traces/git-grep.atrc.gz', import.meta.url));
    const trace = readTrace(path);
    const requests = requestsOf(trace);
    expect(requests.words).toHaveLength(trace.events * REQUEST.WORDS);
    expect(audit(requests).peakBytes).toBe(trace.peakBytes);
    expect(requests.peakBytes).toBe(trace.peakBytes);
  });
});

describe('a tenancy', () => {
  test.each(['two-tier', 'simple-heap'] as const)('of a %s heap gives everything back', (mode) => {
    const held = live({ mode, ...small, deadlineMs: Infinity }) as OwnHolding;
    expect(held.peakBytes).toBeGreaterThanOrEqual(small.peakBytes);
    expect(held.blockBytes).toBeGreaterThanOrEqual(small.endBytes);
    expect(held.endBytes).toBeGreaterThanOrEqual(held.blockBytes);
    expect(held.reclaimedBytes).toBeLessThanOrEqual(held.endBytes);
    expect(held.metadataBytes).toBeGreaterThan(0);
    expect(held.metadataBytes).toBeLessThan(MIB);
    expect(held).toMatchObject({ afterBytes: 0, unmergedBytes: 0 });
  });

  test('that is too slow says how far it came', () => {
    const tenancy = { mode: 'two-tier', ...mixedRequests('long', 10, 2000) } as const;
    const told = expect.stringMatching(/^too slow: \d+ %/);
    expect(live({ ...tenancy, deadlineMs: -1 })).toEqual({ tooSlow: told });
  });
});

describe('rows of space', () => {
  const holding = { peakBytes: 200, endBytes: 150, afterBytes: -1 };
  const own = { ...holding, blockBytes: 90, reclaimedBytes: 100, metadataBytes: 10 };
  const held: Held = {
    requests: { ...small, name: 'mix', peakBytes: 100, endBytes: 80 },
    ours: new Map([
      ['atomalloc', { ...own, unmergedBytes: 3 }],
      ['simple-heap', { ...own, reclaimedBytes: 180, unmergedBytes: 0 }],
    ]),
    natives: new Map([['libc', holding]]),
    failures: [],
  };
  const valuesOf = (sides: readonly { name: string; median: number }[]) =>
    Object.fromEntries(sides.map(({ name, median }) => [name, median]));

  test('compare the peaks, with a quarter of a mebibyte to spare', () => {
    const { sides, verdict } = peakRow('space', held);
    expect(valuesOf(sides)).toEqual({ atomalloc: 2, 'simple-heap': 2, libc: 2 });
    expect(verdict.ratio?.median).toBeCloseTo(2 / (1.15 + 2621.44));
  });

  test('count what came back in pieces as kept', () => {
    const { sides, verdict } = afterRow('space', held);
    expect(valuesOf(sides)).toEqual({ atomalloc: 3, 'simple-heap': 0, libc: 0 });
    expect(verdict.met).toBe(false);
  });

  test('hold the two tiers against the simple heap', () => {
    const [fragmentation, overhead] = tierRows('tiers', held);
    expect(fragmentation!.verdict.ratio?.median).toBeCloseTo(0.1 / (0.5 / 5));
    expect(overhead!.verdict.ratio?.median).toBeCloseTo(2);
  });
});
