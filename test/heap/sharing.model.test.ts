// Any sequence of references taken and dropped, by threads that also leave and die, against a plain
// model: which blocks live, who holds them, and what is in them.

import * as fc from 'fast-check';
import { test } from 'vitest';
import { assertProperty } from '../support/random.ts';
import { deeds, Sharers } from '../support/sharers.ts';

test.each([64, 9])('shared blocks agree with the model, with %d arrays', (magazines) => {
  assertProperty(
    30,
    fc.property(deeds, (sequence) => {
      const play = new Sharers(magazines);
      sequence.forEach((deed, step) => {
        play.do(deed);
        if (step % 10 === 9) play.checkAll();
      });
      play.checkAll();
      play.empties();
    }),
  );
});
