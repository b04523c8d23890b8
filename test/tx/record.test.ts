// Records: each transaction has a number of its own, and goes from one state to another only as
// that number and from the state that was seen.

import { describe, expect, test } from 'vitest';
import { ENTRY, TX } from '../../src/word/records.ts';
import { KINDS, kindWord } from '../../src/tx/journal.ts';
import {
  ABORTED,
  COMMITTED,
  KEPT,
  OPEN,
  PRIVATE,
  READY,
  slotOfRecord,
  TxRecord,
  UNDONE,
} from '../../src/tx/record.ts';
import { recordsOf, sit, tinyHeap } from '../support/tiny.ts';

const STATES = [PRIVATE, OPEN, READY, COMMITTED, ABORTED, KEPT, UNDONE];

/** Records of one heap: as many as are asked for. */
function recordsIn(): (index: number) => TxRecord {
  const on = sit(tinyHeap());
  return (index) => new TxRecord(on, index);
}

test('every slot has records of its own, and each record one slot', () => {
  const all = [0, 1, 2, 127].flatMap(recordsOf);
  expect(new Set(all).size).toBe(4 * TX.PER_SLOT);
  for (const slot of [0, 1, 2, 127]) {
    expect(recordsOf(slot).map(slotOfRecord)).toEqual(recordsOf(slot).map(() => slot));
  }
});

describe('a record', () => {
  test('is free in the beginning, and has no transaction', () => {
    const record = recordsIn()(3);
    expect([record.isFree(), record.state(), record.number()]).toEqual([true, 0, 0]);
    expect(record.joinedLocked()).toEqual([]);
  });

  test('gives every transaction the next number', () => {
    const record = recordsIn()(3);
    const numbers = [1, 2, 3].map(() => record.open(3, 0));
    expect(numbers).toEqual([1, 2, 3]);
    expect([record.number(), record.state(), record.isFree()]).toEqual([3, PRIVATE, false]);
    expect(record.leader()).toEqual([3, 3]);
  });

  test('begins its numbers again after 2^28 of them, in every state', () => {
    const on = sit(tinyHeap());
    const record = new TxRecord(on, 0);
    on.memory.store(on.layout.journals + TX.STATE, ((2 ** 28 - 2) << 3) | KEPT);
    expect(record.open(0, 0)).toBe(2 ** 28 - 1);
    for (const [i, state] of STATES.entries()) {
      if (i > 0) expect(record.change(2 ** 28 - 1, STATES[i - 1] as number, state)).toBe(true);
      expect([record.number(), record.state()]).toEqual([2 ** 28 - 1, state]);
    }
    expect(record.open(0, 0)).toBe(0);
    expect(record.is(0, PRIVATE)).toBe(true);
    const old = on.layout.journals + TX.ENTRIES;
    on.memory.set(old + ENTRY.KIND, kindWord(0, KINDS.ALLOC));
    on.memory.store(on.layout.journals + TX.STATE, ((2 ** 28 - 1) << 3) | KEPT);
    record.open(0, 0);
    expect(record.journal.entries(0), 'entries of the last number 0').toEqual([]);
  });

  test.each(STATES)('changes from state %d only if it is in that state', (from) => {
    const record = recordsIn()(0);
    const number = record.open(0, 0);
    if (from !== PRIVATE) expect(record.change(number, PRIVATE, from)).toBe(true);
    for (const other of STATES.filter((state) => state !== from)) {
      expect(record.change(number, other, OPEN)).toBe(false);
    }
    expect(record.change(number + 1, from, OPEN), 'another number').toBe(false);
    expect(record.change(number - 1, from, OPEN), 'an old number').toBe(false);
    expect(record.is(number, from)).toBe(true);
    expect(record.isFree()).toBe(from >= KEPT);
  });

  test('that takes part names who leads, and is in the leader’s list until that opens anew', () => {
    const recordOf = recordsIn();
    const [leader, ann, bob] = [recordOf(2), recordOf(5), recordOf(11)];
    const number = leader.open(2, 0);
    for (const part of [ann, bob]) {
      part.open(2, number);
      leader.addLocked(part);
    }
    expect(leader.joinedLocked().sort((a, b) => a - b)).toEqual([5, 11]);
    expect([ann.leader(), bob.leader()]).toEqual([
      [2, number],
      [2, number],
    ]);
    leader.open(2, 0);
    expect(leader.joinedLocked()).toEqual([]);
  });

  test('may be named by a list in the first place, with index 0', () => {
    const recordOf = recordsIn();
    const [leader, first] = [recordOf(4), recordOf(0)];
    first.open(4, leader.open(4, 0));
    leader.addLocked(first);
    expect(leader.joinedLocked()).toEqual([0]);
  });

  test('keeps its numbers and states apart from its neighbours’', () => {
    const recordOf = recordsIn();
    const before = [0, 2].map((i) => [recordOf(i).state(), recordOf(i).number()]);
    recordOf(1).open(1, 0);
    recordOf(1).announce();
    expect([0, 2].map((i) => [recordOf(i).state(), recordOf(i).number()])).toEqual(before);
  });
});

describe('who waits for news', () => {
  test('does not sleep if something was announced since it looked', () => {
    const record = recordsIn()(1);
    const seen = record.votes();
    record.announce();
    record.waitForNews(seen, 2 ** 30);
    expect(record.votes()).toBe(seen + 1);
  });

  test('is woken from an asynchronous wait by an announcement', async () => {
    const record = recordsIn()(1);
    const news = record.news(record.votes(), 2 ** 30);
    record.announce();
    await expect(news).resolves.toBeUndefined();
  });
});
