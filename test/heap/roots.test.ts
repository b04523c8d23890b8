// Named roots: a name leads every thread to the pointer that was last given to it.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../src/word/layout.ts';
import { HeapError } from '../../src/word/errors.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

describe('a root', () => {
  test('is found by every seat until it is deleted', () => {
    const { handle } = tinyHeap();
    const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
    const ptr = ann.alloc(64);
    expect(bob.roots.get('index')).toBe(0);
    expect(ann.roots.set('index', ptr)).toBe(true);
    expect(bob.roots.get('index')).toBe(ptr);
    expect(bob.roots.delete('index')).toBe(true);
    expect([ann.roots.get('index'), ann.roots.delete('index')]).toEqual([0, false]);
    expect(ann.usableSize(ptr), 'the block stays').toBe(64);
  });

  test('outlives the thread that set it, and its block', () => {
    const { handle } = tinyHeap();
    const [staying, leaving] = [anotherSeat(handle), anotherSeat(handle)];
    const ptr = leaving.alloc(64);
    leaving.roots.set('index', ptr);
    leaving.free(ptr);
    leaving.detach();
    expect(staying.roots.get('index')).toBe(ptr);
  });

  test('is replaced by another pointer and forgotten by 0', () => {
    const heap = anotherSeat(tinyHeap().handle);
    const [a, b] = [heap.alloc(64), heap.alloc(64)];
    heap.roots.set('index', a);
    heap.roots.set('index', b);
    expect(heap.roots.entries()).toEqual([['index', b]]);
    expect([heap.roots.set('index', 0), heap.roots.set('index', 0)]).toEqual([true, true]);
    expect(heap.roots.entries()).toEqual([]);
  });

  test('can be had 64 times, and a 65th is refused until one is deleted', () => {
    const heap = anotherSeat(tinyHeap().handle);
    const ptr = heap.alloc(64);
    const set = Array.from({ length: ROOT.COUNT + 1 }, (_, i) => heap.roots.set(`root ${i}`, ptr));
    expect(set).toEqual([...new Array<boolean>(ROOT.COUNT).fill(true), false]);
    expect(heap.roots.set('root 7', heap.alloc(64)), 'those that are there can change').toBe(true);
    expect(heap.roots.delete('root 9')).toBe(true);
    expect(heap.roots.set('another', ptr)).toBe(true);
    expect(heap.roots.entries()).toHaveLength(ROOT.COUNT);
  });

  test('is added once: who comes later gets the block that has the name', () => {
    const { handle } = tinyHeap({ tracked: true });
    const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
    const [mine, other] = [ann.alloc(64), bob.alloc(64)];
    expect([ann.roots.add('index', mine), bob.roots.add('index', other)]).toEqual([mine, mine]);
    expect([bob.roots.add('index', 8), bob.roots.add('next', 8)]).toEqual([0, 0]);
    for (const heap of [ann, bob]) heap.detachAndFree();
    const last = anotherSeat(handle);
    expect([last.usableSize(mine), last.usableSize(other)], 'it is everybody’s').toEqual([64, 0]);
    for (let i = 1; i < ROOT.COUNT; i++) last.roots.set(`root ${i}`, mine);
    expect([last.roots.add('another', mine), last.roots.add('index', mine)]).toEqual([0, mine]);
  });

  const good = [
    'a',
    'index',
    'x'.repeat(60),
    'ß'.repeat(30),
    '日本語',
    '😀'.repeat(15),
    ' ',
    '__proto__',
  ];
  test.each(good)('may be named %j', (name) => {
    const heap = anotherSeat(tinyHeap().handle);
    const ptr = heap.alloc(64);
    expect(heap.roots.set(name, ptr)).toBe(true);
    expect(heap.roots.get(name)).toBe(ptr);
    expect(heap.roots.entries()).toEqual([[name, ptr]]);
  });

  test.each(['', 'x'.repeat(61), 'ß'.repeat(31), 'a\0', '\0', 'a\0b'])(
    'may not be named %j: to set, get or delete it throws',
    (name) => {
      const { roots } = anotherSeat(tinyHeap().handle);
      for (const run of [
        () => roots.set(name, 16),
        () => roots.get(name),
        () => roots.delete(name),
      ]) {
        expect(run).toThrow(HeapError);
        expect(run).toThrow(/1 to 60 bytes/);
      }
      expect(roots.entries()).toEqual([]);
    },
  );

  const strange = [8, 1.5, -16, NaN, Infinity, 2 ** 53, 2 ** 36, '4096', 1, undefined];
  test.each(strange)('gives back the pointer that was set, or refuses to take it: %s', (value) => {
    const heap = anotherSeat(tinyHeap().handle);
    const ptr = value as number;
    let taken = false;
    try {
      taken = heap.roots.set('index', ptr);
    } catch (error) {
      expect(error).toBeInstanceOf(HeapError);
    }
    expect(heap.roots.get('index')).toBe(taken ? ptr : 0);
  });

  test('of one name is never taken for one of another that begins like it', () => {
    const heap = anotherSeat(tinyHeap().handle);
    const [a, b] = [heap.alloc(64), heap.alloc(64)];
    heap.roots.set('abcd', a);
    heap.roots.set('abcde', b);
    expect(['abcd', 'abcde', 'abc', 'abcdef'].map((name) => heap.roots.get(name))).toEqual([
      a,
      b,
      0,
      0,
    ]);
  });
});

test('any sequence of set and delete goes as on a plain map', () => {
  const names = fc.constantFrom('a', 'b', 'ab', 'a'.repeat(60), 'ä', 'index', 'queue');
  const step = fc.tuple(names, fc.oneof(fc.constant(0), fc.integer({ min: 16, max: 16 * 256 })));
  assertProperty(
    100,
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { roots } = anotherSeat(tinyHeap().handle);
      const model = new Map<string, number>();
      for (const [name, granule] of steps) {
        expect(roots.set(name, granule * 16)).toBe(true);
        if (granule === 0) model.delete(name);
        else model.set(name, granule * 16);
        expect(new Map(roots.entries())).toEqual(model);
      }
    }),
  );
});
