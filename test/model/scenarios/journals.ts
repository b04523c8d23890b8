// Journals: the same bytes twice in one, records and arrays that are used again, and entries for
// blocks of every tier.

import type { ClassGeometry } from '../../../src/word/geometry.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { giveBack, heapOf, prepare } from './acts.ts';
import {
  account,
  begin,
  both,
  commitMany,
  commitOne,
  ends,
  fillAccounts,
  follow,
  giveIn,
  lead,
  rollBackOne,
  takeIn,
  totals,
} from './pacts.ts';

const SIZE = 64;
const heap = { zones: [0, 8, 0], magazines: 6 } as const;
const shared = { heap, seats: 2, before: both, strict: true } as const;

/** Blocks of one granule, twelve to a magazine. */
const TINY: ClassGeometry = { granules: 1, pages: 1, maxPages: 1, capacity: 12 };

/** Protects the same bytes twice: the first copy is what comes back. */
function protectTwice(scene: Scene, me: number): void {
  const { i32 } = heapOf(scene, me);
  const tx = begin(scene, me);
  const [a, b] = [account(scene, 0), account(scene, 1)];
  if (!tx.protect(scene.blocks[0] as number, 8)) return;
  i32[a] = (i32[a] as number) - 10;
  if (!tx.protect(scene.blocks[0] as number, 8)) return;
  i32[b] = (i32[b] as number) + 30;
  tx.rollback();
}

/** Every block of TINY in turn lies in a magazine, whose array then goes back to the pool. */
function litterPool(scene: Scene): void {
  const mine = heapOf(scene, 0);
  const made: number[] = [];
  for (let i = 0; i < 12; i++) made.push(mine.alloc(16));
  for (const ptr of made) mine.free(ptr);
  mine.reclaim();
  const tx = mine.beginTransaction();
  for (let i = 0; i < 8; i++) {
    const ptr = tx.alloc(16);
    scene.book.has(0, ptr, 16);
    scene.blocks.push(ptr);
  }
  if (!tx.commit().ok) throw new Error('nothing to begin with');
  mine.reclaim();
  mine.setMode('simple-heap'); // so that no magazine takes the array
  // Of number 8 are, if they counted, entries that say 64 and more: where users' granules begin.
  for (let number = 2; number < 8; number++) mine.beginTransaction().rollback();
}

/** Three transactions one after another in one record. */
function again(scene: Scene, me: number): void {
  commitOne(scene, me);
  for (const size of [SIZE, 2 * SIZE]) {
    const pact = scene.book.pact();
    const tx = begin(scene, me);
    takeIn(scene, tx, pact, size);
    if (size === SIZE) ends(scene, pact, tx.commit({ waitMs: 0 }));
    else {
      tx.rollback();
      pact.ended = 'rolled back';
    }
  }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'tx, the same bytes protected twice',
    ...shared,
    each: fillAccounts,
    threads: [(s) => protectTwice(s, 0), (s) => commitOne(s, 1)],
    after: totals,
  },
  {
    name: 'tx, one after another in one record',
    ...shared,
    threads: [(s) => again(s, 0), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, one after another where there is no magazine',
    ...shared,
    heap: { ...heap, magazines: 0 },
    threads: [(s) => again(s, 0), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, a journal in an array that was a magazine',
    heap: { zones: [0, 4, 0], classes: [TINY], magazines: 3 },
    seats: 2,
    strict: true,
    before: litterPool,
    threads: [(s) => commitMany(s, 0, 13), (s) => giveBack(s, 1, s.blocks[0] as number)],
  },
  {
    name: 'tx, checked: a participant and its leader',
    ...shared,
    heap: { ...heap, checked: true },
    threads: [(s) => lead(s, 0, [1]), (s) => follow(s, 1, 1, true)],
  },
  {
    name: 'tx, runs and large runs',
    heap: { zones: [0, 16, 0], align: 16, magazines: 0 },
    seats: 2,
    strict: true,
    before: (s) => {
      prepare(s, 0, 3 * 256);
      prepare(s, 1, 4 * 256);
    },
    threads: [
      (s) => {
        const pact = s.book.pact();
        const tx = begin(s, 0);
        takeIn(s, tx, pact, 4 * 256);
        giveIn(s, 0, tx, pact);
        ends(s, pact, tx.commit({ waitMs: 0 }));
      },
      (s) => {
        const pact = s.book.pact();
        const tx = begin(s, 1);
        takeIn(s, tx, pact, 3 * 256);
        giveIn(s, 1, tx, pact);
        ends(s, pact, tx.commit({ waitMs: 0 }));
      },
    ],
  },
  {
    name: 'tx, in the simple heap',
    ...shared,
    heap: { ...heap, mode: 'simple-heap' },
    threads: [(s) => commitOne(s, 0), (s) => rollBackOne(s, 1)],
  },
];
