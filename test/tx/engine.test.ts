// The engine, layer by layer beneath `Transaction`: who may join and vote when, that a transaction
// is decided once, and that whoever comes may finish it, as often as it likes.

import { beforeEach, describe, expect, test } from 'vitest';
import { TX } from '../../src/word/records.ts';
import type { TxEngine } from '../../src/tx/engine.ts';
import type { Part } from '../../src/tx/part.ts';
import { COMMITTED, KEPT, OPEN, READY, TxRecord, UNDONE } from '../../src/tx/record.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { anotherSeat, layersOf, recordsOf, tinyHeap } from '../support/tiny.ts';
import { begin, engineOf, joinOf } from '../support/pacts.ts';

let heaps: SharedHeap[];
let ann: TxEngine;
let bob: TxEngine;
let eve: TxEngine;

function liveBlocks(): number {
  return (heaps[0] as SharedHeap).stats().liveBlocks;
}

function prepare(magazines = 24): void {
  const { handle } = tinyHeap({ zones: [0, 128, 0], magazines });
  heaps = [anotherSeat(handle), anotherSeat(handle), anotherSeat(handle)];
  [ann, bob, eve] = heaps.map(engineOf) as [TxEngine, TxEngine, TxEngine];
}

function expectSound(): void {
  for (const heap of heaps) {
    expect(heap.validate()).toEqual([]);
    heap.reclaim();
  }
  expectNoArrayLost(layersOf(heaps[0] as SharedHeap));
}

beforeEach(() => prepare());

describe('a seat', () => {
  test('has four records, for what it begins and what it joins, and uses them again', () => {
    const led = begin(bob);
    const parts = [begin(ann), joinOf(ann, led), begin(ann), begin(ann)];
    expect(new Set(parts.map((part) => part.record.index))).toEqual(new Set(recordsOf(0)));
    expect([ann.begin(), ann.join(led.leader.index, led.leaderNumber)]).toEqual([null, null]);
    expect(ann.tryCommit(parts[2] as Part)).toBe(true);
    const next = begin(ann);
    expect(next.record.index).toBe(parts[2]?.record.index);
    expect(next.number).toBe((parts[2] as Part).number + 1);
  });

  test('begins in a record that it has ended only if it has joined nothing there since', () => {
    const led = begin(bob);
    const first = begin(ann);
    expect(ann.tryCommit(first)).toBe(true);
    const joined = joinOf(ann, led);
    expect(joined.record.index, 'the one that is free').toBe(first.record.index);
    const parts = [joined, begin(ann), begin(ann)];
    expect(new Set(parts.map((part) => part.record.index)).size).toBe(3);
    expect(parts.every((part) => ann.isOpen(part))).toBe(true);
  });

  test('keeps a record until what it took part in is over on every thread', () => {
    const led = begin(ann);
    const part = joinOf(bob, led);
    expect(bob.vote(part)).toBe(true);
    led.leader.change(led.leaderNumber, OPEN, COMMITTED); // and here the leader dies
    const [one, two, three] = [begin(ann), begin(ann), begin(ann)];
    expect([one, two, three].map((it) => it.record.index)).not.toContain(led.record.index);
    expect(ann.begin(), 'the leader’s own is not free').toBeNull();
    bob.finish(led.leader, led.leaderNumber);
    expect(begin(ann).record.index).toBe(led.record.index);
  });

  test('uses its record again only when the leader’s list does not name it any more', () => {
    const led = begin(ann);
    const part = joinOf(bob, led);
    const block = ann.allocIn(led, 64);
    expect(block).toBeTypeOf('number');
    bob.vote(part);
    led.leader.change(led.leaderNumber, OPEN, COMMITTED);
    part.record.change(part.number, READY, KEPT); // here dies who finishes it, half done
    expect(begin(bob).record.index).toBe(part.record.index);
    expect(led.leader.is(led.leaderNumber, KEPT), 'bob had to finish it first').toBe(true);
    expect(liveBlocks()).toBe(1);
    expectSound();
  });
});

describe('a transaction', () => {
  test.each([-1, 0.5, NaN, Infinity, 4 * TX.PER_SLOT, 2 ** 32, 2 ** 31, '0', null, undefined])(
    'is not joined by a record that does not exist: %s',
    (index) => {
      begin(ann);
      expect(bob.join(index as number, 1)).toBeNull();
      expect(recordsOf(1).map((i) => bob.recordAt(i).state())).toEqual([0, 0, 0, 0]);
    },
  );

  test('is joined under its own number alone, and who is refused keeps no record', () => {
    const led = begin(ann);
    for (const number of [led.number - 1, led.number + 1, -1, NaN, Infinity]) {
      expect(bob.join(led.record.index, number), String(number)).toBeNull();
    }
    ann.abort(led);
    expect(bob.join(led.record.index, led.number), 'aborted').toBeNull();
    expect(recordsOf(1).map((i) => bob.recordAt(i).isFree())).toEqual([true, true, true, true]);
    const next = begin(ann);
    expect(next.record.index).toBe(led.record.index);
    expect(bob.join(led.record.index, led.number), 'its record is in use again').toBeNull();
    ann.tryCommit(next);
    expect(bob.join(next.record.index, next.number), 'committed').toBeNull();
  });

  test('commits when all have voted, and not before', () => {
    const led = begin(ann);
    const parts = [joinOf(bob, led), joinOf(eve, led)];
    expect(ann.participants(led.leader).toSorted((a, b) => a - b)).toEqual(
      parts.map((part) => part.record.index),
    );
    ann.allocIn(led, 64);
    bob.allocIn(parts[0] as Part, 64);
    expect(ann.tryCommit(led), 'nobody has voted').toBe(false);
    expect(bob.vote(parts[0] as Part)).toBe(true);
    expect(ann.tryCommit(led), 'eve has not voted').toBe(false);
    expect(eve.vote(parts[1] as Part)).toBe(true);
    expect(ann.tryCommit(led)).toBe(true);
    expect([led, ...parts].map((part) => part.record.state())).toEqual([KEPT, KEPT, KEPT]);
    expect(liveBlocks()).toBe(2);
    expectSound();
  });

  test('announces each vote and its end to those who wait', () => {
    const led = begin(ann);
    const parts = [joinOf(bob, led), joinOf(eve, led)];
    const seen = [led.leader.votes()];
    for (const [i, engine] of [bob, eve].entries()) {
      engine.vote(parts[i] as Part);
      seen.push(led.leader.votes());
    }
    ann.tryCommit(led);
    seen.push(led.leader.votes());
    expect(new Set(seen).size).toBe(4);
  });

  test('is decided once: an abort leaves no commit behind it, and a commit no abort', () => {
    const [one, two] = [begin(ann), begin(ann)];
    const [in1, in2] = [joinOf(bob, one), joinOf(bob, two)];
    bob.vote(in1);
    bob.vote(in2);
    expect(bob.abort(in1), 'after its vote').toBe(true);
    expect([ann.tryCommit(one), one.record.state(), in1.record.state()]).toEqual([
      false,
      UNDONE,
      UNDONE,
    ]);
    expect(ann.tryCommit(two)).toBe(true);
    expect([bob.abort(in2), ann.abort(two)]).toEqual([false, false]);
    expect([two.record.state(), in2.record.state()]).toEqual([KEPT, KEPT]);
    expect([bob.vote(in1), bob.vote(in2)], 'too late for votes').toEqual([false, false]);
  });

  test('that is over takes no entries: the journal says ABORTED and takes nothing', () => {
    const led = begin(ann);
    const part = joinOf(bob, led);
    ann.abort(led);
    for (const [engine, it] of [
      [ann, led],
      [bob, part],
    ] as const) {
      expect(engine.allocIn(it, 64)).toMatchObject({ code: 'ABORTED' });
      expect(engine.protectIn(it, 256, 64)).toMatchObject({ code: 'ABORTED' });
      expect(engine.freeIn(it, 16)).toMatchObject({ code: 'ABORTED' });
      expect(engine.isOpen(it)).toBe(false);
    }
    expect(liveBlocks()).toBe(0);
    expectSound();
  });

  test('takes no entries of a part that has voted', () => {
    const part = joinOf(bob, begin(ann));
    bob.vote(part);
    expect(bob.allocIn(part, 64)).toMatchObject({ code: 'ABORTED' });
    expect([bob.vote(part), liveBlocks()], 'nor a second vote').toEqual([false, 0]);
  });

  test.each([
    ['committed', true, 1],
    ['rolled back', false, 1],
  ] as const)('that is %s is finished by anybody, and again without effect', (_, commit, live) => {
    const [heap] = heaps as [SharedHeap];
    const old = heap.alloc(64);
    const led = begin(ann);
    const part = joinOf(bob, led);
    ann.freeIn(led, old / 16);
    bob.allocIn(part, 64);
    bob.vote(part);
    if (commit) ann.tryCommit(led);
    else ann.abort(led);
    for (const engine of [ann, bob, eve]) {
      engine.finish(led.leader, led.leaderNumber);
      engine.finish(part.record, part.number);
      expect(liveBlocks()).toBe(live);
    }
    expect(heap.usableSize(old)).toBe(commit ? 0 : 64);
    expectSound();
  });

  test('that is open, or another number’s, is not finished', () => {
    const led = begin(ann);
    ann.allocIn(led, 64);
    bob.finish(led.leader, led.leaderNumber);
    bob.finish(led.leader, led.leaderNumber - 1);
    expect([ann.isOpen(led), liveBlocks()]).toEqual([true, 1]);
  });
});

describe('a journal without room', () => {
  const [inline, inArray] = [12, 31];

  test.each([0, 1, 2])('says JOURNAL_FULL, with %d arrays, and takes nothing', (arrays) => {
    prepare(arrays === 0 ? 0 : arrays + 1); // one becomes a magazine
    const led = begin(ann);
    const room = inline + inArray * arrays;
    for (let i = 0; i < room; i++) expect(ann.allocIn(led, 16)).toBeTypeOf('number');
    for (const full of [ann.allocIn(led, 16), ann.freeIn(led, 16), ann.protectIn(led, 256, 1)]) {
      expect(full).toMatchObject({ code: 'JOURNAL_FULL', requested: room });
    }
    expect([liveBlocks(), led.length]).toEqual([room, room]);
    expect(ann.abort(led)).toBe(true);
    expect(liveBlocks()).toBe(0);
    expectSound();
  });

  test('has room for what was rolled back to a mark', () => {
    prepare(2);
    const led = begin(ann);
    while (typeof ann.allocIn(led, 16) === 'number');
    expect(ann.rollBackTo(led, 5)).toEqual([]);
    expect([led.length, liveBlocks()]).toEqual([5, 5]);
    for (let i = 5; i < inline + inArray; i++) expect(ann.allocIn(led, 16)).toBeTypeOf('number');
    expect(ann.allocIn(led, 16)).toMatchObject({ code: 'JOURNAL_FULL' });
    expect(ann.tryCommit(led)).toBe(true);
    expect(liveBlocks()).toBe(inline + inArray);
    expectSound();
  });
});

describe('recovery of a slot', () => {
  test('rolls back what it led and what it took part in, and counts each once', () => {
    const [own, theirs] = [begin(ann), begin(bob)];
    const [guest, part] = [joinOf(bob, own), joinOf(ann, theirs)];
    const other = begin(bob);
    for (const it of [own, part]) ann.allocIn(it, 64);
    for (const it of [guest, theirs, other]) bob.allocIn(it, 64);
    bob.vote(guest);
    expect(eve.recover(0)).toBe(2);
    expect(liveBlocks()).toBe(1);
    expect([bob.isOpen(other), bob.isOpen(theirs), bob.isOpen(guest)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(eve.recover(0), 'nothing is left').toBe(0);
    ann.abort(other);
    expectSound();
  });

  test('frees the record of one that died before its leader knew it', () => {
    const led = begin(ann);
    const [first] = recordsOf(1);
    const record = bob.recordAt(first as number);
    record.open(led.record.index, led.number);
    expect(eve.recover(1)).toBe(1);
    expect([record.isFree(), begin(bob).record.index]).toEqual([true, first]);
  });

  test('finishes what was decided', () => {
    const led = begin(ann);
    const part = joinOf(bob, led);
    bob.allocIn(part, 64);
    bob.vote(part);
    new TxRecord(layersOf(heaps[2] as SharedHeap), led.record.index).change(
      led.number,
      OPEN,
      COMMITTED,
    );
    expect(eve.recover(0)).toBe(0);
    expect([part.record.state(), led.record.state(), liveBlocks()]).toEqual([KEPT, KEPT, 1]);
    expectSound();
  });
});
