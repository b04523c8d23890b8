// A transaction that nobody else knows: its owner alone works on it, without the lock, until its
// handle is asked for or its owner dies.

import { beforeEach, describe, expect, test } from 'vitest';
import type { TxEngine } from '../../src/tx/engine.ts';
import { OPEN, PRIVATE, UNDONE } from '../../src/tx/record.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { expectNoArrayLost } from '../support/deaths.ts';
import { begin, engineOf, joinOf } from '../support/pacts.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

let heaps: [SharedHeap, SharedHeap];
let ann: TxEngine;
let bob: TxEngine;

function liveBlocks(): number {
  return heaps[0].stats().liveBlocks;
}

function expectSound(): void {
  for (const heap of heaps) {
    expect(heap.validate()).toEqual([]);
    heap.reclaim();
  }
  expectNoArrayLost(layersOf(heaps[0]));
}

beforeEach(() => {
  const { handle } = tinyHeap({ zones: [0, 128, 0], magazines: 24 });
  heaps = [anotherSeat(handle), anotherSeat(handle)];
  [ann, bob] = [engineOf(heaps[0]), engineOf(heaps[1])];
});

describe('a transaction that nobody else knows', () => {
  test('is not joined, and takes no lock, until it is shared', () => {
    const led = begin(ann);
    expect([led.known, led.record.state()]).toEqual([false, PRIVATE]);
    expect(bob.join(led.record.index, led.number)).toBeNull();
    ann.share(led);
    expect([led.known, led.record.state()]).toEqual([true, OPEN]);
    const part = joinOf(bob, led);
    expect([part.known, bob.vote(part), ann.tryCommit(led)]).toEqual([true, true, true]);
  });

  test('is over for its owner when others were told of its death', () => {
    const led = begin(ann);
    ann.allocIn(led, 64);
    expect([bob.recover(0), ann.isOpen(led), ann.tryCommit(led)]).toEqual([1, false, false]);
    expect(ann.allocIn(led, 64)).toMatchObject({ code: 'ABORTED' });
    ann.share(led);
    expect([led.record.state(), liveBlocks()]).toEqual([UNDONE, 0]);
    expectSound();
  });

  test('frees into magazines of its own slot and no other’s', () => {
    const cached = (slot: number) => {
      const { magazines, geometry } = layersOf(heaps[slot] as SharedHeap);
      return geometry.classes.reduce((sum, _, i) => sum + magazines.countOf(i + 1), 0);
    };
    for (const [engine, freed] of [
      [ann, 2],
      [bob, 0],
    ] as const) {
      const led = begin(ann);
      for (let i = 0; i < 2; i++) ann.allocIn(led, 64);
      const before = cached(0);
      const others = cached(1);
      if (engine === ann) ann.abort(led);
      else bob.recover(0);
      expect([cached(0) - before, cached(1) - others, liveBlocks()]).toEqual([freed, 0, 0]);
    }
    expectSound();
  });
});
