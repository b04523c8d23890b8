// Pleas, and who is told of them: the clock is the test's own.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Pleas } from '../../src/heap/pleas.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { OutOfMemory } from '../../src/heap/pleading.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;
const START = 1_000_000;

let heap: SharedHeap;
let other: SharedHeap;
let pleas: Pleas;
let ptrs: number[];

beforeEach(() => {
  const { handle } = tinyHeap({ zones: [0, 32, 0] });
  [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
  pleas = new Pleas(layersOf(heap).memory);
  ptrs = [];
  for (let ptr = heap.alloc(SIZE); ptr !== 0; ptr = heap.alloc(SIZE)) ptrs.push(ptr);
  vi.useFakeTimers({ toFake: ['Date'], now: START });
});

afterEach(() => {
  vi.useRealTimers();
  heap.detach();
  other.detach();
});

describe('a plea', () => {
  test('keeps all others from being made for a second', () => {
    expect([pleas.make(0, 100), pleas.make(1, 100), pleas.make(0, 1)]).toEqual([
      true,
      false,
      false,
    ]);
    vi.setSystemTime(START + 999);
    expect(pleas.make(1, 32)).toBe(false);
    expect(pleas.holding()).toEqual({ slot: 0, bytes: 112 });
    vi.setSystemTime(START + 1000);
    expect([pleas.make(1, 32), pleas.made()]).toEqual([true, 2]);
    expect(pleas.holding()).toEqual({ slot: 1, bytes: 32 });
  });

  test('is void when it is answered, or when nobody makes it again', () => {
    pleas.make(1, 32);
    pleas.withdraw(0);
    expect(pleas.holding()).not.toBe(null);
    vi.setSystemTime(START + 1999);
    expect(pleas.holding()).not.toBe(null);
    vi.setSystemTime(START + 2000);
    expect(pleas.holding()).toBe(null);
    pleas.make(1, 32);
    pleas.withdraw(1);
    expect(pleas.holding()).toBe(null);
  });

  test('may be made when the day’s clock was set back, or is at its very beginning', () => {
    pleas.make(1, 32);
    vi.setSystemTime(START - 5);
    expect([pleas.holding(), pleas.make(1, 48)]).toEqual([null, true]);
    vi.setSystemTime(2 ** 31 * 1000);
    expect([pleas.make(0, 48), pleas.make(0, 48)]).toEqual([true, false]);
  });
});

/** What the handlers of a seat are told. */
function listen(seat: SharedHeap): { told: OutOfMemory[]; end: () => void } {
  const told: OutOfMemory[] = [];
  return { told, end: seat.onOutOfMemory((event) => void told.push(event)) };
}

describe('handlers', () => {
  test('are told once, when an allocation has waited in vain, and by whom', () => {
    const { told } = listen(heap);
    heap.tryAlloc(SIZE, { waitMs: 2 });
    heap.tryAlloc(2 * SIZE, { waitMs: 2 });
    expect(told).toMatchObject([{ requested: SIZE, slot: 0, victims: [{ slot: 1 }] }]);
    vi.setSystemTime(START + 1000);
    heap.setFailFast(false);
    heap.alloc(3 * SIZE);
    expect(told).toMatchObject([{ requested: SIZE }, { requested: 3 * SIZE }]);
    expect(heap.stats().reclaim).toMatchObject({ pleas: 2, waits: 3, served: 0 });
  });

  test('are told nothing of what fails fast, what is refused, and what is served', () => {
    const { told } = listen(heap);
    heap.alloc(SIZE);
    heap.tryAlloc(SIZE, { failFast: true });
    heap.tryAlloc(-1, { waitMs: 2 });
    heap.tryAlloc(2 ** 40, { waitMs: 2 });
    other.free(ptrs.pop() as number);
    other.reclaim();
    expect(heap.tryAlloc(SIZE, { waitMs: 1000 }).ok).toBe(true);
    expect([told, pleas.made()]).toEqual([[], 0]);
  });

  test('of another thread are told as its event loop turns', async () => {
    const { told } = listen(other);
    heap.tryAlloc(SIZE, { waitMs: 2 });
    expect(told).toEqual([]);
    await vi.waitFor(() => expect(told).toMatchObject([{ slot: 0, requested: SIZE }]));
  });

  test('are not told of a plea that was answered before they came to hear it', async () => {
    const { told } = listen(other);
    pleas.make(0, SIZE);
    pleas.withdraw(0);
    other['rounds']();
    pleas.made();
    await sleep(1);
    expect(told).toEqual([]);
  });

  test('hear of a wait that is not over yet, and end it', async () => {
    const { told } = listen(other);
    other.onOutOfMemory(() => void other.free(ptrs.pop() as number));
    const got = await heap.allocAsync(SIZE, { timeoutMs: 60_000 });
    expect([got.ok, told.length]).toEqual([true, 1]);
    expect(pleas.holding(), 'answered').toBe(null);
  });

  test('that throw keep nobody from being told, and do the allocation no harm', async () => {
    const thrown = vi.fn<() => void>();
    process.once('uncaughtException', thrown);
    heap.onOutOfMemory(() => {
      throw new Error('no');
    });
    const { told } = listen(heap);
    expect(heap.tryAlloc(SIZE, { waitMs: 2 })).toMatchObject({ error: { code: 'TIMEOUT' } });
    await sleep(1);
    expect([told.length, thrown.mock.calls.length]).toEqual([1, 1]);
  });

  test('that are ended are told no more; nor of what was before they came', async () => {
    heap.tryAlloc(SIZE, { waitMs: 2 });
    const { told, end } = listen(heap);
    const second = listen(heap);
    heap['rounds']();
    expect(told).toEqual([]);
    end();
    vi.setSystemTime(START + 1000);
    heap.tryAlloc(SIZE, { waitMs: 2 });
    expect([told.length, second.told.length]).toEqual([0, 1]);
  });

  test('may wait for memory themselves', () => {
    const codes: unknown[] = [];
    heap.onOutOfMemory(() => {
      vi.setSystemTime(Date.now() + 1000);
      const got = codes.length < 3 ? heap.tryAlloc(SIZE, { waitMs: 1 }) : null;
      codes.push(got?.ok);
    });
    heap.tryAlloc(SIZE, { waitMs: 1 });
    expect(codes.length).toBeGreaterThanOrEqual(1);
    expect(heap.validate()).toEqual([]);
  });

  test('are told nothing once their thread has left', async () => {
    const { told } = listen(other);
    other.detach();
    heap.tryAlloc(SIZE, { waitMs: 2 });
    await sleep(5);
    expect(told).toEqual([]);
  });
});
