// Notices of recoveries: the last few are there for everybody, the sums count all, and neither a
// writer that dies over one nor a reader that comes too late can tell a wrong one.

import diagnostics from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RecoveredMessage } from '../../src/heap/announce.ts';
import { Notices, type Recovered } from '../../src/heap/notices.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { NOTICE } from '../../src/word/records.ts';
import { cutEverywhere, mortal } from '../support/cut.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

type Found = Omit<Recovered, 'sequence'>;

function found(slot: number, incarnation: number, more: Partial<Found> = {}): Found {
  const what = { locks: 1, rolledBack: 2, cachedBlocks: 3, ownedBlocks: 4, unreturnedBlocks: 5 };
  return { slot, incarnation, threadId: 7, by: 0, ...what, milliseconds: 0.25, ...more };
}

function die(seat: SharedHeap, heir: SharedHeap): Recovered[] {
  layersOf(heir).table.declare(seat.slot);
  return heir.recover();
}

describe('notices', () => {
  test('tell what was written, the last few, by their numbers', () => {
    const notices = new Notices(tinyHeap().memory);
    expect([notices.newest(), notices.after(0)]).toEqual([0, []]);
    const all = Array.from({ length: 20 }, (_, i) => notices.writeLocked(found(2, i), false));
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i + 1));
    expect(notices.after(0)).toEqual(all.slice(-NOTICE.COUNT));
    expect(notices.after(18)).toEqual(all.slice(18));
    expect(notices.after(20)).toEqual([]);
  });

  test('sum up everything, beyond what a word holds', () => {
    const notices = new Notices(tinyHeap().memory);
    const many = { cachedBlocks: 7000, ownedBlocks: 2 ** 30, unreturnedBlocks: 2 ** 40 };
    const slowest = { milliseconds: 12.5 };
    for (let i = 0; i < 10; i++) {
      notices.writeLocked(found(1, i, { ...many, ...(i === 3 ? slowest : {}) }), false);
    }
    expect(notices.stats()).toEqual({
      count: 10,
      locks: 10,
      rolledBack: 20,
      cachedBlocks: 70_000,
      ownedBlocks: 10 * 2 ** 30,
      unreturnedBlocks: 10 * 2 ** 40,
      worstMs: 12.5,
    });
    expect(notices.after(9)[0]).toMatchObject(many);
  });

  test('count a death once, also when its recoverer died with the slot all but free', () => {
    const notices = new Notices(tinyHeap().memory);
    const first = notices.writeLocked(found(1, 5), false);
    expect(notices.writeLocked(found(1, 5, { locks: 0 }), false)).toEqual(first);
    expect(notices.writeLocked(found(1, 6, { locks: 0 }), true)).toEqual(first);
    expect(notices.writeLocked(found(1, 6), false).sequence).toBe(2);
    expect(notices.writeLocked(found(2, 6), true).sequence).toBe(3);
  });

  test('that are being written, or were left so, are told by nobody and written anew', () => {
    const tiny = tinyHeap();
    const [dead, heir] = [mortal(tiny), mortal(tiny)];
    const notices = new Notices(tiny.memory);
    for (let i = 0; i < 9; i++) notices.writeLocked(found(1, i), false);
    const before = notices.after(0);
    const cuts = cutEverywhere({
      tiny,
      act: { memory: dead, run: () => new Notices(dead).writeLocked(found(2, 1), false) },
      mend: {
        memory: heir,
        run: () => {
          for (const it of notices.after(0)) {
            const known = before.find(({ sequence }) => sequence === it.sequence);
            if (it.sequence <= 9) expect(it).toEqual(known);
          }
          new Notices(heir).writeLocked(found(2, 1), false);
        },
      },
      mendAgain: () => void notices.writeLocked(found(2, 1), false),
      twice: () => true,
      check: () => {
        expect(notices.after(9)).toEqual([{ ...found(2, 1), sequence: 10 }]);
        expect(notices.stats()).toMatchObject({ count: 10, locks: 10, cachedBlocks: 30 });
      },
    });
    expect(cuts).toBeGreaterThan(NOTICE.WORDS);
  });
});

describe('a heap', () => {
  test('tells how many blocks a thread had allocated beyond those it freed', () => {
    const { handle } = tinyHeap();
    const heir = anotherSeat(handle);
    for (const [allocs, frees] of [
      [5, 2],
      [4, 4],
      [1, 0],
    ] as const) {
      const seat = anotherSeat(handle);
      const ptrs = Array.from({ length: allocs }, () => seat.alloc(64));
      seat.freeMany(ptrs.slice(0, frees));
      expect(die(seat, heir)).toMatchObject([{ unreturnedBlocks: allocs - frees }]);
    }
    const [giver, taker] = [anotherSeat(handle), anotherSeat(handle)];
    taker.free(giver.alloc(64));
    expect(die(taker, heir)).toMatchObject([{ unreturnedBlocks: 0 }]);
    giver.detach();
    const next = anotherSeat(handle);
    expect(die(next, heir), 'no word of who left in good order').toMatchObject([
      { unreturnedBlocks: 0 },
    ]);
    expect(heir.stats().recoveries).toMatchObject({ count: 5, unreturnedBlocks: 4 });
  });

  test('that tracks owners frees the blocks of the dead, and calls none unreturned', () => {
    const { handle } = tinyHeap({ tracked: true });
    const [heir, seat] = [anotherSeat(handle), anotherSeat(handle)];
    for (let i = 0; i < 3; i++) seat.alloc(64);
    expect(die(seat, heir)).toMatchObject([{ ownedBlocks: 3, unreturnedBlocks: 0 }]);
    expect(heir.stats().recoveries).toMatchObject({ ownedBlocks: 3, unreturnedBlocks: 0 });
  });

  test('tells its listeners by the timer; what one throws stops nothing', async () => {
    const { handle } = tinyHeap();
    const [heir, seat, other] = [anotherSeat(handle), anotherSeat(handle), anotherSeat(handle)];
    const heard: number[] = [];
    const thrown: unknown[] = [];
    const before = process.rawListeners('uncaughtException');
    process
      .removeAllListeners('uncaughtException')
      .once('uncaughtException', (e) => thrown.push(e));
    onTestFinished(() => {
      for (const it of before) process.on('uncaughtException', it as () => void);
    });
    const stop = other.on('recovered', () => {
      throw new Error('the listener’s affair');
    });
    other.on('recovered', ({ sequence }) => void heard.push(sequence));
    die(seat, heir);
    expect(heard, 'not in the call').toEqual([]);
    await vi.waitFor(() => expect(heard).toEqual([1]), { timeout: 30_000 });
    await vi.waitFor(() => expect(thrown).toHaveLength(1), { timeout: 30_000 });
    stop();
    heir.detach();
    other.detach();
  });

  test('publishes on the diagnostics channel of who recovered, after the call', async () => {
    const { handle } = tinyHeap();
    const [heir, seat] = [anotherSeat(handle), anotherSeat(handle)];
    const messages: unknown[] = [];
    const listener = (message: unknown) => void messages.push(message);
    diagnostics.subscribe('atomalloc:recovered', listener);
    const [recovered] = die(seat, heir);
    expect(messages).toEqual([]);
    await Promise.resolve();
    diagnostics.unsubscribe('atomalloc:recovered', listener);
    expect(messages).toEqual([{ ...recovered, buffer: handle.buffer }]);
    expect((messages[0] as RecoveredMessage).buffer).toBe(handle.buffer);
  });

  test('has no other event', () => {
    const heap = anotherSeat(tinyHeap().handle);
    expect(() => heap.on('died' as 'recovered', () => undefined)).toThrow(/'recovered'/);
  });
});
