// Any sequence of operations against a plain model: contents, counts, sizes, alignment and overlap
// after each step, the heap's own walk over itself now and then, and the first shape at the end.

import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { MODES } from '../../src/heap/mode.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { play, sequencesFor, type SeatedOp } from '../support/ops.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';
import { Twin } from '../support/twin.ts';

const PAGES = 300;
const kinds = fc.constantFrom({}, { checked: true }, { debug: 1 }, { debug: 1, tracked: true });
const sequences = sequencesFor(PAGES * 256, 256, 100);

function playAll(twin: Twin, sequence: readonly SeatedOp[], every: number): void {
  sequence.forEach((op, step) => {
    play(twin, op);
    twin.check();
    if (step % every === every - 1) twin.checkAll();
  });
  twin.checkAll();
  twin.empty();
}

describe('a heap of small pages', () => {
  test.each(MODES)('that begins in mode %s agrees with the model, with one seat', (mode) => {
    assertProperty(
      60,
      fc.property(sequences, kinds, (sequence, kind) => {
        const { handle } = tinyHeap({ zones: [40, 200, 60], mode, ...kind });
        playAll(new Twin(anotherSeat(handle)), sequence, 10);
      }),
    );
  });

  test('agrees with the model when three seats use it, and any of them frees', () => {
    assertProperty(
      120,
      fc.property(sequences, kinds, fc.integer({ min: 0, max: 40 }), (ops, kind, magazines) => {
        const { handle } = tinyHeap({ zones: [40, 200, 60], ...kind, magazines });
        const twin = new Twin(anotherSeat(handle), anotherSeat(handle), anotherSeat(handle));
        playAll(twin, ops, 10);
      }),
    );
  });
});

test.each(MODES)('a heap of 4 MiB in mode %s agrees with the model', (mode) => {
  const ordinary = sequencesFor(3_600_000, 4096, 100);
  assertProperty(
    6,
    fc.property(ordinary, fc.boolean(), (sequence, debug) => {
      const size = debug ? '9MiB' : '4MiB';
      const heap = SharedHeap.create({ size, mode, zones: { dmaEnd: '1MiB' }, debug });
      playAll(new Twin(heap), sequence, 25);
      heap.detach();
    }),
  );
});
