// Leases against an origin's locks whose holders end as the test says. Those of a real browser are
// in threads/browser.test.ts.

import { describe, expect, test } from 'vitest';
import { holdLease, watchLeases } from '../../src/host/browser.ts';
import { hold, leaseOf, LeaseWatch } from '../../src/host/leases.ts';
import { drawLeased } from '../../src/slot/thread.ts';
import { SharedHeap } from '../../src/index.ts';
import { HEADER } from '../../src/word/layout.ts';
import { giveTo, wordsOf } from '../support/slots.ts';
import { OriginLocks } from '../support/weblocks.ts';

/** Threads with leases on all of three slots, and one who watches. */
async function seated() {
  const ground = wordsOf();
  const locks = new OriginLocks();
  const told: number[] = [];
  const watch = new LeaseWatch(ground.table, locks, (who) => told.push(who));
  const names = [drawLeased(), drawLeased(), drawLeased()];
  for (const [slot, who] of names.entries()) {
    expect(await hold(locks, who)).toBe(true);
    ground.table.take();
    giveTo(ground, slot, { who, start: 0, thread: 0 });
  }
  const over = () => [0, 1, 2].map((slot) => ground.table.isOver(slot));
  return { ...ground, locks, told, watch, names, over };
}

async function settle(): Promise<void> {
  await new Promise(setImmediate);
}

test('a thread is over when its lease ends, and not before; who watches is told', async () => {
  const { names, locks, watch, told, over, memory } = await seated();
  watch.look();
  await settle();
  expect([over(), told, memory.load(HEADER.DEATHS)]).toEqual([[false, false, false], [], 0]);
  locks.end(leaseOf(names[1]!));
  await settle();
  expect([over(), told, memory.load(HEADER.DEATHS)]).toEqual([[false, true, false], [names[1]], 1]);
});

test('a thread that ended before anybody looked is over at the first look', async () => {
  const { names, locks, watch, over } = await seated();
  locks.end(leaseOf(names[0]!));
  expect(over()).toEqual([false, false, false]);
  watch.look();
  await settle();
  expect(over()).toEqual([true, false, false]);
});

test('each lease is asked for once, and again when its name is there again', async () => {
  const { names, locks, watch, over, ...ground } = await seated();
  const asked = () => locks.asked.filter((name) => name === leaseOf(names[2]!)).length;
  for (let i = 0; i < 3; i++) watch.look();
  await settle();
  expect(asked()).toBe(2); // its holder, and who watches
  locks.end(leaseOf(names[2]!));
  await settle();
  ground.table.bury(2);
  expect(await hold(locks, names[2]!)).toBe(true);
  ground.table.take();
  giveTo(ground, 2, { who: names[2]!, start: 0, thread: 0 });
  watch.look();
  await settle();
  expect([asked(), over()]).toEqual([4, [false, false, false]]);
});

test.each([-7, -(2 ** 30), -(2 ** 30) - 2, 7])(
  'a thread without a lease is never asked about: %d',
  async (who) => {
    const { locks, watch, over, told, ...ground } = await seated();
    giveTo(ground, 1, { who, start: 0, thread: 0 });
    const before = locks.asked.length;
    watch.look();
    await settle();
    expect([locks.asked.length - before, over()[0], over()[2], told]).toEqual([
      2,
      false,
      false,
      [],
    ]);
    expect(locks.asked).not.toContain(leaseOf(who));
  },
);

test('of threads that draw one name one has it', async () => {
  const locks = new OriginLocks();
  const both = [hold(locks, -(2 ** 30) - 1), hold(locks, -(2 ** 30) - 1)];
  expect(await Promise.all(both)).toEqual([true, false]);
});

test('a name is nobody’s while those of its dead are marked', async () => {
  const { names, locks, table } = await seated();
  const name = leaseOf(names[0]!);
  let free: Promise<boolean> | undefined;
  const mark = table.markEnded.bind(table);
  table.markEnded = (thread) => {
    free = hold(locks, -thread);
    mark(thread);
  };
  new LeaseWatch(table, locks, () => undefined).look();
  locks.end(name);
  await settle();
  expect([await free, locks.isHeld(name), table.isOver(0)]).toEqual([false, false, true]);
});

test('who watches and stands still keeps an end from nobody else', async () => {
  const { names, locks, watch, over } = await seated();
  const name = leaseOf(names[0]!);
  void locks.request(name, { mode: 'shared' }, () => new Promise(() => undefined));
  watch.look();
  locks.end(name);
  await settle();
  expect([locks.isHeld(name), over()[0]]).toEqual([true, true]);
});

describe('in Node', () => {
  test('leases are not needed: both calls do nothing', async () => {
    using heap = SharedHeap.create({ size: '4MiB' });
    await holdLease();
    const end = await watchLeases(heap);
    end();
    expect(heap.alloc(64)).toBeGreaterThan(0);
  });
});
