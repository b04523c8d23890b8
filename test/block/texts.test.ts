// Texts of a debug heap: written once, read by every seat, lost when there is no more room.

import { beforeEach, expect, test } from 'vitest';
import { Texts } from '../../src/block/texts.ts';
import { DEBUGGING } from '../../src/word/records.ts';
import { tinyHeap, type Tiny } from '../support/tiny.ts';

let tiny: Tiny;
let one: Texts;
let two: Texts;

beforeEach(() => {
  tiny = tinyHeap({ debug: DEBUGGING.ON });
  one = new Texts(tiny.memory, tiny.layout);
  two = new Texts(tiny.memory, tiny.layout);
});

test('a text is read by every seat under its number', () => {
  const texts = ['a', 'four', 'größer ✓', 'two\nlines', 'x'.repeat(700)];
  const numbers = texts.map((text) => one.numberOf(text));
  expect(new Set(numbers).size).toBe(texts.length);
  expect(numbers.map((number) => two.read(number))).toEqual(texts);
  expect(texts.map((text) => one.numberOf(text))).toEqual(numbers);
});

test('no text has number 0, and what is no number of a text has none', () => {
  expect([one.numberOf(''), one.read(0), one.read(-1), one.read(1e9), one.read(77)]).toEqual([
    0,
    '',
    '',
    '',
    '',
  ]);
});

test('a long text is cut', () => {
  expect(two.read(one.numberOf('y'.repeat(5000)))).toBe('y'.repeat(2048));
});

test('when there is no more room further texts have no number; shorter ones may fit', () => {
  const words = tiny.layout.endWords - tiny.layout.texts;
  let added = 0;
  for (; one.numberOf(`${added}`.padEnd(400, '.')) !== 0; added++)
    expect(added).toBeLessThan(words);
  expect(added).toBe(Math.floor((words - 1) / 101));
  expect([two.numberOf('z'.repeat(400)), two.read(two.numberOf('z'))]).toEqual([0, 'z']);
  expect(two.read(one.numberOf('0'.padEnd(400, '.')))).toBe('0'.padEnd(400, '.'));
  expect(tiny.memory.get(tiny.layout.endWords - 1), 'nothing behind').toBe(0);
});
