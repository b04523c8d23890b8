// Heaps that track owners: what only the dead had is freed, whatever it was doing with it, beside
// threads that use the same blocks.

import type { Scenario } from '../scenario.ts';
import { dropsIn, give, giveBack, heapOf, must, prepare, take, round } from './acts.ts';

const SIZE = 64;
const PAGE = 256;
const heap = { zones: [0, 8, 0] } as const;
const tracked = { heap: { ...heap, tracked: true }, seats: 2, strict: true, owned: true } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'tracked: what only the dead had is freed',
    ...tracked,
    threads: [
      (s) => {
        must(s, 0, SIZE);
        giveBack(s, 0, must(s, 0, 160));
        must(s, 0, 3 * PAGE);
      },
      (s) => round(s, 1, SIZE),
    ],
  },
  {
    name: 'tracked: blocks of the dead, who have all seats',
    ...tracked,
    heap: { ...tracked.heap, maxSlots: 2 }, // of which the auditor has one
    seats: 1,
    threads: [
      (s) => {
        must(s, 0, SIZE);
        must(s, 0, 3 * PAGE);
      },
      (s) => dropsIn(s, 1),
    ],
  },
  {
    name: 'tracked: a block of the dead freed by another, exactly once',
    ...tracked,
    before: (s) => void prepare(s, 0, SIZE),
    threads: [
      (s) => {
        s.wire.send(0, must(s, 0, SIZE));
        must(s, 0, SIZE);
      },
      (s) => {
        give(s, 1, s.blocks[0] as number);
        give(s, 1, s.wire.receive(0));
        take(s, 1, SIZE);
      },
    ],
  },
  {
    name: 'tracked: simple heap, and a large run',
    ...tracked,
    heap: { zones: [0, 12, 0], align: 4, tracked: true, mode: 'simple-heap' },
    threads: [
      (s) => {
        must(s, 0, SIZE);
        heapOf(s, 0).setMode('two-tier');
        must(s, 0, 4 * PAGE);
      },
      (s) => round(s, 1, SIZE),
    ],
  },
];
