// Named budgets: what is charged to whom, where it ends, and what it does near its end.

import { beforeEach, describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { SharedHeap } from '../../src/heap/heap.ts';
import type { Budget } from '../../src/heap/budget.ts';
import { MODES } from '../../src/heap/mode.ts';
import { HEADER } from '../../src/word/layout.ts';
import { tokenOf } from '../../src/word/lock.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, layersOf, tinyHeap, type TinyOptions } from '../support/tiny.ts';

let ann: SharedHeap;
let bob: SharedHeap;
let decoder: Budget;

function prepare(options: TinyOptions = {}): void {
  const { handle } = tinyHeap({ budgeted: true, ...options });
  [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
  decoder = ann.budget('decoder', { max: 8192 });
}

beforeEach(() => prepare());

function used(): number {
  return bob.budget('decoder').usage().usedBytes;
}

/** From here on the thread on that seat is dead. */
function die(heap: SharedHeap): void {
  layersOf(heap).table.declare(heap.slot);
}

/** A pointer; 0 when it was refused. */
function get(size: number, budget: Budget | null = decoder): number {
  const got = ann.tryAlloc(size, { budget });
  return got.ok ? got.value : 0;
}

/** A small block, one of whole pages, and one beyond the classes. */
const SIZES = [16, 64, 1000, 6000];

describe.each(MODES)('in mode %s', (mode) => {
  beforeEach(() => prepare({ mode }));

  test.each(SIZES)('a block of %d bytes is charged by its size until somebody frees it', (size) => {
    const ptr = get(size);
    expect(used()).toBe(ann.usableSize(ptr));
    get(size, null);
    expect(used()).toBe(ann.usableSize(ptr));
    expect([bob.free(ptr), used()]).toEqual([true, 0]);
    expect([bob.free(ptr), used()]).toEqual([false, 0]);
    expect(ann.validate()).toEqual([]);
  });

  test('what would be beyond max fails, counts, and leaves no block behind', () => {
    const ptrs: number[] = [];
    for (let ptr = get(1000); ptr !== 0; ptr = get(1000)) ptrs.push(ptr);
    const { usedBytes, maxBytes, failures, peakBytes } = decoder.usage();
    expect(usedBytes).toBe(ptrs.reduce((sum, ptr) => sum + ann.usableSize(ptr), 0));
    expect(usedBytes + ann.usableSize(ptrs[0] as number)).toBeGreaterThan(maxBytes);
    expect([failures, peakBytes, maxBytes]).toEqual([1, usedBytes, 8192]);
    expect(ann.lastError).toMatchObject({ code: 'OVER_BUDGET', requested: 1000 });
    expect(ann.lastError?.message).toMatch(/larger max/);
    expect([ann.stats().liveBlocks, ann.stats().oomEvents]).toEqual([ptrs.length, 0]);
    expect(get(1000, null), 'others are not kept from it').toBeGreaterThan(0);
    ann.free(ptrs[0] as number);
    expect(get(1000)).toBeGreaterThan(0);
    expect(ann.validate()).toEqual([]);
  });

  test('a realloc is charged to the block’s own budget, in place or not', () => {
    bob.useBudget(bob.budget('other'));
    let ptr = get(6000);
    for (const size of [5000, 5500, 64, 3000, 16, 1]) {
      ptr = bob.realloc(ptr, size);
      expect(used()).toBe(bob.usableSize(ptr));
    }
    expect(bob.budget('other').usage().usedBytes).toBe(0);
    expect(bob.realloc(ptr, 9000)).toBe(0);
    expect([bob.lastError?.code, used()]).toEqual(['OVER_BUDGET', bob.usableSize(ptr)]);
    expect(bob.validate()).toEqual([]);
  });

  test('a transaction’s blocks are charged, and not when it is rolled back', () => {
    decoder.use();
    const done = ann.transaction((tx) => [tx.alloc(64), tx.alloc(1000)]);
    const [a, b] = done.ok ? (done.value as [number, number]) : [0, 0];
    const both = ann.usableSize(a) + ann.usableSize(b);
    expect(used()).toBe(both);
    const tx = ann.beginTransaction();
    tx.alloc(64);
    tx.free(a);
    tx.rollback();
    expect(used()).toBe(both);
    const over = ann.transaction((it) => [it.alloc(1000), it.alloc(9000)]);
    expect(over).toMatchObject({ ok: false, error: { code: 'OVER_BUDGET' } });
    ann.transaction((it) => it.free(a));
    expect(used()).toBe(ann.usableSize(b));
    expect([ann.stats().liveBlocks, ann.validate()]).toEqual([1, []]);
  });

  test('the dead’s own blocks are given back where owners are tracked', () => {
    prepare({ mode, tracked: true });
    decoder.use();
    const shared = ann.alloc(64);
    ann.give(shared, 'shared');
    for (const size of SIZES) ann.alloc(size);
    ann.beginTransaction().alloc(64);
    die(ann);
    bob.recover();
    expect(used()).toBe(bob.usableSize(shared));
    expect(bob.validate()).toEqual([]);
  });
});

describe('a budget', () => {
  test('is one for all threads, by its name; limits are those that were set last', () => {
    const same = bob.budget('decoder', { high: '4KiB' });
    expect(same.id).toBe(decoder.id);
    expect(decoder.usage()).toMatchObject({ maxBytes: 8192, highBytes: 4096 });
    bob.budget('decoder', { max: Infinity });
    expect(decoder.usage().maxBytes).toBe(Infinity);
    expect(bob.budget('decode').id).not.toBe(decoder.id);
    expect(bob.budget('decoder2').id).not.toBe(decoder.id);
  });

  test.each(['', 'x'.repeat(25)])('has no name like "%s"', (name) => {
    expect(() => ann.budget(name)).toThrow(/1 to 24 characters/);
  });

  test.each(['a lot', -1, NaN])('has no limit like %s', (max) => {
    expect(() => ann.budget('x', { max })).toThrow(/max is no number of bytes/);
  });

  test('is one of 64', () => {
    for (let i = 1; i < 64; i++) ann.budget(`b${i}`);
    expect(() => ann.budget('one more')).toThrow(/up to 64 budgets/);
    expect(ann.budget('b63').id).toBe(64);
  });

  test('is to be had only in a heap made for it', () => {
    const heap = SharedHeap.create({ size: '4MiB' });
    expect(() => heap.budget('x')).toThrow(/budgets: true/);
    heap.detach();
    const made = SharedHeap.create({ size: '4MiB', budgets: true });
    expect(made.budget('x', { max: '1MiB' }).usage().maxBytes).toBe(2 ** 20);
    made.detach();
  });

  test('of a thread is not that of the next one on its seat', () => {
    bob.useBudget(decoder);
    bob.alloc(64);
    const before = used();
    bob.detach();
    bob = anotherSeat(ann.handle);
    bob.alloc(64);
    expect([bob.slot, used()]).toEqual([1, before]);
  });

  test('with less room than is used refuses, and gives nothing back', () => {
    const ptr = get(4000);
    ann.budget('decoder', { max: 0 });
    expect([get(16), used(), ann.free(ptr), used()]).toEqual([
      0,
      ann.usableSize(ptr) || 4096,
      true,
      0,
    ]);
  });

  test('does not make an error of what is no size', () => {
    decoder.use();
    for (const size of [0, -1, NaN, 0.5]) {
      expect(ann.tryAlloc(size)).toMatchObject({ error: { code: 'INVALID_SIZE' } });
    }
  });

  test('waits for nothing: a wait would not help', async () => {
    const asked = { budget: decoder };
    expect(ann.tryAlloc(9000, { ...asked, waitMs: 60_000 })).toMatchObject({
      error: { code: 'OVER_BUDGET' },
    });
    expect(await ann.allocAsync(9000, asked)).toMatchObject({ error: { code: 'OVER_BUDGET' } });
  });
});

describe('shrinkers', () => {
  const kept: number[] = [];
  let asked: number[];

  beforeEach(() => {
    kept.length = 0;
    asked = [];
    ann.onPressure({
      count: () => kept.length * 1024,
      scan: (bytes) => {
        asked.push(bytes);
        return kept.length > 0 && ann.free(kept.pop() as number) ? 1024 : 0;
      },
    });
  });

  test('make room before an allocation is refused', () => {
    while (used() + 1024 <= 8192) kept.push(get(1024));
    expect(get(1024)).toBeGreaterThan(0);
    expect([asked, decoder.usage().failures]).toEqual([[1024], 0]);
  });

  test('are called for what is beyond high, and the allocation succeeds', () => {
    ann.budget('decoder', { high: 2048 });
    kept.push(get(1024), get(1024));
    expect(asked).toEqual([]);
    expect(get(1024)).toBeGreaterThan(0);
    expect([asked, used()]).toEqual([[1024], 2048]);
  });
});

test('a sum that a dead thread has left wrong is added up by who takes over its lock', () => {
  const ptr = get(1000);
  const { memory, budgets, seat } = layersOf(ann);
  memory.set(HEADER.BUDGET_LOCK, tokenOf(seat.slot, seat.incarnation));
  memory.set(layersOf(bob).layout.budgets + 2, 7);
  expect(budgets.audit()).toMatchObject([{ where: 'budget 1' }]);
  die(ann);
  expect(bob.recover()[0]?.locks).toBe(1);
  expect([used(), bob.validate()]).toEqual([bob.usableSize(ptr), []]);
});

test('validate tells of a budget whose sum is wrong, and of a byte at no live block', () => {
  const ptr = get(1000);
  const { memory, layout } = layersOf(ann);
  memory.setByte(layout.budgetBytes - layout.firstGranule + ptr / 16 + 1, 1);
  expect(ann.validate()).toMatchObject([{ where: 'budget 1', message: 'no live block' }]);
  memory.setByte(layout.budgetBytes - layout.firstGranule + ptr / 16 + 1, 0);
  memory.set(layout.budgets + 2, 1);
  expect(ann.validate()).toMatchObject([{ where: 'budget 1', message: /16 charged/ }]);
});

interface Op {
  readonly what: 'alloc' | 'free' | 'realloc' | 'tx';
  readonly size: number;
  readonly which: number;
  readonly budget: 0 | 1 | 2;
}

test('for any calls, each budget has what is held of it, and never more than its max', () => {
  const ops: fc.Arbitrary<Op> = fc.record({
    what: fc.constantFrom('alloc', 'alloc', 'free', 'realloc', 'tx'),
    size: fc.integer({ min: 1, max: 7000 }),
    which: fc.nat(),
    budget: fc.constantFrom(0, 1, 2),
  });
  assertProperty(
    100,
    fc.property(fc.array(ops, { maxLength: 40 }), fc.constantFrom(...MODES), (all, mode) => {
      prepare({ mode });
      const budgets = [null, decoder, ann.budget('b', { max: 16_000 })] as const;
      const held = new Map<number, number>();
      const step = ({ what, size, which, budget }: Op) => {
        const ptr = [...held.keys()][which % Math.max(held.size, 1)] ?? 0;
        if (what === 'alloc') {
          const got = bob.tryAlloc(size, { budget: budgets[budget] });
          if (got.ok) held.set(got.value, budget);
        } else if (what === 'free' && held.delete(ptr)) ann.free(ptr);
        else if (what === 'realloc' && ptr !== 0) {
          const moved = bob.realloc(ptr, size);
          if (moved === 0) return;
          const of = held.get(ptr) as number;
          held.delete(ptr);
          held.set(moved, of);
        } else if (what === 'tx') {
          ann.useBudget(budgets[budget]);
          const done = ann.transaction((tx) => (which % 2 === 0 ? tx.alloc(size) : tx.alloc(0)));
          if (done.ok) held.set(done.value, budget);
        }
      };
      for (const op of all) {
        step(op);
        for (const [id, budget] of budgets.entries()) {
          if (budget === null) continue;
          const mine = [...held].filter(([, of]) => of === id).map(([ptr]) => ann.usableSize(ptr));
          const { usedBytes, maxBytes } = budget.usage();
          expect(usedBytes).toBe(mine.reduce((sum, bytes) => sum + bytes, 0));
          expect(usedBytes).toBeLessThanOrEqual(maxBytes);
        }
      }
      expect(ann.validate()).toEqual([]);
    }),
  );
});
