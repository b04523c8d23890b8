// When a slot is over: as soon as the system does not know its thread any more, or somebody has
// seen the end; never before, and never because of an end of the one who sat there before.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Seat } from '../../src/slot/slot.ts';
import { HEADER, SLOT } from '../../src/word/layout.ts';
import { Memory } from '../../src/word/memory.ts';
import { thisThread } from '../../src/slot/thread.ts';
import { giveTo, wordsOf } from '../support/slots.ts';
import { hasProc, startNamed } from '../support/threads/named.ts';

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
