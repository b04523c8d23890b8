// Deaths under the class locks, the simple heap's and the pool's: wherever the holder stops, who
// takes the locks over finds every block of others as it was, and none is lost.

import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { assertProperty } from '../support/random.ts';
import { classOf, cutLayer, MAGAZINES, plans, SIMPLE_HEAP, type Layer } from '../support/layers.ts';

const layers: [what: string, layer: Layer][] = [
  ['slabs of one page and more', classOf(1)],
  ['slabs of two pages', classOf(2)],
  ['blocks of whole pages', classOf(3)],
  ['the simple heap', SIMPLE_HEAP],
  ['magazines, shelves and the pool', MAGAZINES],
];

describe.each(layers)('a thread that dies at any write of an operation on %s', (_, layer) => {
  test('leaves what can be repaired, also when the survivor dies over the repair', () => {
    assertProperty(
      15,
      fc.property(plans, (plan) => void cutLayer(layer, plan)),
      4,
    );
  });
});
