// A copy that is made before a write is an allocation like any other: for a plan of faults one
// request, however often it retries, and for a recording an event.

import { expect, test } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import { TAPE } from '../../src/word/records.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

const SIZE = 64;

/** A block that two seats hold. */
function shared(): { ann: SharedHeap; bob: SharedHeap; ptr: number } {
  const { handle } = tinyHeap({ zones: [0, 32, 0], checked: true });
  const [ann, bob] = [anotherSeat(handle), anotherSeat(handle)];
  const ptr = ann.alloc(SIZE);
  expect([ann.retain(ptr), bob.retain(ptr)]).toEqual([true, true]);
  return { ann, bob, ptr };
}

test('a copy for which there is no memory is one request', () => {
  const { ann, bob, ptr } = shared();
  for (let size = 4096; size >= 16;) if (ann.alloc(size) === 0) size /= 2;
  bob.faults.inject({ nth: 1000 });
  expect(bob.beginWrite(ptr)).toBe(0);
  expect(bob.faults.counts()).toEqual({ requests: 1, failures: 0 });
});

test('a copy is recorded', () => {
  const { bob, ptr } = shared();
  const { memory, layout, seat } = layersOf(bob);
  const head = layout.tapes + seat.slot * TAPE.WORDS + TAPE.HEAD;
  memory.store(HEADER.RECORDING, 1);
  const before = memory.load(head);
  expect(bob.beginWrite(ptr)).toBeGreaterThan(0);
  expect(memory.load(head)).toBe(before + 1);
  memory.store(HEADER.RECORDING, 0);
});
