// Allocation that does not take the first no for an answer: shrinkers, other threads' idle blocks,
// and waiting. Several seats of one thread play the others; real threads are in threads/waiting.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;

/** Two seats of a heap of which the first has every block. */
function full(): { heap: SharedHeap; other: SharedHeap; ptrs: number[] } {
  const { handle } = tinyHeap({ zones: [0, 32, 0] });
  const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
  const ptrs: number[] = [];
  for (let ptr = heap.alloc(SIZE); ptr !== 0; ptr = heap.alloc(SIZE)) ptrs.push(ptr);
  return { heap, other, ptrs };
}

/** Frees blocks so that they lie idle in that seat's magazines. */
function hoard(seat: SharedHeap, ptrs: number[], count: number): void {
  for (let i = 0; i < count; i++) expect(seat.free(ptrs.pop() as number)).toBe(true);
}

function isWaiting(heap: SharedHeap): boolean {
  return layersOf(heap).memory.load(HEADER.WAITING) !== 0;
}

describe('a request that fails fast', () => {
  test('leaves what other threads cache where it is, and calls no shrinker', () => {
    const { heap, other, ptrs } = full();
    hoard(other, ptrs, 2);
    const scan = vi.fn<() => number>(() => 0);
    heap.onPressure({ count: () => 100, scan });
    expect(heap.alloc(SIZE)).toBe(0);
    expect(heap.lastError?.code).toBe('OUT_OF_MEMORY');
    expect(scan).not.toHaveBeenCalled();
    expect(heap.stats().reclaim).toMatchObject({ askedBlocks: 0, shrunkBytes: 0, waits: 0 });
  });

  test('counts as one failure, also when it has waited', () => {
    const { heap } = full();
    const { failureCount, oomEvents } = heap.stats();
    expect(heap.tryAlloc(SIZE, { waitMs: 5 })).toMatchObject({ error: { code: 'TIMEOUT' } });
    expect(heap.stats()).toMatchObject({
      failureCount: failureCount + 1,
      oomEvents: oomEvents + 1,
      reclaim: { waits: 1, served: 0 },
    });
    expect(isWaiting(heap)).toBe(false);
  });
});

describe('shrinkers', () => {
  test('are asked for what is missing, and the request succeeds', () => {
    const { heap, ptrs } = full();
    heap.setFailFast(false);
    const asked: number[] = [];
    heap.onPressure({
      count: () => 1000,
      scan: (bytes) => {
        asked.push(bytes);
        return heap.free(ptrs.pop() as number) ? SIZE : 0;
      },
    });
    expect(heap.alloc(SIZE)).toBeGreaterThan(0);
    expect(asked).toEqual([SIZE]);
    expect(heap.stats().reclaim).toMatchObject({ shrunkBytes: SIZE, waits: 0 });
  });

  test('are asked for no more than they say they have, one after the other', () => {
    const { heap } = full();
    const asked: string[] = [];
    const shrinker = (name: string, count: number, freed: number) => ({
      count: () => count,
      scan: (bytes: number) => (asked.push(`${name} ${bytes}`), freed),
    });
    const ends = [shrinker('a', 40, 40), shrinker('b', 0, 0), shrinker('c', 900, 24)].map((it) =>
      heap.onPressure(it),
    );
    heap.onPressure(shrinker('d', 900, 0));
    heap.tryAlloc(SIZE, { failFast: false });
    expect(asked).toEqual(['a 40', 'c 24']);
    for (const end of ends) end();
    heap.tryAlloc(SIZE, { failFast: false });
    expect(asked.slice(2)).toEqual([`d ${SIZE}`]);
  });

  test('that allocate or throw do no harm to the request that calls them', async () => {
    const { heap, ptrs } = full();
    const thrown = vi.fn<() => void>();
    process.once('uncaughtException', thrown);
    heap.onPressure({
      count: () => {
        throw new Error('nothing to count');
      },
      scan: () => 0,
    });
    heap.onPressure({ count: () => SIZE, scan: () => (heap.alloc(SIZE) === 0 ? 0 : 1) });
    heap.onPressure({ count: () => SIZE, scan: () => (heap.free(ptrs.pop() as number) ? 1 : 0) });
    expect(heap.tryAlloc(SIZE, { failFast: false }).ok).toBe(true);
    await sleep(1);
    expect(thrown).toHaveBeenCalledTimes(1);
  });
});

describe('a thread that has left', () => {
  test('is asked for nothing, and its allocations fail as values while others wait', async () => {
    const { heap, other, ptrs } = full();
    const scan = vi.fn<() => number>(() => SIZE);
    other.onPressure({ count: () => SIZE, scan });
    const waits = heap.allocAsync(SIZE);
    await sleep(1);
    other.detach();
    scan.mockClear(); // by its timer it may have been asked before
    expect(isWaiting(heap)).toBe(true);
    expect(other.alloc(SIZE)).toBe(0);
    expect(other.lastError?.code).toBe('DETACHED');
    expect(scan).not.toHaveBeenCalled();
    heap.free(ptrs.pop() as number);
    expect((await waits).ok).toBe(true);
  });
});

describe('a request that waits', () => {
  test.each([NaN, -1])('is refused for a time that is none: %d', async (ms) => {
    const { heap } = full();
    expect(() => heap.tryAlloc(SIZE, { waitMs: ms })).toThrow(/waitMs/);
    await expect(heap.allocAsync(SIZE, { timeoutMs: ms })).rejects.toThrow(/timeoutMs/);
  });

  test('gets what another seat frees, and what it has cached', async () => {
    const { heap, other, ptrs } = full();
    hoard(other, ptrs, 2);
    const results = Promise.all([1, 2, 3].map(() => heap.allocAsync(SIZE)));
    await sleep(1);
    expect(isWaiting(heap)).toBe(true);
    other.free(ptrs.pop() as number);
    const got = await results;
    expect(got.map((it) => it.ok)).toEqual([true, true, true]);
    expect(heap.stats().reclaim).toMatchObject({ askedBlocks: 3, waits: 3, served: 3 });
    expect(isWaiting(heap)).toBe(false);
    expect(heap.validate()).toEqual([]);
  });

  test('gives up when its time is over, or when it is told to', async () => {
    const { heap, ptrs, other } = full();
    const stop = new AbortController();
    const told = heap.allocAsync(SIZE, { signal: stop.signal });
    const late = heap.allocAsync(SIZE, { timeoutMs: 5 });
    const { signal } = stop;
    stop.abort();
    expect(await told).toMatchObject({ error: { code: 'ABORTED', requested: SIZE } });
    expect(await late).toMatchObject({ error: { code: 'TIMEOUT' } });
    expect(await heap.allocAsync(SIZE, { signal })).toMatchObject({ error: { code: 'ABORTED' } });
    other.free(ptrs.pop() as number);
    expect((await heap.allocAsync(SIZE)).ok).toBe(true);
  });

  test('is told when its thread leaves the heap meanwhile', async () => {
    const { heap, other } = full();
    const waits = heap.allocAsync(SIZE);
    await sleep(1);
    heap.detach();
    expect(await waits).toMatchObject({ error: { code: 'DETACHED' } });
    expect(isWaiting(other)).toBe(false);
    expect(await heap.allocAsync(SIZE)).toMatchObject({ error: { code: 'DETACHED' } });
  });

  test('is refused at once for what waiting cannot help', async () => {
    const { heap } = full();
    expect(await heap.allocAsync(-1)).toMatchObject({ error: { code: 'INVALID_SIZE' } });
    expect(heap.tryAlloc(0, { waitMs: 1000 })).toMatchObject({ error: { code: 'INVALID_SIZE' } });
  });

  test('sends frees past the magazines while it lasts, and no longer', async () => {
    const { heap, other, ptrs } = full();
    hoard(other, ptrs, 1);
    const waits = heap.allocAsync(16 * SIZE);
    await sleep(1);
    for (let i = 0; i < 4; i++) other.free(ptrs.pop() as number);
    expect(other.stats().slots[1]?.cachedBytes).toBe(0);
    while (ptrs.length > 0) other.free(ptrs.pop() as number);
    expect((await waits).ok).toBe(true);
    const ptr = other.alloc(SIZE);
    other.free(ptr);
    expect(other.stats().slots[1]?.cachedBytes).toBeGreaterThan(0);
    expect(other['magazines'].free(other.alloc(SIZE))).toBe(true);
  });

  test('has its block zeroed if asked', async () => {
    const { heap, other, ptrs } = full();
    for (const ptr of ptrs) heap.u8.fill(7, ptr, ptr + SIZE);
    const waits = heap.allocAsync(SIZE, { zero: true });
    other.free(ptrs.pop() as number);
    const got = await waits;
    const ptr = got.ok ? got.value : 0;
    expect([...heap.u8.subarray(ptr, ptr + SIZE)].every((byte) => byte === 0)).toBe(true);
  });
});
