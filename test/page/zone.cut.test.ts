// Deaths under a zone's lock: wherever the holder stops, who takes the lock over finds every large
// run of others, and no page is lost.

import * as fc from 'fast-check';
import { test } from 'vitest';
import { assertProperty } from '../support/random.ts';
import { cutLayer, LARGE_RUNS, plans } from '../support/layers.ts';

test('a thread that dies at any write of alloc, free or resize leaves no zone damaged', () => {
  assertProperty(
    30,
    fc.property(plans, (plan) => void cutLayer(LARGE_RUNS, plan)),
    4,
  );
});
