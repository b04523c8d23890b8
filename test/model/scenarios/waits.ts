// Waiting for memory: who frees, leaves, shrinks a block, ends a transaction or dies lets the first
// in line go on, and the next after it. Whoever has brought memory leaves the heap at its end: what
// it has cached by then goes home, as it otherwise would at its next slow path or by its timer.

import type { Scenario, Scene } from '../scenario.ts';
import { awaits, giveBack, heapOf, must, prepare } from './acts.ts';

const SIZE = 64;
const PAGE = 256;
/** What a slab of one page has. */
const BLOCKS = PAGE / SIZE;
const plain = { zones: [0, 2, 0] } as const;
const tracked = { heap: { ...plain, tracked: true }, strict: true, owned: true } as const;

/** Every block there is, held by a thread. */
function fill(scene: Scene, me: number, pages: number): void {
  for (let i = 0; i < pages * BLOCKS; i++) prepare(scene, me, SIZE);
}

function givesAndLeaves(scene: Scene, me: number, ...which: number[]): void {
  for (const i of which) giveBack(scene, me, scene.blocks[i] as number);
  heapOf(scene, me).detach();
}

function allServed(scene: Scene, results: readonly unknown[], waiters: number): void {
  const left = results.slice(0, waiters).filter((ptr) => ptr === 0);
  if (left.length > 0 && !scene.mayFail()) throw new Error('memory has come and was not given');
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'a wait for memory, and what another has cached',
    heap: plain,
    seats: 2,
    before: (s) => {
      fill(s, 0, 1);
      fill(s, 1, 1);
      heapOf(s, 1).free(s.blocks.pop() as number);
    },
    threads: [(s) => awaits(s, 0, SIZE), (s) => heapOf(s, 1).detach()],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'a wait for memory, and a free',
    ...tracked,
    seats: 2,
    before: (s) => fill(s, 1, 2),
    threads: [(s) => awaits(s, 0, SIZE), (s) => givesAndLeaves(s, 1, 0)],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'two wait for memory, and two frees',
    ...tracked,
    seats: 3,
    before: (s) => fill(s, 2, 2),
    threads: [
      (s) => awaits(s, 0, SIZE),
      (s) => awaits(s, 1, SIZE),
      (s) => givesAndLeaves(s, 2, 0, 5),
    ],
    check: (s, results) => allServed(s, results, 2),
  },
  {
    name: 'who waits for less comes in before who waits for more',
    ...tracked,
    seats: 3,
    before: (s) => {
      heapOf(s, 0)['attachment'].waits.join(2 * (PAGE / 16));
      fill(s, 2, 2);
    },
    threads: [
      (s) => awaits(s, 0, 2 * PAGE),
      (s) => {
        const ptr = awaits(s, 1, SIZE);
        if (ptr !== 0) givesAndLeaves(s, 1);
        return ptr;
      },
      (s) => givesAndLeaves(s, 2, 0),
    ],
  },
  {
    name: 'a wait for memory, and a block that shrinks',
    ...tracked,
    heap: { zones: [0, 24, 0], align: 8, tracked: true, classes: [] },
    seats: 2,
    before: (s) => void prepare(s, 1, 24 * PAGE),
    threads: [
      (s) => awaits(s, 0, 4 * PAGE),
      (s) => {
        const ptr = s.blocks[0] as number;
        heapOf(s, 1).realloc(ptr, 20 * PAGE);
        giveBack(s, 1, ptr);
        heapOf(s, 1).detach();
      },
    ],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'a wait for memory, and a transaction that is rolled back',
    ...tracked,
    seats: 2,
    before: (s) => fill(s, 1, 1),
    threads: [
      (s) => {
        const ptr = awaits(s, 0, PAGE);
        return ptr;
      },
      (s) => {
        const tx = heapOf(s, 1).beginTransaction();
        tx.alloc(SIZE);
        tx.rollback();
        heapOf(s, 1).detach();
      },
    ],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'a wait for memory that ends by its time',
    heap: plain,
    seats: 2,
    before: (s) => fill(s, 1, 2),
    threads: [
      (s) => heapOf(s, 0).tryAlloc(SIZE, { waitMs: 0 }).ok,
      (s) => {
        giveBack(s, 1, s.blocks[0] as number);
        giveBack(s, 1, must(s, 1, SIZE));
      },
    ],
  },
];
