// What this thread is called, and whether another one still runs: the answer "gone" is never wrong.

import { readlinkSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  canAsk,
  clockMs,
  drawLeased,
  goBy,
  isGone,
  isNumbered,
  thisThread,
} from '../../src/slot/thread.ts';
import { hasProc, startNamed } from '../support/threads/named.ts';

test('the number that worker_threads gave this thread is told, plus 1', () => {
  expect(thisThread().thread).toBe(threadId + 1);
});

test('a thread that the system does not know is never gone: nobody can ask', () => {
  expect([isGone(-1, 0), isGone(1 - 2 ** 31, 0)]).toEqual([false, false]);
});

test.skipIf(!hasProc)('a thread that is writing down its name is known by its id alone', () => {
  expect([isGone(thisThread().who, 0), isGone(2 ** 31 - 2, 0)]).toEqual([false, true]);
});

test('the clock is a whole number of milliseconds that fits a word', () => {
  const now = clockMs();
  expect([now === (now | 0), now >= 0]).toEqual([true, true]);
});

describe.skipIf(!hasProc)('where the system tells', () => {
  test('this thread has the system’s name, and it lives', () => {
    const { who, start } = thisThread();
    expect(who).toBe(Number(readlinkSync('/proc/thread-self').split('/').at(-1)));
    expect(start).not.toBe(0);
    expect([canAsk(who), isGone(who, start)]).toEqual([true, false]);
  });

  test('an id that another thread has by now is gone, and so is one that nobody has', () => {
    const { who, start } = thisThread();
    expect(isGone(who, start + 1)).toBe(true);
    expect(isGone(2 ** 31 - 2, start)).toBe(true);
  });

  test.each(['sleep', 'loop'] as const)(
    'a worker in a %s lives until it has ended',
    async (how) => {
      const worker = await startNamed(how);
      onTestFinished(worker.end);
      const { who, start } = worker.name;
      expect(who).not.toBe(thisThread().who);
      expect(isGone(who, start)).toBe(false);
      await worker.end();
      expect(isGone(who, start)).toBe(true);
    },
  );

  test.each([') Z 1 (', '(((', ') ) )'])('a thread may be called anything: %s', async (comm) => {
    const worker = await startNamed('sleep', comm);
    onTestFinished(worker.end);
    expect(isGone(worker.name.who, worker.name.start)).toBe(false);
    await worker.end();
    expect(isGone(worker.name.who, worker.name.start)).toBe(true);
  });
});

describe('a thread that is blind', () => {
  test('has a name by which nobody can ask, and takes nobody for gone', async () => {
    const seeing = thisThread();
    vi.resetModules();
    const other = await import('../../src/slot/thread.ts');
    other.beBlind();
    const { who, start, thread } = other.thisThread();
    expect([who < 0, who === (who | 0), start, thread]).toEqual([true, true, 0, threadId + 1]);
    expect([other.canAsk(who), other.isGone(2 ** 31 - 2, 1)]).toEqual([false, false]);
    expect(thisThread(), 'others see on').toEqual(seeing);
  });
});

describe('a thread where threads have no numbers, as in a browser', () => {
  async function elsewhere() {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    vi.resetModules();
    const other = await import('../../src/slot/thread.ts');
    onTestFinished(() => void vi.restoreAllMocks());
    return other;
  }

  test('has a name that says that it holds no lease, and can have no other', async () => {
    const there = await elsewhere();
    const { who, start, thread } = there.thisThread();
    expect([there.isNumbered(), start, thread]).toEqual([false, 0, 0]);
    expect([who < -(2 ** 30), who === (who | 0), there.isLeased(who)]).toEqual([true, true, false]);
    expect([there.goBy(there.drawLeased()), there.thisThread().who]).toEqual([false, who]);
  });

  test('goes by the name on which it holds a lease', async () => {
    const there = await elsewhere();
    const who = there.drawLeased();
    expect([there.isLeased(who), there.goBy(who), there.goBy(who)]).toEqual([true, true, true]);
    expect(there.thisThread()).toEqual({ who, start: 0, thread: 0 });
    expect(there.goBy(there.drawLeased())).toBe(false);
  });

  test.each([0, 1 - 2 ** -53])('draws names that fit a word, and no others: %d', async (dice) => {
    const there = await elsewhere();
    vi.spyOn(Math, 'random').mockReturnValue(dice);
    const names = [there.drawLeased(), there.thisThread().who];
    for (const name of names) {
      expect([name === (name | 0), name <= -(2 ** 30)]).toEqual([true, true]);
      expect(name).toBeGreaterThan(there.NOBODY);
    }
    expect(names.map(there.isLeased)).toEqual([true, false]);
    const others = [there.NOBODY, -1, -3, 0, 7, 1 - 2 ** 30];
    expect(others.filter(there.isLeased)).toEqual([]);
  });
});

test('a thread that has a number holds no lease', () => {
  const { who } = thisThread();
  expect([isNumbered(), goBy(drawLeased()), thisThread().who]).toEqual([true, false, who]);
});
