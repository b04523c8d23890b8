// Figures in words: that times are told as they are counted, and in little room.

import { expect, test } from 'vitest';
import { latencyText } from '../../../src/host/inspector/wording.ts';
import { boundOf } from '../../../src/slot/latency.ts';
import { COUNTER } from '../../../src/word/records.ts';

test('a time is told by its bound; the last one is without end, and no time is a dash', () => {
  const bounds = Array.from({ length: COUNTER.BUCKETS }, (_, bucket) => boundOf(bucket));
  const texts = [0, ...bounds].map(latencyText);
  expect(texts).toEqual([
    ...['–', '0.25 µs', '0.5 µs', '1 µs', '2 µs', '4 µs', '8 µs', '16 µs', '32 µs', '64 µs'],
    ...['128 µs', '256 µs', '512 µs', '1.0 ms', '2.0 ms', '4.1 ms', '8.2 ms', '16 ms', '33 ms'],
    ...['66 ms', '131 ms', '> 131 ms'],
  ]);
});
