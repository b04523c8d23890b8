// Who recovers whom, and when: two survivors at once, one who sits down in the seat meanwhile,
// seats that are all the dead's, a thread that catches its own overflow and comes back, blocks that
// nobody but the dead had.

import { CLASS, MAGAZINE } from '../../../src/word/layout.ts';
import type { Lock } from '../../../src/word/lock.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { dropsIn, give, giveBack, heapOf, must, prepare, round } from './acts.ts';

const SIZE = 64;
const PAGE = 256;
const heap = { zones: [0, 8, 0] } as const;
const wide = { zones: [0, 16, 0] } as const;

/** What the dead would have done: a thread has to do something. */
export function visit(scene: Scene): void {
  heapOf(scene, 0).usableSize(scene.blocks[0] as number);
}

/** Goes on after an overflow, as a program does that has an error handler around it. */
function goingOn(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

/** Whatever was overflown, the thread goes on afterwards: it may have to take another seat. */
function comesBack(scene: Scene, me: number, size: number): void {
  goingOn(() => round(scene, me, size));
  goingOn(() => round(scene, me, size));
}

/** Frees all blocks that are there to begin with: more than the magazines hold. */
function fillDepot(scene: Scene, me: number): void {
  for (const ptr of scene.blocks) giveBack(scene, me, ptr);
}

function prepareMany(scene: Scene, me: number, count: number): void {
  for (let i = 0; i < count; i++) prepare(scene, me, SIZE);
}

/** So many blocks taken and freed: more than two magazines hold, so that one lies in the depot. */
function layDown(scene: Scene, me: number, count: number): void {
  const mine = heapOf(scene, me);
  const made = Array.from({ length: count }, () => 0);
  mine.allocMany(made, SIZE);
  mine.freeMany(made);
}

/** A full magazine in the depot, of which the first block is home; the class lock is held. */
function diesEmptying(scene: Scene): void {
  prepare(scene, 0, SIZE);
  layDown(scene, 0, 10);
  const depot = scene.on[0]?.depots[1];
  if (depot === undefined) throw new Error('no class to begin with');
  depot.lock.lock();
  const full = scene.memory.get(depot.record + CLASS.FULL);
  depot.source.returnLocked(scene.memory.get(full + MAGAZINE.ENTRIES));
}

function beside(
  name: string,
  deed: (scene: Scene, me: number) => unknown,
  recovers = (scene: Scene): unknown => heapOf(scene, 1).recover(),
): Scenario {
  return {
    name: `recovery beside ${name}`,
    heap: wide,
    seats: 2,
    threads: [(s) => deed(s, 0), (s) => recovers(s)],
  };
}

/** The first of three threads is dead, and has this lock. */
export function leavesLocked(
  geometry: Scenario['heap'],
  lockOf: (scene: Scene) => Lock | undefined,
): Pick<Scenario, 'heap' | 'seats' | 'dead' | 'before'> {
  const before = (scene: Scene) => {
    prepare(scene, 0, SIZE);
    lockOf(scene)?.lock();
  };
  return { heap: geometry, seats: 3, dead: [0], before };
}

export const scenarios: readonly Scenario[] = [
  beside('a round', (s, me) => round(s, me, SIZE)),
  beside(
    'a round, by the clock',
    (s, me) => round(s, me, SIZE),
    (s) => heapOf(s, 1)['rounds'](),
  ),
  beside('a large run', (s, me) => round(s, me, 5 * PAGE)),
  beside('a round of blocks of whole pages', (s, me) => round(s, me, 3 * PAGE)),
  {
    name: 'two recover the same dead thread',
    heap,
    seats: 3,
    threads: [
      (s) => round(s, 0, SIZE),
      (s) => heapOf(s, 1).recover(),
      (s) => heapOf(s, 2).recover(),
    ],
  },
  {
    name: 'one recovers while another sits down in the seat',
    heap,
    seats: 3,
    threads: [
      (s) => round(s, 0, SIZE),
      (s) => heapOf(s, 1).recover(),
      (s) => {
        heapOf(s, 2).recover();
        dropsIn(s, 2);
      },
    ],
  },
  {
    name: 'a late witness of a death, while another sits down in the seat',
    heap,
    seats: 3,
    dead: [0],
    before: (s) => void prepare(s, 0, SIZE),
    threads: [
      visit,
      (s) => heapOf(s, 1).recover(),
      (s) => {
        heapOf(s, 2).recover();
        dropsIn(s, 2);
      },
    ],
  },
  {
    name: 'two wait for the class lock of the dead',
    ...leavesLocked(heap, (s) => s.on[0]?.depots[1]?.lock),
    threads: [visit, (s) => round(s, 1, SIZE), (s) => round(s, 2, SIZE)],
  },
  {
    name: 'one recovers while another comes to the simple heap’s lock of the dead',
    ...leavesLocked({ ...heap, mode: 'simple-heap' }, (s) => s.on[0]?.simple.lock),
    threads: [visit, (s) => round(s, 1, SIZE), (s) => heapOf(s, 2).recover()],
  },
  {
    name: 'checked: a block that a dead thread was freeing, freed and taken by another',
    heap: { ...heap, checked: true },
    seats: 2,
    before: (s) => {
      prepare(s, 1, SIZE);
      s.refs.push(heapOf(s, 0).ref(s.blocks[0] as number));
    },
    threads: [
      (s) => {
        const ptr = s.blocks[0] as number;
        s.book.tries(0, ptr);
        const freed = heapOf(s, 0).freeRef(s.refs[0] as number);
        s.book.gave(0, ptr, freed);
      },
      (s) => {
        give(s, 1, s.blocks[0] as number);
        must(s, 1, SIZE);
      },
    ],
  },
  {
    name: 'depot, an empty magazine goes down and is taken up',
    heap: wide,
    seats: 2,
    before: (s) => {
      prepareMany(s, 0, 4);
      prepare(s, 1, SIZE);
      layDown(s, 0, 7);
    },
    threads: [
      (s) => {
        for (const ptr of s.blocks.slice(0, 4)) giveBack(s, 0, ptr);
      },
      (s) => {
        for (let i = 0; i < 4; i++) must(s, 1, SIZE);
        heapOf(s, 1).reclaim();
      },
    ],
  },
  {
    name: 'two who come when the dead have all seats',
    heap: { ...heap, maxSlots: 3 }, // of which the auditor has one
    seats: 1,
    threads: [
      (s) => {
        round(s, 0, SIZE);
        heapOf(s, 0).detach();
      },
      (s) => dropsIn(s, 1),
      (s) => dropsIn(s, 2),
    ],
  },
  {
    name: 'a slot is reaped beside a round of it',
    heap,
    seats: 2,
    threads: [
      (s) => round(s, 0, SIZE),
      (s) => {
        if (heapOf(s, 1).reap(1)) throw new Error('a thread has reaped itself');
        heapOf(s, 1).reap(0);
      },
    ],
  },
  {
    name: 'who catches its overflow takes another seat',
    heap,
    seats: 2,
    threads: [(s) => comesBack(s, 0, SIZE), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'who catches its overflow holding a large run’s lock takes another seat',
    heap: { zones: [0, 32, 0] }, // each overflow may leave a block live
    seats: 2,
    threads: [(s) => comesBack(s, 0, 5 * PAGE), (s) => round(s, 1, 5 * PAGE)],
  },
  {
    name: 'simple heap, who catches its overflow takes another seat',
    heap: { ...heap, mode: 'simple-heap' },
    seats: 2,
    threads: [(s) => comesBack(s, 0, SIZE), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'who catches its overflow while another recovers',
    heap,
    seats: 2,
    threads: [(s) => comesBack(s, 0, SIZE), (s) => heapOf(s, 1).recover()],
  },
  {
    name: 'the depot is emptied after its filler has died',
    heap: wide,
    seats: 2,
    before: (s) => prepareMany(s, 0, 10),
    threads: [(s) => fillDepot(s, 0), (s) => heapOf(s, 1).reclaim()],
  },
  {
    name: 'the shelf of one who died sending its blocks home',
    heap: wide,
    seats: 2,
    dead: [0],
    before: diesEmptying,
    threads: [visit, (s) => heapOf(s, 1).reclaim()],
  },
];
