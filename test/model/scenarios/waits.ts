// Waiting for memory: who frees, leaves, shrinks a block, ends a transaction or dies lets the first
// in line go on, and the next after it. Whoever has brought memory reclaims at its end: what it has
// cached by then goes home, as it otherwise would at its next slow path or by its timer.

import { HEADER } from '../../../src/word/layout.ts';
import type { Memory } from '../../../src/word/memory.ts';
import type { Attachment } from '../../../src/heap/attachment.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { awaits, give, giveBack, heapOf, must, prepare, resize, take } from './acts.ts';

/** A word that nobody needs here: how much there is. */
const STOCK = HEADER.PROBED;
/** Of a sleep: only those with a bound end when somebody has died. */
const SLICE_MS = 50;
const SIZE = 64;
const PAGE = 256;
/** What a slab of one page has. */
const BLOCKS = PAGE / SIZE;
/** The only class where runs are to come straight from the zone. */
const SMALL = { granules: 4, pages: 1, maxPages: 4, capacity: 3 } as const;
const plain = { zones: [0, 2, 0] } as const;
const owned = { strict: true, owned: true } as const;
const tracked = { heap: { ...plain, tracked: true }, ...owned } as const;

/** Every block there is, held by a thread. */
function fill(scene: Scene, me: number, pages: number): void {
  for (let i = 0; i < pages * BLOCKS; i++) prepare(scene, me, SIZE);
}

function givesAll(scene: Scene, me: number, ...which: number[]): void {
  for (const i of which) giveBack(scene, me, scene.blocks[i] as number);
  heapOf(scene, me).reclaim();
}

/** Waits, and keeps nothing but what it has asked for. */
function waitsItsTurn(scene: Scene, me: number, size: number): number {
  const ptr = awaits(scene, me, size);
  heapOf(scene, me).reclaim();
  return ptr;
}

function allServed(scene: Scene, results: readonly unknown[], waiters: number): void {
  const left = results.slice(0, waiters).filter((ptr) => ptr === 0);
  if (left.length > 0 && !scene.mayFail()) throw new Error('memory has come and was not given');
}

/** Takes one of what there is, as if it were memory; sleeps in line until there is some. */
function waitsFor(scene: Scene, me: number): void {
  const { waits, memory } = scene.on[me] as Attachment;
  waits.join(1);
  for (let woken = true; !takes(memory);) {
    if (woken) waits.passOn();
    woken = waits.sleep(SLICE_MS);
    if (!woken && scene.gone().length > 0) break; // there may never be any
  }
  waits.leave();
}

function takes(memory: Memory): boolean {
  const seen = memory.load(STOCK);
  return seen > 0 && (memory.cas(STOCK, seen, seen - 1) === seen || takes(memory));
}

function brings(scene: Scene, me: number, count: number): void {
  const { waits, memory } = scene.on[me] as Attachment;
  memory.add(STOCK, count);
  if (waits.isLong()) waits.rouse();
}

/** Gives its first block, once. What a shrinker throws is its program's affair: so nothing. */
function spares(scene: Scene, me: number): boolean {
  try {
    return give(scene, me, scene.blocks[0] as number);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}

function inLine(scene: Scene, me: number, granules: number): void {
  scene.on[me]?.waits.join(granules);
}

/** It was woken: takes what there is. */
function comes(scene: Scene, me: number): boolean {
  const { waits, memory } = scene.on[me] as Attachment;
  const had = waits.sleep(SLICE_MS) && takes(memory);
  waits.leave();
  return had;
}

/** Nobody has woken it. */
function looksUp(scene: Scene, me: number): boolean {
  const { waits, memory } = scene.on[me] as Attachment;
  const had = !waits.isOthersTurn() && takes(memory);
  waits.leave();
  return had;
}

const line = { heap: plain, seats: 3, each: (s: Scene) => s.memory.store(STOCK, 0) } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'the line: one joins, one leaves, one brings',
    ...line,
    before: (s) => inLine(s, 1, 1),
    threads: [(s) => waitsFor(s, 0), (s) => s.on[1]?.waits.leave(), (s) => brings(s, 2, 1)],
  },
  {
    name: 'the line: two wait, and one brings for all of them',
    ...line,
    threads: [(s) => waitsFor(s, 0), (s) => waitsFor(s, 1), (s) => brings(s, 2, 2)],
  },
  {
    name: 'the line: the first wants more than there is',
    ...line,
    before: (s) => inLine(s, 0, 9),
    threads: [
      (s) => {
        const { waits } = s.on[0] as Attachment;
        while (!waits.sleep(SLICE_MS) && s.gone().length === 0);
        waits.passOn();
      },
      (s) => waitsFor(s, 1),
      (s) => brings(s, 2, 1),
    ],
  },
  {
    name: 'the line: one looks up while another is woken',
    heap: plain,
    seats: 3,
    before: (s) => {
      s.memory.store(STOCK, 0);
      inLine(s, 0, 1);
      inLine(s, 1, 1);
      brings(s, 2, 1);
    },
    threads: [(s) => comes(s, 0), (s) => looksUp(s, 1)],
    check: (_, [first]) => {
      if (first !== true) throw new Error('who was woken has been overtaken');
    },
  },
  {
    name: 'the line: of the dead nobody is left in it',
    ...line,
    seats: 2,
    threads: [(s) => inLine(s, 0, 1), (s) => s.on[1]?.waits.rouse()],
  },
  {
    name: 'a wait for memory, and what another has cached',
    heap: plain,
    seats: 2,
    before: (s) => {
      for (let i = 1; i < 2 * BLOCKS; i++) prepare(s, 1, SIZE);
      heapOf(s, 1).free(heapOf(s, 1).alloc(SIZE));
    },
    threads: [(s) => waitsItsTurn(s, 0, SIZE), (s) => heapOf(s, 1).detach()],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'a wait for memory, and a free',
    ...tracked,
    seats: 2,
    before: (s) => fill(s, 1, 2),
    threads: [(s) => waitsItsTurn(s, 0, SIZE), (s) => givesAll(s, 1, 0)],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'two wait for memory, and two frees',
    ...tracked,
    seats: 3,
    before: (s) => fill(s, 2, 2),
    threads: [
      (s) => waitsItsTurn(s, 0, SIZE),
      (s) => waitsItsTurn(s, 1, SIZE),
      (s) => givesAll(s, 2, 0, 5),
    ],
    check: (s, results) => allServed(s, results, 2),
  },
  {
    name: 'who waits for less comes in before who waits for more',
    ...tracked,
    heap: { zones: [0, 4, 0], align: 4, tracked: true, classes: [SMALL] },
    seats: 3,
    before: (s) => {
      fill(s, 2, 1);
      prepare(s, 2, 3 * PAGE);
    },
    threads: [
      (s) => waitsItsTurn(s, 0, 2 * PAGE), // the third page may have become thread 1's
      (s) => waitsItsTurn(s, 1, SIZE),
      (s) => givesAll(s, 2, 0, BLOCKS),
    ],
    check: (s, results) => allServed(s, results, 2),
  },
  {
    name: 'a wait for memory, and a block that shrinks',
    ...tracked,
    heap: { zones: [0, 24, 0], align: 8, tracked: true, classes: [] },
    seats: 2,
    before: (s) => void prepare(s, 1, 24 * PAGE),
    threads: [
      (s) => waitsItsTurn(s, 0, 4 * PAGE),
      (s) => {
        resize(s, 1, s.blocks[0] as number, 20 * PAGE);
      },
    ],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'a wait for memory, and a transaction that is rolled back',
    ...tracked,
    seats: 2,
    before: (s) => {
      for (let i = 1; i < 2 * BLOCKS; i++) prepare(s, 1, SIZE);
    },
    threads: [
      (s) => waitsItsTurn(s, 0, SIZE),
      (s) => {
        const tx = heapOf(s, 1).beginTransaction();
        tx.alloc(SIZE);
        tx.rollback();
        heapOf(s, 1).reclaim();
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
  {
    name: 'a wait for memory, and what another can do without',
    ...tracked,
    seats: 2,
    before: (s) => {
      fill(s, 1, 2);
      heapOf(s, 1).onPressure({ count: () => SIZE, scan: () => (spares(s, 1) ? SIZE : 0) });
    },
    threads: [
      (s) => waitsItsTurn(s, 0, SIZE),
      (s) => {
        heapOf(s, 1).tryAlloc(8 * PAGE); // more than there is
        givesAll(s, 1, 1);
      },
    ],
    check: (s, results) => allServed(s, results, 1),
  },
  {
    name: 'a wait for memory, as the heap is set',
    heap: plain,
    seats: 2,
    before: (s) => fill(s, 1, 2),
    threads: [
      (s) => {
        heapOf(s, 0).setFailFast(false);
        take(s, 0, SIZE);
      },
      (s) => givesAll(s, 1, 0),
    ],
  },
];
