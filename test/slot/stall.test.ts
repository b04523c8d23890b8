// For how long somebody has been waiting: one word that a stall begins and ends in one step.

import { describe, expect, test } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import { Stall } from '../../src/slot/stall.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const MASK = 2 ** 31 - 1;

/** A heap's stall, on a clock of this test's. */
function stallAt(now: number) {
  const { memory, layout, geometry } = tinyHeap();
  const clock = { now };
  const stall = new Stall(memory, () => clock.now & MASK);
  const on = sit({ memory, layout, geometry });
  return { stall, clock, memory, on };
}

describe('the time of stalls', () => {
  test('is nothing before the first', () => {
    const { stall, clock } = stallAt(1000);
    clock.now += 5000;
    expect(stall.total()).toBe(0);
    stall.end();
    expect(stall.total(), 'there was none to end').toBe(0);
  });

  test('goes on while one lasts, and adds up', () => {
    const { stall, clock } = stallAt(1000);
    stall.begin();
    clock.now += 30;
    expect(stall.total()).toBe(30);
    stall.begin();
    clock.now += 20;
    stall.end();
    clock.now += 1000;
    expect(stall.total(), 'beginning again was nothing new').toBe(50);
    stall.begin();
    clock.now += 7;
    stall.end();
    stall.end();
    expect(stall.total()).toBe(57);
  });

  test.each([0, 1, 2 ** 30, MASK - 10, MASK])('does not mind what the clock shows: %d', (now) => {
    const { stall, clock } = stallAt(now);
    for (let i = 1; i <= 3; i++) {
      stall.begin();
      clock.now += 1000;
      expect(stall.total()).toBe(i * 1000);
      stall.end();
      clock.now += 2 ** 29;
      expect(stall.total()).toBe(i * 1000);
    }
  });
});

test('the line is in a stall from its first waiter to its last, whoever looks meanwhile', () => {
  const { memory, on } = stallAt(0);
  const stalls = () => memory.load(HEADER.STALL) & 1;
  const other = sit(on);
  on.waits.rouse();
  expect(stalls()).toBe(0);
  on.waits.join(1);
  expect(stalls()).toBe(1);
  other.waits.join(1);
  on.waits.leave();
  on.waits.rouse();
  expect(stalls()).toBe(1);
  on.waits.forget(other.seat.slot);
  expect(stalls()).toBe(0);
});
