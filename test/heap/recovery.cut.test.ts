// Deaths in the middle of any call: a survivor recovers the slot, or dies over that too and the
// next one does, and then nothing is wrong, nothing of others is lost, and all pages come back.

import * as fc from 'fast-check';
import { test } from 'vitest';
import { assertProperty } from '../support/random.ts';
import { cutHeap, heapPlans } from '../support/cutheap.ts';

test('a thread that dies at any write of any call costs nobody a block, a page or an array', () => {
  assertProperty(
    16,
    fc.property(heapPlans, (plan) => void cutHeap(plan)),
    4,
  );
});
