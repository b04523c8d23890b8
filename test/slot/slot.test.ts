// The slot table: each seat has one taker at a time, each taking is told apart from the last.

import { describe, expect, test } from 'vitest';
import { SlotTable, type Seat } from '../../src/slot/slot.ts';
import { slotOfToken, tokenOf } from '../../src/word/lock.ts';
import { HEADER, SLOT } from '../../src/word/layout.ts';
import { Memory } from '../../src/word/memory.ts';
import { giveTo, wordsOf } from '../support/slots.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

function tableOf(maxSlots: number, memory?: typeof Memory): SlotTable {
  const tiny = tinyHeap({ maxSlots, ...(memory === undefined ? {} : { memory }) });
  return new SlotTable(tiny.memory, tiny.layout, maxSlots);
}

test('as many seats are taken as there are, lowest first, and then none', () => {
  const table = tableOf(SLOT.MAX);
  const seats = Array.from({ length: SLOT.MAX }, () => table.take());
  expect(seats.map((seat) => seat?.slot)).toEqual(Array.from({ length: SLOT.MAX }, (_, i) => i));
  expect(table.take()).toBeNull();
});

test('a seat that is left is taken next, as another incarnation with another token', () => {
  const table = tableOf(3);
  const [, seat] = [table.take(), table.take(), table.take()];
  table.release(1);
  expect([table.isTaken(0), table.isTaken(1), table.isTaken(2)]).toEqual([true, false, true]);
  const next = table.take() as Seat;
  expect(next).toMatchObject({ slot: 1, incarnation: (seat as Seat).incarnation + 1 });
  expect(next.token).not.toBe(seat?.token);
  expect(slotOfToken(next.token)).toBe(1);
  expect(table.incarnationOf(1)).toBe(next.incarnation);
});

test('incarnations begin again after four million, and a token is never 0', () => {
  const tiny = tinyHeap({ maxSlots: 1 });
  const table = new SlotTable(tiny.memory, tiny.layout, 1);
  tiny.memory.store(tiny.layout.slots + SLOT.SEAT, (2 ** 22 - 2) << 2);
  table.release(0);
  const last = table.take() as Seat;
  expect(last.incarnation).toBe(2 ** 22 - 1);
  table.release(0);
  const first = table.take() as Seat;
  expect(first.incarnation).toBe(0);
  expect([last.token, first.token].map(slotOfToken)).toEqual([0, 0]);
  expect(first.token).not.toBe(0);
});

test('a thread that loses the race for a seat takes the next one', () => {
  class Raced extends Memory {
    private races = 1;

    override cas(index: number, expected: number, value: number): number {
      if (this.races-- > 0) super.cas(index, expected, value + 4); // another was faster
      return super.cas(index, expected, value);
    }
  }
  const table = tableOf(2, Raced);
  expect(table.take()?.slot).toBe(1);
  expect([table.isTaken(1), table.take()]).toEqual([true, null]);
});

test('two attachments of one memory have seats of their own', () => {
  const tiny = tinyHeap({ maxSlots: 2 });
  const [ann, bob] = [sit(tiny), sit(tiny)];
  expect([ann.seat.slot, bob.seat.slot]).toEqual([0, 1]);
  expect(ann.magazines.tag).not.toBe(bob.magazines.tag);
  expect(() => sit(tiny)).toThrow('every slot is taken');
});

describe('an incarnation', () => {
  test('grows when a slot is given back, and not when it is taken or declared dead', () => {
    const { table } = wordsOf();
    const seen = [table.incarnationOf(0)];
    for (let use = 0; use < 3; use++) {
      expect(table.take()?.incarnation).toBe(use);
      seen.push(table.incarnationOf(0));
      if (use === 1) table.declare(0);
      seen.push(table.incarnationOf(0));
      table.release(0);
    }
    expect(seen).toEqual([0, 0, 0, 1, 1, 2, 2]);
  });
});

describe('a slot that is declared dead', () => {
  test('is over, is nobody’s to take, and everybody is told to look', () => {
    const { table, memory } = wordsOf(1);
    table.take();
    expect([table.isOver(0), memory.load(HEADER.DEATHS)]).toEqual([false, 0]);
    expect(table.declare(0)).toBe(true);
    expect([table.isOver(0), table.isTaken(0), table.take()]).toEqual([true, false, null]);
    expect(memory.load(HEADER.DEATHS)).toBe(1);
    table.release(0);
    expect([table.isOver(0), table.take()?.slot]).toEqual([false, 0]);
  });

  test('has dead tokens: its own and no other incarnation’s', () => {
    const { table } = wordsOf();
    const { token, incarnation } = table.take() as Seat;
    expect(table.isDead(token)).toBe(false);
    table.declare(0);
    const others = [incarnation + 1, incarnation + 2].map((of) => tokenOf(0, of));
    expect([table.isDead(token), ...others.map((it) => table.isDead(it))]).toEqual([
      true,
      false,
      false,
    ]);
    table.release(0);
    table.take();
    expect(table.isDead(token), 'and it lives no more, nor does it name the next').toBe(false);
  });
});

test('a thread gives up the seats on which it has not settled, and no others', () => {
  const { table, at, memory } = wordsOf(4);
  const [settled, arriving, rising] = [table.take(), table.take(), table.take()] as Seat[];
  table.settle(settled as Seat);
  table.settle(rising as Seat);
  memory.store(at(2, SLOT.SEAT), 4); // its next incarnation is free already, but in its name
  table.take();
  giveTo({ table, at, memory }, 3, { who: 4711, start: 1, thread: 0 });
  table.giveUpUnsettled();
  expect([0, 1, 2, 3].map((slot) => memory.load(at(slot, SLOT.SEAT)) & 3)).toEqual([1, 3, 3, 1]);
  expect([table.goesOn((arriving as Seat).slot), memory.load(HEADER.DEATHS)]).toEqual([true, 1]);
});

describe('spare seats', () => {
  test('are not given to who wants a slot, and lie behind all slots', () => {
    const { table, memory } = wordsOf(2);
    expect([table.take(), table.take(), table.take()].map((seat) => seat?.slot)).toEqual([
      0,
      1,
      undefined,
    ]);
    const spare = Array.from({ length: SLOT.SPARES + 1 }, () => table.takeSpare()?.slot);
    expect(spare).toEqual([2, 3, 4, 5, undefined]);
    expect(table.seats).toBe(2 + SLOT.SPARES);
    expect(memory.load(HEADER.SLOTS_USED), 'no magazines there').toBe(2);
    table.release(3);
    expect(table.takeSpare()?.slot).toBe(3);
  });
});
