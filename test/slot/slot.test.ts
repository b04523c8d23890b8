// The slot table: each seat has one taker at a time, and each taking is told apart from the last.

import { expect, test } from 'vitest';
import { SlotTable, type Seat } from '../../src/slot/slot.ts';
import { slotOfToken } from '../../src/word/lock.ts';
import { SLOT } from '../../src/word/layout.ts';
import { Memory } from '../../src/word/memory.ts';
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
