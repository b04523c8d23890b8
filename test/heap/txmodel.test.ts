// Any sequence of transactions, of one thread and of several, against a plain model: which blocks
// are live, the bytes in all of them, how each transaction ended; the heap's own walk over itself
// now and then; and at the end the shape of the beginning, with no array of the pool lost.

import * as fc from 'fast-check';
import { test } from 'vitest';
import { MODES, type Mode } from '../../src/heap/mode.ts';
import type { Part } from '../support/ledger.ts';
import { assertProperty } from '../support/random.ts';
import { tinyHeap } from '../support/tiny.ts';
import { TxTwin } from '../support/txtwin.ts';

const SEED = 20_260_101;

/** A step: by whom or in which transaction, on which block; numbers modulo what is there. */
interface Step {
  readonly do: keyof typeof weights;
  readonly who: number;
  readonly which: number;
  readonly size: number;
  readonly more: readonly number[];
  readonly flag: boolean;
  readonly mode: Mode;
}

const weights = {
  alloc: 5,
  free: 3,
  realloc: 2,
  begin: 3,
  join: 3,
  allocIn: 10,
  manyIn: 5,
  freeIn: 5,
  reallocIn: 3,
  write: 8,
  mark: 3,
  backTo: 2,
  nest: 2,
  vote: 2,
  commit: 4,
  rollback: 1,
  setMode: 1,
  reclaim: 1,
  leave: 1,
} as const;

const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 3, arbitrary: fc.integer({ min: 300, max: 3000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3000, max: 25_600 }) },
);

const steps: fc.Arbitrary<Step> = fc.record({
  do: fc.oneof(
    ...Object.entries(weights).map(([name, weight]) => ({
      weight,
      arbitrary: fc.constant(name as keyof typeof weights),
    })),
  ),
  who: fc.nat(1000),
  which: fc.nat(1000),
  size,
  more: fc.array(size, { maxLength: 4 }),
  flag: fc.boolean(),
  mode: fc.constantFrom(...MODES),
});

/** Steps of threads outside of transactions. */
function playOutside(twin: TxTwin, step: Step): boolean {
  const { who, which } = step;
  if (step.do === 'alloc') twin.alloc(who, step.size);
  else if (step.do === 'free') twin.free(who, which);
  else if (step.do === 'realloc') twin.realloc(who, which, step.size);
  else if (step.do === 'begin') twin.begin(who);
  else if (step.do === 'setMode') twin.setMode(step.mode);
  else if (step.do === 'reclaim') twin.seat(who).reclaim();
  else if (step.do === 'leave') twin.leave(who);
  else return false;
  return true;
}

/** Steps in a part that has not voted. */
function playInside(twin: TxTwin, part: Part, step: Step): void {
  const { which, more } = step;
  if (step.do === 'allocIn') twin.allocIn(part, step.size);
  else if (step.do === 'manyIn') twin.manyIn(part, which % 40, step.flag ? 16 : 100);
  else if (step.do === 'freeIn') twin.freeIn(part, which);
  else if (step.do === 'reallocIn') twin.reallocIn(part, which, step.size);
  else if (step.do === 'write') twin.write(part, which, step.size, more[0] ?? 0);
  else if (step.do === 'mark') twin.mark(part);
  else if (step.do === 'backTo') twin.backTo(part, which);
  else if (step.do === 'nest') twin.nest(part, more, step.flag);
}

function play(twin: TxTwin, step: Step): void {
  if (playOutside(twin, step)) return;
  const part = twin.parts[step.who % twin.parts.length];
  if (part === undefined) return;
  if (step.do === 'join') twin.join(step.which, part);
  else if (step.do === 'vote') twin.vote(part);
  else if (step.do === 'commit') twin.commit(part, step.which % 8 > 0);
  else if (step.do === 'rollback') twin.rollback(part);
  else if (!part.voted) playInside(twin, part, step);
}

const cases = fc.record({
  checked: fc.boolean(),
  tracked: fc.boolean(),
  magazines: fc.nat(30),
  mode: fc.constantFrom(...MODES),
  seats: fc.integer({ min: 1, max: 3 }),
  sequence: fc.array(steps, { maxLength: 120, size: 'max' }),
});

test('a heap with open transactions agrees with the model, whatever is done in which order', () => {
  assertProperty(
    200,
    fc.property(cases, ({ sequence, seats, ...options }) => {
      const twin = new TxTwin(tinyHeap({ zones: [0, 100, 0], ...options }), seats);
      sequence.forEach((step, i) => {
        play(twin, step);
        twin.check();
        if (i % 10 === 9) twin.checkAll();
      });
      twin.empty();
    }),
    SEED,
  );
});
