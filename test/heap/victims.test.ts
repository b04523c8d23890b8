// Who holds how much, and whose end would help most.

import { beforeEach, describe, expect, test } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Mode } from '../../src/heap/mode.ts';
import { COUNTER } from '../../src/word/records.ts';
import { HEADER } from '../../src/word/layout.ts';
import { victimsOf, type Victim } from '../../src/heap/victims.ts';
import { anotherSeat, layersOf, tinyHeap, type Tiny, type TinyOptions } from '../support/tiny.ts';

let tiny: Tiny;
let me: SharedHeap;
let ann: SharedHeap;
let bob: SharedHeap;

function prepare(options: TinyOptions = {}): void {
  tiny = tinyHeap(options);
  [me, ann, bob] = [1, 2, 3].map(() => anotherSeat(tiny.handle)) as [
    SharedHeap,
    SharedHeap,
    SharedHeap,
  ];
}

function victims(): Victim[] {
  return victimsOf(me['session']);
}

/** What slot s is said to hold. */
function bytesOf(seat: SharedHeap): number {
  return victims().find((it) => it.slot === seat.slot)?.bytes ?? NaN;
}

/** What is out, for all who are here. */
function held(): number {
  const { memory, table } = layersOf(me);
  let sum = 0;
  for (let slot = 0; slot < table.seats; slot++) {
    sum += memory.getCount(slot * COUNTER.WORDS + COUNTER.HELD);
  }
  return sum;
}

/** From here on the thread on that seat is dead. */
function die(heap: SharedHeap): void {
  layersOf(heap).table.declare(heap.slot);
}

const MODES: readonly [Mode, number][] = [
  ['two-tier', 6000],
  ['two-tier', 64],
  ['simple-heap', 64],
  ['simple-heap', 6000],
];

describe.each([true, false])('owners tracked: %s', (tracked) => {
  test.each(MODES)('what a thread took counts: mode %s, %d bytes', (mode, size) => {
    prepare({ tracked, mode });
    const ptrs = [1, 2, 3].map(() => ann.alloc(size));
    const each = ann.usableSize(ptrs[0] as number);
    expect(bytesOf(ann)).toBeGreaterThanOrEqual(3 * each);
    expect([bytesOf(bob), victims().length]).toEqual([0, 2]);
    ann.freeMany(ptrs);
    ann.reclaim();
    expect(bytesOf(ann)).toBe(0);
    expect(held() * 16).toBe(layersOf(me).memory.get(HEADER.OUT) * 16);
  });
});

describe('where owners are tracked', () => {
  beforeEach(() => prepare({ tracked: true }));

  test('gifts are the receiver’s, and what is shared or was freed is nobody’s', () => {
    const [given, shared, freed, kept] = [1, 2, 3, 4].map(() => ann.alloc(1000)) as number[];
    ann.give(given as number, bob.slot);
    ann.give(shared as number, 'shared');
    bob.free(freed as number);
    bob.reclaim();
    const each = ann.usableSize(kept as number);
    expect([bytesOf(ann) - cached(ann), bytesOf(bob)]).toEqual([each, each]);
  });

  test('all of it comes back when its thread dies', () => {
    ann.alloc(64);
    ann.alloc(6000);
    bob.alloc(64);
    const before = layersOf(me).memory.get(HEADER.OUT);
    const victim = victims()[0] as Victim;
    expect([victim.slot, victim.bytes]).toEqual([ann.slot, victim.returnedBytes]);
    die(ann);
    me.recover();
    me.reclaim();
    expect((before - layersOf(me).memory.get(HEADER.OUT)) * 16).toBe(victim.bytes);
    expect(victims().map((it) => it.slot)).toEqual([bob.slot]);
  });
});

function cached(seat: SharedHeap): number {
  return me.stats().slots.find((it) => it.slot === seat.slot)?.cachedBytes ?? NaN;
}

describe('where owners are not tracked', () => {
  beforeEach(() => prepare());

  test('only what it caches is sure to come back', () => {
    const ptrs = Array.from({ length: 10 }, () => ann.alloc(64));
    ann.freeMany(ptrs.splice(0, 3));
    const victim = victims()[0] as Victim;
    expect(victim.bytes).toBe(7 * 64 + cached(ann));
    expect(victim.returnedBytes).toBe(cached(ann));
    const before = layersOf(me).memory.get(HEADER.OUT);
    die(ann);
    me.recover();
    expect((before - layersOf(me).memory.get(HEADER.OUT)) * 16).toBe(victim.returnedBytes);
  });

  test('who frees and sends home what others took has the credit, and nobody is below 0', () => {
    const ptrs = Array.from({ length: 10 }, () => ann.alloc(6000));
    const took = bytesOf(ann);
    bob.freeMany(ptrs);
    bob.reclaim();
    expect([bytesOf(ann), bytesOf(bob)]).toEqual([took, 0]);
    expect(held()).toBe(layersOf(me).memory.get(HEADER.OUT));
  });

  test.each(['leaves', 'dies'] as const)('the next on a seat begins at 0 when one %s', (how) => {
    ann.alloc(6000);
    if (how === 'dies') die(ann);
    else ann.detach();
    me.recover();
    const next = anotherSeat(tiny.handle);
    expect(next.slot).toBe(1);
    expect(bytesOf(next)).toBe(0);
  });
});

describe('the score', () => {
  beforeEach(() => prepare({ tracked: true }));

  test('is the share of the heap in thousandths, and what the thread itself has said', () => {
    const { totalBytes } = me.stats();
    const ptr = ann.alloc(totalBytes / 4);
    bob.alloc(64);
    const share = Math.round((ann.usableSize(ptr) * 1000) / totalBytes);
    expect(victims()[0]).toMatchObject({ slot: ann.slot, score: share, adj: 0 });
    bob.setOomScoreAdj(share + 100);
    expect(victims().map((it) => it.slot)).toEqual([bob.slot, ann.slot]);
    bob.setOomScoreAdj(-999);
    expect(victims().map((it) => it.slot)).toEqual([ann.slot, bob.slot]);
    expect(victims()[1]?.score).toBeLessThan(-900);
  });

  test('of two that are alike prefers who has more', () => {
    ann.alloc(64);
    bob.alloc(6000);
    const [most, least] = victims() as [Victim, Victim];
    ann.setOomScoreAdj(most.score - least.score);
    expect(victims()).toMatchObject([{ slot: bob.slot }, { slot: ann.slot, score: most.score }]);
  });

  test('is nobody’s who is immune, nor one’s own', () => {
    ann.setOomScoreAdj(-1000);
    expect(victims().map((it) => it.slot)).toEqual([bob.slot]);
    ann.setOomScoreAdj(0);
    expect(victims().length).toBe(2);
  });

  test.each([NaN, 0.5, -1001, 1001, Infinity])('takes no adjustment of %d', (adj) => {
    expect(() => me.setOomScoreAdj(adj)).toThrow(/whole number from -1000 to 1000/);
  });

  test.each(['leaves', 'dies'] as const)('is not the next one’s when a thread %s', (how) => {
    ann.setOomScoreAdj(-1000);
    if (how === 'dies') die(ann);
    else ann.detach();
    me.recover();
    const next = anotherSeat(tiny.handle);
    expect([next.slot, victims().map((it) => it.adj)]).toEqual([1, [0, 0]]);
  });
});

test('says which worker it is', () => {
  prepare();
  expect(victims().map((it) => it.threadId)).toEqual(
    [1, 2].map(() => layersOf(me).table.threadOf(0) - 1),
  );
});
