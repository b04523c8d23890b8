// The slip of a task: its answer is there if its transaction was committed, and nothing is if not,
// whatever ended it, and wherever its worker died.

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  beginTask,
  endTask,
  giveUp,
  isOver,
  openSlip,
  takeAnswer,
  writeAnswer,
  type Slip,
} from '../../src/host/slip.ts';
import { SharedHeap } from '../../src/index.ts';
import { FEW } from '../support/classes.ts';
import { cutEverywhere } from '../support/cut.ts';
import { mortalSeat, type MortalSeat } from '../support/cutheap.ts';
import { expectNothingWrong } from '../support/deaths.ts';
import { assertProperty } from '../support/random.ts';
import { layersOf, tinyHeap } from '../support/tiny.ts';

let heap: SharedHeap;
let slip: Slip;
beforeEach(() => {
  heap = SharedHeap.create({ size: '4MiB' });
  slip = openSlip(heap) as Slip;
});
afterEach(() => heap.detach());

const VALUE = { ptr: 2 ** 40, bytes: new Uint8Array([1, 2, 3]), names: new Map([['é', null]]) };

describe('an answer', () => {
  test.each([[VALUE], [undefined], [null], [0], ['x'.repeat(100_000)]])('is heard: %#', (value) => {
    const tx = heap.beginTransaction();
    writeAnswer(heap, tx, slip, value);
    expect(tx.commit().ok).toBe(true);
    expect(takeAnswer(heap, slip)).toEqual([value]);
    expect([heap.stats().liveBlocks, heap.validate()]).toEqual([0, []]);
  });

  test('is no view of the heap', () => {
    const tx = heap.beginTransaction();
    writeAnswer(heap, tx, slip, VALUE);
    tx.commit();
    const [answer] = takeAnswer(heap, slip) as [typeof VALUE];
    heap.u8.fill(255, slip.place, slip.place + 65_536);
    expect(answer.bytes).toEqual(VALUE.bytes);
    expect(answer.bytes.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('is forgotten with its transaction', () => {
    const tx = heap.beginTransaction();
    tx.alloc(100);
    writeAnswer(heap, tx, slip, VALUE);
    tx.rollback();
    expect(takeAnswer(heap, slip)).toEqual([]);
    expect(heap.stats().liveBlocks).toBe(0);
  });

  test('is not written when there is no memory for it, or for the step before it', () => {
    for (const nth of [1, 2, 3]) {
      const it = openSlip(heap) as Slip;
      const tx = heap.beginTransaction();
      heap.faults.inject({ nth });
      tx.alloc(64);
      writeAnswer(heap, tx, it, VALUE);
      heap.faults.inject(null);
      expect(tx.commit()).toMatchObject({ ok: false, error: { code: 'OUT_OF_MEMORY' } });
      expect(takeAnswer(heap, it)).toEqual([]);
    }
    expect(heap.stats().liveBlocks, 'the slip that nobody has used').toBe(1);
  });
});

describe('a claim', () => {
  test('is the worker’s or the caller’s, once', () => {
    expect([beginTask(slip), giveUp(slip), beginTask(slip), isOver(slip)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    endTask(slip);
    expect([isOver(slip), giveUp(slip), beginTask(slip)]).toEqual([true, false, false]);
    const other = openSlip(heap) as Slip;
    expect([giveUp(other), giveUp(other), beginTask(other)]).toEqual([true, false, false]);
  });
});

interface Plan {
  readonly safety: 'plain' | 'checked' | 'tracked';
  readonly magazines: number;
  readonly blocks: number;
  readonly twice: number;
}

test('a worker that dies at any write of its task has answered, or has done nothing', () => {
  const plans: fc.Arbitrary<Plan> = fc.record({
    safety: fc.constantFrom<Plan['safety'][]>('plain', 'checked', 'tracked'),
    magazines: fc.constantFrom(0, 9, 24),
    blocks: fc.nat(4),
    twice: fc.nat(19),
  });
  assertProperty(
    8,
    fc.property(plans, (plan) => void expect(cutTask(plan)).toBeGreaterThan(20)),
    4,
  );
});

/** Cuts a task everywhere; how many writes it had. */
function cutTask({ safety, magazines, blocks, twice }: Plan): number {
  const [checked, tracked] = [safety !== 'plain', safety === 'tracked'];
  const options = { zones: [9, 50, 20], align: 8, classes: FEW, maxSlots: 3 } as const;
  const tiny = tinyHeap({ ...options, magazines, checked, tracked });
  const seats = [mortalSeat(tiny), mortalSeat(tiny), mortalSeat(tiny)] as const;
  const [dead, heir, caller] = seats;
  const posted = openSlip(caller.heap) as Slip;
  const old = caller.heap.alloc(50);
  return cutEverywhere({
    tiny,
    act: { memory: dead.memory, run: () => work(dead.heap, posted, old, blocks) },
    mend: { memory: heir.memory, run: () => bury(heir, dead) },
    mendAgain: () => bury(caller, heir, dead),
    twice: (writes) => writes % 20 === twice,
    check() {
      const answer = takeAnswer(caller.heap, posted);
      if (answer.length > 0) expect(answer).toEqual([VALUE]);
      expect(caller.heap.usableSize(old) === 0).toBe(answer.length === 1);
      const left = [...caller.heap.inspectAll()].length;
      const own = tracked ? 0 : blocks; // in the dead's name, who has not given them away
      expect(left, 'what the task made, or what was there').toBe(answer.length === 0 ? 1 : own);
      expectNothingWrong(layersOf(caller.heap));
      for (const seat of seats) seat.revive();
    },
  });
}

function work(own: SharedHeap, posted: Slip, old: number, blocks: number): void {
  const tx = own.beginTransaction();
  for (let i = 0; i < blocks; i++) tx.alloc(50);
  tx.free(old);
  writeAnswer(own, tx, posted, VALUE);
  if (!tx.commit().ok) throw new Error('there is memory for it');
}

function bury(seat: MortalSeat, ...gone: MortalSeat[]): void {
  for (const it of gone) layersOf(seat.heap).table.declare(it.heap.slot);
  seat.heap.recover();
}
