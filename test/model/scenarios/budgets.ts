// Budgets: what is charged is the sum of the blocks that are charged, whoever takes, frees, resizes
// or dies where. `validate`, which every schedule ends with, adds it up.

import { BUDGET } from '../../../src/word/records.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { enter, giveBack, heapOf, must, prepare, resize, round, take } from './acts.ts';

const SIZE = 64;
const PAGE = 256;
const ID = 1;
const heap = { zones: [0, 12, 0], budgeted: true } as const;

/** A budget of so many bytes, for all seats. */
function budget(s: Scene, bytes: number): void {
  const { budgets } = s.on[0]!;
  budgets.open([ID]);
  budgets.limit(ID, 'MAX', bytes / 16);
  for (const on of s.on) on.budgets.makeUsual(ID);
}

function used(s: Scene): number {
  return s.on[0]!.budgets.get(ID, BUDGET.USED) * 16;
}

/** What is held is charged. */
function isExact(s: Scene): void {
  const blocks = [...s.book.held.keys()].map((ptr) => heapOf(s, 0).usableSize(ptr));
  const sum = blocks.reduce((all, bytes) => all + bytes, 0);
  if (used(s) !== sum) throw new Error(`${sum} bytes are held, ${used(s)} are charged`);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'budget: a name that two open at once is one budget',
    heap,
    seats: 2,
    threads: [(s) => heapOf(s, 0).budget('ab').id, (s) => heapOf(s, 1).budget('ab').id],
    check: (s, results) => {
      const ids = [...results, heapOf(s, 0).budget('ab').id];
      if (ids.some((id) => id !== 1)) throw new Error(`it is ${ids.join()}`);
    },
  },
  {
    name: 'budget: taken by two, freed by a third',
    heap,
    seats: 3,
    before: (s) => {
      budget(s, 8 * PAGE);
      prepare(s, 0, SIZE);
    },
    threads: [
      (s) => must(s, 0, SIZE),
      (s) => round(s, 1, 3 * PAGE),
      (s) => giveBack(s, 2, s.blocks[0] as number),
    ],
    check: (s) => isExact(s),
  },
  {
    name: 'budget: the last of it goes to one of two',
    heap,
    seats: 2,
    before: (s) => {
      budget(s, 2 * SIZE);
      prepare(s, 0, SIZE);
    },
    threads: [(s) => take(s, 0, SIZE), (s) => take(s, 1, SIZE)],
    check: (s, results) => {
      if (!s.mayFail() && results.every((ptr) => ptr === 0)) throw new Error('it fits');
      if (results.every((ptr) => ptr !== 0)) throw new Error('it does not fit');
      isExact(s);
    },
  },
  {
    name: 'budget: the last of it goes to a transaction or to another thread',
    heap,
    seats: 2,
    before: (s) => {
      budget(s, 2 * SIZE);
      prepare(s, 0, SIZE);
    },
    threads: [
      (s) => {
        const tx = heapOf(s, 0).beginTransaction();
        tx.alloc(SIZE); // or not, and then it is rolled back already
        tx.rollback();
      },
      (s) => take(s, 1, SIZE),
    ],
    check: (s) => isExact(s),
  },
  {
    name: 'budget: a transaction that is rolled back beside another’s round',
    heap,
    seats: 2,
    before: (s) => budget(s, 8 * PAGE),
    threads: [
      (s) => {
        const tx = heapOf(s, 0).beginTransaction();
        tx.alloc(SIZE);
        tx.alloc(3 * PAGE);
        tx.rollback();
      },
      (s) => round(s, 1, SIZE),
    ],
    check: (s) => isExact(s),
  },
  {
    name: 'budget: a block resized where it stands, beside a round',
    heap: { ...heap, zones: [0, 24, 0], align: 8, classes: [] },
    seats: 2,
    before: (s) => {
      budget(s, 24 * PAGE);
      prepare(s, 0, 6 * PAGE);
    },
    threads: [
      (s) => {
        const ptr = resize(s, 0, s.blocks[0] as number, 4 * PAGE);
        return resize(s, 0, ptr, 5 * PAGE);
      },
      (s) => round(s, 1, 2 * PAGE),
    ],
    check: (s) => isExact(s),
  },
  {
    name: 'budget: the dead’s own blocks, where owners are tracked',
    heap: { ...heap, tracked: true },
    seats: 2,
    owned: true,
    strict: true,
    before: (s) => {
      budget(s, 8 * PAGE);
      prepare(s, 0, SIZE);
    },
    threads: [
      (s) => {
        must(s, 0, 3 * PAGE);
        giveBack(s, 0, s.blocks[0] as number);
      },
      (s) => round(s, 1, SIZE),
    ],
    check: (s) => isExact(s),
  },
  {
    name: 'budget: blocks of the simple heap, beside each other',
    heap: { ...heap, align: 4, mode: 'simple-heap' },
    seats: 2,
    before: (s) => {
      budget(s, 8 * PAGE);
      prepare(s, 0, SIZE);
    },
    threads: [(s) => resize(s, 0, s.blocks[0] as number, SIZE / 2), (s) => round(s, 1, SIZE)],
    check: (s) => isExact(s),
  },
  {
    name: 'budget: a thread’s budget goes with it',
    heap: { ...heap, maxSlots: 2 }, // of which the auditor has one
    seats: 1,
    before: (s) => budget(s, 8 * PAGE),
    threads: [
      (s) => {
        s.on[0]!.budgets.makeUsual(ID);
        heapOf(s, 0).detach();
      },
      (s) => {
        const mine = enter(s);
        if (mine === null) return;
        s.book.sits(1, mine.slot);
        try {
          const ptr = mine.alloc(SIZE);
          const id = mine['attachment'].budgets.of(ptr / 16);
          if (id !== 0) throw new Error(`charged to budget ${id} of the one before`);
          if (ptr !== 0) mine.free(ptr);
        } finally {
          mine.detach();
        }
      },
    ],
  },
];
