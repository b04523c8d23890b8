// The slot table: each seat has one taker at a time, each taking is told apart from the last, and a
// seat is over when its thread is.

import { describe, expect, onTestFinished, test } from 'vitest';
import { SlotTable, type Seat } from '../../src/slot/slot.ts';
import { slotOfToken, tokenOf } from '../../src/word/lock.ts';
import { HEADER, SLOT } from '../../src/word/layout.ts';
import { Memory } from '../../src/word/memory.ts';
import { thisThread } from '../../src/slot/thread.ts';
import { hasProc, startNamed, type NamedThread } from '../support/threads/named.ts';
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

interface Table {
  readonly table: SlotTable;
  readonly memory: Memory;
  /** Word index of a field of a slot. */
  at(slot: number, field: number): number;
}

function wordsOf(maxSlots = 3, type: typeof Memory = Memory): Table {
  const { memory, layout } = tinyHeap({ maxSlots, memory: type });
  const table = new SlotTable(memory, layout, maxSlots);
  return { table, memory, at: (slot, field) => layout.slots + slot * SLOT.WORDS + field };
}

/** Memory in which others act before a word is read for the second time. */
class Witnessed extends Memory {
  private word = -1;
  private looks = 0;
  private act: () => void = () => undefined;

  watch(word: number, act: () => void): void {
    [this.word, this.looks, this.act] = [word, 0, act];
  }

  override load(index: number): number {
    if (index === this.word && ++this.looks === 2) this.act();
    return super.load(index);
  }
}

/** Makes a taken slot another thread's, as the system knows it. */
function giveTo({ memory, at }: Table, slot: number, name: NamedThread['name']): void {
  memory.store(at(slot, SLOT.WHO), name.who);
  memory.store(at(slot, SLOT.START), name.start);
  memory.store(at(slot, SLOT.THREAD), name.thread);
}

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

describe('a slot whose thread has no name that the system knows', () => {
  test('is not over by itself, and is on somebody’s word', () => {
    const ground = wordsOf();
    const { table } = ground;
    table.take();
    giveTo(ground, 0, { who: -5, start: 0, thread: 0 });
    expect([table.isOver(0), table.reap(0), table.isOver(0)]).toEqual([false, true, true]);
  });
});

test.each([-1, 1, 3 + SLOT.SPARES, 0.5, NaN, Infinity])(
  'a slot where nobody sits is not reaped: %d',
  (slot) => {
    const { table, memory } = wordsOf();
    table.take();
    expect(table.reap(slot)).toBe(false);
    expect([table.isTaken(0), memory.load(HEADER.DEATHS)]).toEqual([true, 0]);
  },
);

describe.skipIf(!hasProc)('a slot of another thread', () => {
  test('is over when that thread has ended, and not before', async () => {
    const thread = await startNamed('sleep');
    onTestFinished(thread.end);
    const ground = wordsOf();
    const { table, memory } = ground;
    const { token } = table.take() as Seat;
    giveTo(ground, 0, thread.name);
    expect([table.isOver(0), table.isDead(token), table.isTaken(0)]).toEqual([false, false, true]);
    await thread.end();
    expect(table.isDead(token)).toBe(true);
    expect([table.isOver(0), table.isTaken(0), memory.load(HEADER.DEATHS)]).toEqual([
      true,
      false,
      1,
    ]);
  });

  test('is over from the thread’s first word on, though it had not sat down yet', async () => {
    const thread = await startNamed('sleep');
    await thread.end();
    const ground = wordsOf();
    giveTo(ground, 0, thread.name);
    expect([ground.table.isTaken(0), ground.table.isOver(0)]).toEqual([false, true]);
  });

  test.each<[what: string, who: number | null]>([
    ['another thread', 4711],
    ['another with the id of the dead', null],
  ])('is not declared dead by a late witness when %s sits there by now', async (_, who) => {
    const thread = await startNamed('sleep');
    await thread.end();
    const ground = wordsOf(1, Witnessed);
    const { table, at } = ground;
    const memory = ground.memory as Witnessed;
    table.take();
    giveTo(ground, 0, thread.name);
    memory.watch(at(0, SLOT.WHO), () => {
      table.release(0);
      table.take();
      memory.store(at(0, SLOT.WHO), who ?? thread.name.who);
    });
    expect([table.isOver(0), table.isTaken(0), table.incarnationOf(0)]).toEqual([false, true, 1]);
  });

  test('is not reaped while the system knows that it lives, and is when it is gone', async () => {
    const thread = await startNamed('sleep');
    onTestFinished(thread.end);
    const ground = wordsOf();
    const { table } = ground;
    table.take();
    expect(table.reap(0), 'this thread itself').toBe(false);
    giveTo(ground, 0, thread.name);
    expect([table.reap(0), table.isTaken(0)]).toEqual([false, true]);
    await thread.end();
    expect([table.reap(0), table.isOver(0)]).toEqual([true, true]);
  });
});

test.skipIf(!hasProc)(
  'an end that somebody has seen counts before the system knows it',
  async () => {
    const thread = await startNamed('sleep'); // goes on, as one does that the system still shows
    onTestFinished(thread.end);
    const ground = wordsOf();
    const { table, memory } = ground;
    for (let i = 0; i < 3; i++) table.take();
    giveTo(ground, 0, thread.name);
    giveTo(ground, 1, { ...thread.name, thread: thread.name.thread + 1 });
    table.markEnded(thread.name.thread);
    expect(memory.load(HEADER.DEATHS)).toBe(1);
    expect([0, 1, 2].map((slot) => table.isOver(slot))).toEqual([true, false, false]);
  },
);

describe('a worker without a name of the system that has ended', () => {
  const THREAD = 9;
  const name = { who: -THREAD, start: 0, thread: THREAD };

  test('is over wherever it sits, and was about to sit, when somebody has said so', () => {
    const ground = wordsOf();
    const { table } = ground;
    for (let i = 0; i < 3; i++) table.take();
    giveTo(ground, 0, name);
    giveTo(ground, 1, name);
    ground.memory.store(ground.at(1, SLOT.SEAT), 7 << 2); // free as yet
    expect([0, 1, 2].map((slot) => table.isOver(slot))).toEqual([false, false, false]);
    table.markEnded(THREAD);
    expect(ground.memory.load(HEADER.DEATHS)).toBe(1);
    expect([0, 1, 2].map((slot) => table.isOver(slot))).toEqual([true, true, false]);
    table.release(0);
    expect([table.isOver(0), table.take()?.slot, table.isOver(0)]).toEqual([false, 0, false]);
  });

  test('leaves no mark on the next one, who has another name', () => {
    const ground = wordsOf();
    const { table, memory } = ground;
    table.take();
    giveTo(ground, 0, name);
    table.markEnded(THREAD);
    for (const next of [-THREAD - 1, thisThread().who]) {
      memory.store(ground.at(0, SLOT.WHO), next);
      expect(table.isOver(0)).toBe(false);
    }
    table.markEnded(0);
    expect(table.isOver(0)).toBe(false);
  });
});
