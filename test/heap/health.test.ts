// Health with its reasons, over life and over the last minute; pressure; and the news that a
// thread's timer tells on channels. The day's clock is this test's.

import diagnostics from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { COUNTER } from '../../src/word/records.ts';
import type { CountMessage } from '../../src/heap/announce.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const START_MS = 1_800_000_000_000;
const ROUND_MS = 500;

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: START_MS }));
afterEach(() => void vi.useRealTimers());

/** The timer's rounds, for so long. */
function live(heap: SharedHeap, seconds: number): void {
  for (let ms = 0; ms < seconds * 1000; ms += ROUND_MS) {
    vi.setSystemTime(Date.now() + ROUND_MS);
    heap['rounds']();
  }
}

function serve(heap: SharedHeap, times: number): void {
  for (let i = 0; i < times; i++) heap.free(heap.alloc(64));
}

function refuse(heap: SharedHeap, times: number): void {
  for (let i = 0; i < times; i++) heap.alloc(-1);
}

/** Out of memory so many times. */
function starve(heap: SharedHeap, times: number): void {
  const all = heap.alloc(65_536);
  for (let i = 0; i < times; i++) expect(heap.alloc(64)).toBe(0);
  heap.free(all);
}

function reasons(heap: SharedHeap): string[] {
  return heap.health().map(({ code, over }) => `${code} ${over}`);
}

const newHeap = () => anotherSeat(tinyHeap().handle);

describe('health', () => {
  test('has no reason against a new heap, nor against one that serves', () => {
    const heap = newHeap();
    expect([heap.health(), heap.isHealthy()]).toEqual([[], true]);
    serve(heap, 1000);
    live(heap, 70);
    expect([heap.health(), heap.isHealthy()]).toEqual([[], true]);
  });

  test('says of a reason what the figure is, what its limit, and in words', () => {
    const heap = newHeap();
    serve(heap, 90);
    refuse(heap, 10);
    const [life, minute] = heap.health();
    expect(life).toMatchObject({ code: 'FAILURE_RATE', over: 'life', figure: 0.1, limit: 0.05 });
    expect(life?.message).toMatch(/^10\.0 % .* since the heap was made, the limit is 5 %: /);
    expect(minute).toMatchObject({ code: 'FAILURE_RATE', over: 'minute', figure: 0.1 });
    expect(minute?.message).toContain('in the last minute');
    expect(heap.isHealthy()).toBe(false);
  });

  test('is lost by a bad minute of a good life, and comes back when that is over', () => {
    const heap = newHeap();
    serve(heap, 10_000);
    live(heap, 65);
    refuse(heap, 5);
    serve(heap, 95);
    expect(reasons(heap)).toEqual(['FAILURE_RATE minute']);
    live(heap, 58);
    expect(reasons(heap)).toEqual(['FAILURE_RATE minute']);
    live(heap, 6);
    expect(heap.isHealthy()).toBe(true);
  });

  test('is not lost by a failure among few attempts of a minute', () => {
    const heap = newHeap();
    serve(heap, 10_000);
    live(heap, 65);
    refuse(heap, 50);
    serve(heap, 49);
    expect(reasons(heap), '99 attempts').toEqual([]);
    serve(heap, 1);
    expect(reasons(heap)).toEqual(['FAILURE_RATE minute']);
  });

  test('is lost for life with the tenth refusal, and says that it was not in this minute', () => {
    const heap = newHeap();
    serve(heap, 1000);
    starve(heap, 9);
    expect(reasons(heap)).toEqual([]);
    starve(heap, 1);
    expect(reasons(heap)).toEqual(['OUT_OF_MEMORY life', 'OUT_OF_MEMORY minute']);
    expect(heap.health()[0]).toMatchObject({ figure: 10, limit: 10 });
    live(heap, 65);
    expect(reasons(heap)).toEqual(['OUT_OF_MEMORY life']);
  });

  test('is lost with damage', () => {
    const heap = newHeap();
    layersOf(heap).map.setRun(layersOf(heap).layout.firstPage, 0);
    const found = heap.validate().length;
    expect(found).toBeGreaterThan(0);
    expect(heap.health()).toMatchObject([{ code: 'CORRUPTION', figure: found, limit: 1 }]);
  });

  test('is of all threads, and of those that have left', () => {
    const { handle } = tinyHeap();
    const [gone, here] = [anotherSeat(handle), anotherSeat(handle)];
    refuse(gone, 1);
    gone.detach();
    expect(reasons(here)).toEqual(['FAILURE_RATE life']);
  });
});

/** Two seats of a heap of which the second waits for memory. */
function stalled() {
  const { handle } = tinyHeap();
  const [heap, waiter] = [anotherSeat(handle), anotherSeat(handle)];
  live(heap, 60);
  layersOf(waiter).waits.join(1);
  return { heap, waiter, wait: () => layersOf(waiter).waits };
}

describe('pressure', () => {
  test('is none where nobody ever waited', () => {
    const heap = newHeap();
    live(heap, 70);
    refuse(heap, 100);
    expect(heap.stats().pressure).toEqual({ some10: 0, some60: 0, totalMs: 0 });
  });

  test('rises while somebody waits, and falls when nobody does any more', () => {
    const { heap, wait } = stalled();
    live(heap, 6);
    const { some10, some60, totalMs } = heap.stats().pressure;
    expect([some10, some60]).toEqual([expect.closeTo(0.6, 2), expect.closeTo(0.1, 2)]);
    expect(totalMs).toBe(6000);
    live(heap, 24);
    expect(heap.stats().pressure).toMatchObject({ some10: 1, some60: expect.closeTo(0.5, 2) });
    wait().leave();
    live(heap, 13);
    expect(heap.stats().pressure).toMatchObject({ some10: 0, totalMs: 30_000 });
    live(heap, 52);
    expect(heap.stats().pressure).toEqual({ some10: 0, some60: 0, totalMs: 30_000 });
  });

  test('is over when one that died waiting is recovered', () => {
    const { heap, waiter } = stalled();
    live(heap, 2);
    layersOf(heap).table.declare(waiter.slot);
    heap.recover();
    live(heap, 5);
    expect(heap.stats().pressure.totalMs).toBe(2000);
  });
});

/** What is published on a channel from now on, of the heap in that buffer. */
function listen(name: string, buffer: SharedArrayBuffer): unknown[] {
  const heard: unknown[] = [];
  const listener = (message: unknown) => {
    if ((message as CountMessage).buffer === buffer) heard.push(message);
  };
  diagnostics.subscribe(`atomalloc:${name}`, listener);
  onTestFinished(() => void diagnostics.unsubscribe(`atomalloc:${name}`, listener));
  return heard;
}

describe('the news', () => {
  test('of refusals and damage is told at the next round, once, to every thread', () => {
    const { handle } = tinyHeap();
    const { buffer } = handle;
    const [one, other] = [anotherSeat(handle), anotherSeat(handle)];
    const [ooms, damage] = [listen('out-of-memory', buffer), listen('corruption', buffer)];
    starve(one, 3);
    layersOf(one).counters.bump(COUNTER.CORRUPTIONS);
    expect([ooms, damage], 'not in the call').toEqual([[], []]);
    for (const heap of [one, other, one]) heap['rounds']();
    const three = { buffer, count: 3, total: 3 };
    expect(ooms).toEqual([three, three]);
    expect(damage).toEqual([1, 1].map((count) => ({ buffer, count, total: 1 })));
    starve(one, 1);
    one['rounds']();
    expect(ooms.slice(2)).toEqual([{ buffer, count: 1, total: 4 }]);
  });

  test('of pressure is told as long as it lasts', () => {
    const { heap, wait } = stalled();
    const heard = listen('pressure', heap.handle.buffer);
    live(heap, 1);
    expect(heard).toHaveLength(2);
    expect(heard[1]).toMatchObject({ stalledMs: ROUND_MS, totalMs: 1000 });
    vi.setSystemTime(Date.now() + 100);
    wait().leave();
    live(heap, 1);
    expect(heard.slice(2)).toMatchObject([{ stalledMs: 100, totalMs: 1100 }]);
    const { pressure } = heap.stats();
    expect(heard[2]).toMatchObject({ some10: expect.closeTo(pressure.some10, 1) });
  });

  test('is not told of what was before this thread came', () => {
    const { handle } = tinyHeap();
    starve(anotherSeat(handle), 1);
    const late = anotherSeat(handle);
    const heard = listen('out-of-memory', handle.buffer);
    late['rounds']();
    expect(heard).toEqual([]);
  });

  test('that a subscriber cannot bear does no harm to the heap, nor to others', async () => {
    const { handle } = tinyHeap();
    const heap = anotherSeat(handle);
    const thrown = vi.fn<(error: Error) => void>();
    process.once('uncaughtException', thrown);
    const throws = () => {
      throw new Error('the subscriber’s affair');
    };
    diagnostics.subscribe('atomalloc:out-of-memory', throws);
    const heard = listen('out-of-memory', handle.buffer);
    starve(heap, 1);
    heap['rounds']();
    diagnostics.unsubscribe('atomalloc:out-of-memory', throws);
    expect(heard).toHaveLength(1);
    await vi.waitFor(() => expect(thrown).toHaveBeenCalledTimes(1), { timeout: 30_000 });
    expect(heap.free(heap.alloc(64))).toBe(true);
    expect(heap.validate()).toEqual([]);
    heap['rounds']();
    expect(heard, 'it is told once').toHaveLength(1);
  });

  test('reads the heap as it is: a subscriber may use it', () => {
    const heap = newHeap();
    const freed: boolean[] = [];
    const uses = () => void freed.push(heap.free(heap.alloc(64)));
    diagnostics.subscribe('atomalloc:out-of-memory', uses);
    starve(heap, 1);
    heap['rounds']();
    diagnostics.unsubscribe('atomalloc:out-of-memory', uses);
    expect(freed).toEqual([true]);
  });
});
