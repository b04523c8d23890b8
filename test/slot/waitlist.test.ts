// The line of those who wait for memory: the first is woken first, one that wants less may come in
// before one that wants more, and nobody is left asleep by one that goes away.

import { describe, expect, test } from 'vitest';
import { HEADER, SLOT } from '../../src/word/layout.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { WOKEN } from '../../src/slot/waitlist.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const seats = (count: number): Attachment[] => {
  const tiny = tinyHeap({ maxSlots: 8 });
  return Array.from({ length: count }, () => sit(tiny));
};

/** Who has been woken and has not looked yet. */
function woken(all: readonly Attachment[]): number[] {
  return all.flatMap((on, i) => (on.memory.load(wakeOf(on)) === WOKEN ? [i] : []));
}

function wakeOf({ layout, seat }: Attachment): number {
  return layout.slots + seat.slot * SLOT.WORDS + SLOT.WAKE;
}

describe('the line', () => {
  test('wakes the first, and whoever leaves wakes the next', () => {
    const all = seats(4);
    for (const i of [2, 0, 3]) expect(all[i]!.waits.join(4)).toBe(true);
    expect(all[0]!.waits.join(4)).toBe(false);
    all[1]!.waits.rouse();
    expect(woken(all)).toEqual([2]);
    expect(all[2]!.waits.sleep(0)).toBe(true);
    all[2]!.waits.leave();
    expect(woken(all)).toEqual([0]);
    all[0]!.waits.leave();
    expect(woken(all)).toEqual([0, 3]);
    all[3]!.waits.leave();
    expect(all[1]!.waits.isLong()).toBe(false);
  });

  test('is passed on to the next that wants less', () => {
    const all = seats(4);
    const wants = [8, 9, 8, 2];
    all.forEach((on, i) => on.waits.join(wants[i]!));
    all[0]!.waits.passOn();
    expect(woken(all)).toEqual([3]);
    all[3]!.waits.passOn();
    expect(woken(all)).toEqual([3]);
  });

  test('goes on when the one that was woken is taken out of it', () => {
    const all = seats(3);
    for (const on of all) on.waits.join(1);
    all[2]!.waits.rouse();
    all[2]!.waits.forget(all[0]!.seat.slot);
    expect(woken(all)).toEqual([0, 1]);
    expect(all[2]!.waits.first().granules).toBe(1);
  });

  test('lets those before one go first that were woken, or try, and no others', () => {
    const all = seats(3);
    for (const on of all) on.waits.join(1);
    for (const on of all) expect(on.waits.sleep(0)).toBe(false);
    const turns = () => all.map((on) => on.waits.isOthersTurn());
    expect(turns(), 'all try').toEqual([false, true, true]);
    all[0]!.memory.store(wakeOf(all[0]!), 0);
    expect(turns(), 'the first is asleep').toEqual([false, false, true]);
    all[1]!.memory.store(wakeOf(all[1]!), 0);
    expect(turns(), 'both are').toEqual([false, false, false]);
    all[2]!.waits.rouse();
    expect(turns(), 'the first is woken').toEqual([false, true, true]);
    all[0]!.waits.leave();
    expect(turns(), 'the second is').toEqual([false, false, true]);
  });

  test('keeps its order when tickets come round', () => {
    const all = seats(3);
    all[0]!.memory.store(HEADER.TICKETS, 2 ** 31 - 2);
    for (const on of all) on.waits.join(1);
    for (const expected of [[0], [0, 1], [0, 1, 2]]) {
      all[2]!.waits.rouse();
      expect(woken(all)).toEqual(expected);
      all[expected.at(-1)!]!.waits.forget(all[expected.at(-1)!]!.seat.slot);
    }
  });
});
