// References as they lie in the heap: the arrays that hold them, and what validate says of damage.

import { beforeEach, expect, test } from 'vitest';
import { MAGAZINE } from '../../src/word/layout.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

let ann: SharedHeap;
let bob: SharedHeap;

beforeEach(() => {
  const { handle } = tinyHeap({ checked: true });
  [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
});

test('arrays go back when nothing is left in them', () => {
  const arrays = () => {
    const { memory, layout, geometry } = layersOf(bob);
    const all = Array.from(
      { length: geometry.magazines },
      (_, i) => layout.magazines + i * MAGAZINE.WORDS,
    );
    return all.filter((at) => memory.get(at + MAGAZINE.HOLDER) >= MAGAZINE.REFERENCES).length;
  };
  const each = 31; // references in an array
  const blocks = Array.from({ length: 4 * each }, () => ann.alloc(64));
  for (const ptr of blocks) ann.retain(ptr);
  expect(arrays()).toBe(4);
  for (const ptr of blocks.slice(each, 3 * each)) ann.release(ptr);
  expect([arrays(), ann.validate()]).toEqual([2, []]);
  for (const ptr of [...blocks.slice(0, each), ...blocks.slice(3 * each)]) ann.release(ptr);
  expect(arrays(), 'one is kept').toBe(1);
  ann.detach();
  expect([arrays(), bob.stats().liveBlocks, bob.validate()]).toEqual([0, 0, []]);
});

test('validate names a reference to no block, and a holder that no table has', () => {
  const [one, two] = [ann.alloc(64), ann.alloc(64)];
  ann.retain(one);
  const { memory, states, references, layout } = layersOf(ann);
  const entry = references.entryOf(one / 16);
  memory.set(entry + 1, two / 16);
  expect(bob.validate()).toMatchObject([
    { where: 'references', ptr: one, message: '1 holders, named in 0 tables' },
    { where: 'references', ptr: two, message: '0 holders, named in 1 tables' },
  ]);
  const none = layout.endGranule - 1;
  expect(states.get(none)).toBe(0);
  memory.set(entry + 1, none);
  expect(bob.validate().map((it) => it.ptr)).toEqual([none * 16, one]);
});
