// Requests that are refused on purpose: which ones, how the refusal looks and what it leaves alone,
// for all ways to ask for memory. Several seats of one thread play the others.

import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { DETOUR, HEADER, TABLE } from '../../src/word/layout.ts';
import { CERTAIN, drawFor } from '../../src/heap/injector.ts';
import type { FaultPlan } from '../../src/heap/faults.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { MODES, type Mode } from '../../src/heap/mode.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, layersOf, tinyHeap, type TinyOptions } from '../support/tiny.ts';

const SIZE = 64;
const PAGE = 256;

function heapWith(options: TinyOptions = {}): SharedHeap {
  return anotherSeat(tinyHeap({ zones: [0, 512, 0], ...options }).handle);
}

/** Numbers of the requests of so many that are refused. */
function refused(heap: SharedHeap, count: number, size = SIZE): number[] {
  const asked = Array.from({ length: count }, (_, i) => [i + 1, heap.alloc(size)] as const);
  heap.freeMany(asked.map(([, ptr]) => ptr).filter((ptr) => ptr !== 0));
  return asked.filter(([, ptr]) => ptr === 0).map(([n]) => n);
}

describe('a plan', () => {
  test('refuses the n-th request, once', () => {
    const heap = heapWith();
    heap.faults.inject({ nth: 3 });
    expect(refused(heap, 10)).toEqual([3]);
    expect(heap.faults.counts()).toEqual({ requests: 10, failures: 1 });
  });

  test('refuses from the n-th on as often as it says', () => {
    const heap = heapWith();
    heap.faults.inject({ nth: 3, times: 2 });
    expect(refused(heap, 10)).toEqual([3, 4]);
    heap.faults.inject({ nth: 8, times: Infinity });
    expect(refused(heap, 10)).toEqual([8, 9, 10]);
  });

  test('refuses every n-th, as often as it says', () => {
    const heap = heapWith();
    heap.faults.inject({ every: 3 });
    expect(refused(heap, 10)).toEqual([3, 6, 9]);
    heap.faults.inject({ every: 3, times: 2 });
    expect(refused(heap, 10)).toEqual([3, 6]);
    heap.faults.inject({ every: 1 });
    expect(refused(heap, 3)).toEqual([1, 2, 3]);
  });

  test('refuses by chance, and the same ones for the same seed', () => {
    const heap = heapWith();
    const draw = (plan: FaultPlan) => (heap.faults.inject(plan), refused(heap, 2000));
    const first = draw({ probability: 0.25, seed: 7 });
    expect(draw({ probability: 0.25, seed: 7 })).toEqual(first);
    expect(draw({ probability: 0.25, seed: 8 })).not.toEqual(first);
    expect(first.length / 2000).toBeGreaterThan(0.2);
    expect(first.length / 2000).toBeLessThan(0.3);
    expect(draw({ probability: 0.25, seed: 7, times: 5 })).toEqual(first.slice(0, 5));
    expect(draw({ probability: 1 })).toHaveLength(2000);
    expect(draw({ probability: 2 ** -31, seed: 3 })).toEqual([]);
  });

  test('counts and refuses requests of some sizes only', () => {
    const heap = heapWith();
    heap.faults.inject({ nth: 2, minBytes: 65, maxBytes: 128 });
    expect([refused(heap, 3, 64), refused(heap, 3, 129)]).toEqual([[], []]);
    expect([refused(heap, 1, 65), refused(heap, 1, 128)]).toEqual([[], [1]]);
    expect(heap.faults.counts()).toEqual({ requests: 2, failures: 1 });
    heap.faults.inject({ every: 1, minBytes: 2 ** 31, maxBytes: 2 ** 33 });
    expect(refused(heap, 3)).toEqual([]);
  });

  test('counts and refuses requests of some slots only', () => {
    const { handle } = tinyHeap();
    const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
    heap.faults.inject({ every: 1, slots: [other.slot] });
    expect([refused(heap, 2), refused(other, 2)]).toEqual([[], [1, 2]]);
    heap.faults.inject({ every: 1, slots: [] });
    expect([refused(heap, 2), refused(other, 2)]).toEqual([[], []]);
  });

  test('holds for all threads, which count together', () => {
    const { handle } = tinyHeap();
    const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
    heap.faults.inject({ nth: 3 });
    expect([refused(heap, 2), refused(other, 2), refused(heap, 2)]).toEqual([[], [1], []]);
    expect(other.faults.counts()).toEqual({ requests: 6, failures: 1 });
    heap.detach();
    other.faults.inject({ every: 2 });
    expect(refused(other, 2)).toEqual([2]);
  });

  test.each([
    [{}, /one of nth, every and probability/],
    [{ nth: 1, every: 1 }, /one of nth/],
    [{ nth: 0 }, /nth is/],
    [{ nth: 1.5 }, /nth is/],
    [{ every: 2 ** 31 }, /every is/],
    [{ probability: 0 }, /probability is/],
    [{ probability: 1.1 }, /probability is/],
    [{ probability: NaN }, /probability is/],
    [{ nth: 1, times: 0 }, /times is/],
    [{ probability: 0.5, seed: 0.5 }, /seed is/],
    [{ nth: 1, slots: [-1] }, /slots has/],
    [{ nth: 1, slots: [128] }, /slots has/],
    [{ nth: 1, minBytes: 2, maxBytes: 1 }, /minBytes and maxBytes/],
    [{ nth: 1, minBytes: NaN }, /minBytes and maxBytes/],
  ] as [FaultPlan, RegExp][])('that is none is refused, and changes nothing: %j', (plan, why) => {
    const heap = heapWith();
    heap.faults.inject({ nth: 2 });
    expect(() => heap.faults.inject(plan)).toThrow(why);
    expect(refused(heap, 3)).toEqual([2]);
  });

  test('ends with null, and with it the way through the slow path', () => {
    const heap = heapWith();
    const { memory } = layersOf(heap);
    const table = () => Array.from({ length: TABLE.BYTES }, (_, i) => memory.getByte(i));
    const open = table();
    heap.faults.inject({ every: 1 });
    expect(new Set(table())).toEqual(new Set([0]));
    expect(memory.get(HEADER.DETOURS)).toBe(DETOUR.FAULTS);
    heap.faults.inject(null);
    expect([table(), memory.get(HEADER.DETOURS)]).toEqual([open, 0]);
    expect(refused(heap, 3)).toEqual([]);
    expect(heap.faults.counts()).toEqual({ requests: 0, failures: 0 });
  });

  test('is nothing that a thread without a seat could set', () => {
    const heap = heapWith();
    heap.detach();
    expect(() => heap.faults.inject({ nth: 1 })).toThrow(/DETACHED/);
    expect(() => heap.faults.counts()).toThrow(/DETACHED/);
  });

  test('refuses what a model of it says, whatever it is', () => {
    const plans = fc.record({
      kind: fc.constantFrom('nth', 'every', 'probability'),
      n: fc.integer({ min: 1, max: 8 }),
      seed: fc.integer(),
      times: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      min: fc.integer({ min: 0, max: 100 }),
      max: fc.integer({ min: 100, max: 300 }),
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 40 });
    assertProperty(
      100,
      fc.property(plans, sizes, ({ kind, n, seed, times, min, max }, asked) => {
        const heap = heapWith({ zones: [0, 96, 0] });
        const chance = kind === 'probability' ? n / 8 : 1;
        heap.faults.inject({
          [kind]: kind === 'probability' ? chance : n,
          seed,
          minBytes: min,
          maxBytes: max,
          ...(times === undefined ? {} : { times }),
        });
        let [requests, left] = [0, times ?? (kind === 'nth' ? 1 : Infinity)];
        for (const size of asked) {
          const meant = size >= min && size <= max;
          if (meant) requests++;
          const beat = kind === 'nth' ? requests >= n : kind !== 'every' || requests % n === 0;
          const due = meant && beat && drawFor(seed | 0, requests) < chance * CERTAIN && left > 0;
          if (due) left--;
          expect(heap.alloc(size) === 0).toBe(due);
        }
      }),
    );
  });
});

describe('a refusal', () => {
  test('is OUT_OF_MEMORY, says that it is on purpose, and is counted as both', () => {
    const heap = heapWith();
    heap.faults.inject({ every: 1 });
    const error = { code: 'OUT_OF_MEMORY', requested: SIZE, injected: true };
    expect(heap.tryAlloc(SIZE)).toMatchObject({ ok: false, error });
    expect(heap.lastError).toMatchObject(error);
    expect(heap.stats()).toMatchObject({
      failureCount: 1,
      oomEvents: 1,
      injectedFailures: 1,
      allocCount: 0,
      liveBlocks: 0,
    });
  });

  test('of memory that is really out does not say so', () => {
    const heap = heapWith({ zones: [0, 2, 0] });
    heap.faults.inject({ nth: 2 });
    const sizes = [100 * PAGE, SIZE, 100 * PAGE];
    const [out, injected, again] = sizes.map((size) => heap.tryAlloc(size));
    expect(out).toMatchObject({ error: { code: 'INVALID_SIZE' } });
    expect(injected).toMatchObject({ ok: true });
    expect(again).toMatchObject({ error: { code: 'INVALID_SIZE' } });
    expect(heap.faults.counts(), 'bad sizes are no requests').toEqual({ requests: 1, failures: 0 });
    while (heap.alloc(SIZE) !== 0 || heap.lastError?.injected === true);
    expect(heap.lastError?.code).toBe('OUT_OF_MEMORY');
    expect(heap.stats().injectedFailures).toBe(1);
  });

  test('comes at once: nothing is brought home, no shrinker called, no time waited', async () => {
    const { handle } = tinyHeap({ zones: [0, 32, 0] });
    const [heap, other] = [anotherSeat(handle), anotherSeat(handle)];
    other.free(other.alloc(SIZE)); // idle there
    heap.free(heap.alloc(SIZE));
    const scan = vi.fn<() => number>(() => 0);
    heap.onPressure({ count: () => 1000, scan });
    heap.setFailFast(false);
    heap.faults.inject({ every: 1 });
    const before = heap.stats().classes;
    const error = { code: 'OUT_OF_MEMORY', injected: true };
    expect(heap.alloc(SIZE)).toBe(0);
    expect(heap.tryAlloc(SIZE, { waitMs: Infinity })).toMatchObject({ error });
    expect(await heap.allocAsync(SIZE, { timeoutMs: 10_000 })).toMatchObject({ error });
    expect(scan).not.toHaveBeenCalled();
    const { classes, reclaim } = heap.stats();
    expect(classes).toEqual(before);
    expect(reclaim).toMatchObject({ waits: 0, ownBlocks: 0, slabPages: 0 });
  });
});

describe.each(MODES)('in mode %s', (mode: Mode) => {
  describe.each([{}, { checked: true }, { tracked: true }])('of a heap with %j', (kind) => {
    test('every way to ask for memory counts once', async () => {
      const heap = heapWith({ zones: [16, 1024, 0], mode, ...kind });
      const small = heap.alloc(SIZE);
      const large = heap.alloc(70 * PAGE);
      const counted = async (work: () => unknown) => {
        heap.faults.inject({ nth: 1000 });
        await work();
        return heap.faults.counts().requests;
      };
      const ways: [string, number, () => unknown][] = [
        ['alloc', 1, () => heap.alloc(SIZE)],
        ['alloc of pages', 1, () => heap.alloc(5 * PAGE)],
        ['alloc of a run', 1, () => heap.alloc(80 * PAGE)],
        ['alloc of nothing', 0, () => heap.alloc(0)],
        ['tryAlloc', 1, () => heap.tryAlloc(SIZE, { zero: true })],
        ['aligned', 1, () => heap.tryAlloc(SIZE, { align: 4096 })],
        ['zoned', 1, () => heap.tryAlloc(SIZE, { zone: 'dma' })],
        ['patient', 1, () => heap.tryAlloc(SIZE, { waitMs: 10, failFast: false })],
        ['allocAsync', 1, () => heap.allocAsync(SIZE)],
        ['allocMany', 5, () => heap.allocMany({ length: 5 }, SIZE)],
        ['realloc of nothing', 1, () => heap.realloc(0, SIZE)],
        ['realloc that fits', 0, () => heap.realloc(small, SIZE - 1)],
        ['realloc that grows', 1, () => heap.realloc(small, 3 * SIZE)],
        ['realloc of a run that grows', 1, () => heap.realloc(large, 75 * PAGE)],
        ['free', 0, () => heap.free(heap.roots.get('none'))],
        ['reclaim', 0, () => heap.reclaim()],
        [
          'a transaction',
          4,
          () =>
            heap.transaction((tx) => {
              const ptr = tx.alloc(SIZE);
              tx.protect(ptr, 16);
              tx.realloc(tx.alloc(SIZE), 2 * SIZE);
            }),
        ],
      ];
      for (const [name, count, work] of ways) expect(await counted(work), name).toBe(count);
    });

    test('a request that waits counts once, however often it tries', async () => {
      const heap = heapWith({ zones: [0, 24, 0], mode, ...kind });
      while (heap.alloc(SIZE) !== 0);
      heap.faults.inject({ nth: 1000 });
      expect(heap.tryAlloc(SIZE, { waitMs: 120 })).toMatchObject({ error: { code: 'TIMEOUT' } });
      expect(heap.faults.counts().requests).toBe(1);
      expect(await heap.allocAsync(SIZE, { timeoutMs: 120 })).toMatchObject({ ok: false });
      expect(heap.faults.counts().requests).toBe(2);
      const tx = heap.beginTransaction();
      expect(tx.alloc(SIZE)).toBe(0);
      expect(heap.faults.counts().requests).toBe(3);
    });
  });
});
