// Deaths that the system does not tell, or not yet: somebody has seen them and says so, and what
// was told is recovered when `recover` is done, whoever does it.

import type { Scenario, Scene } from '../scenario.ts';
import { dropsIn, heapOf, prepare, round } from './acts.ts';
import { leavesLocked, visit } from './dead.ts';

const SIZE = 64;
const heap = { zones: [0, 8, 0] } as const;

/** Reaps the first thread by hand. */
function reapsFirst(scene: Scene, me: number): void {
  heapOf(scene, me).reap(0);
  heapOf(scene, me).recover();
}

/** Says of the first thread that it has ended. */
function tellOfFirst(scene: Scene, me: number): void {
  const { table } = scene.on[me]!;
  const who = table.whoOf(0);
  table.markEnded(1);
  heapOf(scene, me).recover();
  // Another's recovery may be in its last step: the name is out, and the seat not yet free.
  const isSame = table.incarnationOf(0) === 0 && table.whoOf(0) === who;
  if (isSame) throw new Error('told, and not recovered');
}

/** Takes the class lock again and again. */
function turns(scene: Scene, me: number): void {
  for (let turn = 0; turn < 3; turn++) {
    round(scene, me, SIZE);
    heapOf(scene, me).reclaim();
  }
}

const toldTwice = {
  heap,
  seats: 3,
  dead: [0],
  before: (s: Scene) => void prepare(s, 0, SIZE),
  threads: [
    visit,
    (s: Scene) => tellOfFirst(s, 1),
    (s: Scene) => {
      tellOfFirst(s, 2);
      dropsIn(s, 2);
    },
  ],
};

export const scenarios: readonly Scenario[] = [
  {
    name: 'elsewhere: a round beside a round',
    heap,
    seats: 2,
    elsewhere: true,
    threads: [(s) => round(s, 0, SIZE), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'elsewhere: the end of one who has the lock is told while another waits for it',
    ...leavesLocked(heap, (s) => s.on[0]?.depots[1]?.lock),
    elsewhere: true,
    threads: [visit, (s) => round(s, 1, SIZE), (s) => tellOfFirst(s, 2)],
  },
  {
    name: 'elsewhere: who tells of the end takes turns with those who waited for the lock',
    ...leavesLocked(heap, (s) => s.on[0]?.depots[1]?.lock),
    elsewhere: true,
    threads: [visit, (s) => turns(s, 1), (s) => turns(s, 2)],
  },
  {
    name: 'elsewhere: an end is told twice, and the seat changes hands',
    elsewhere: true,
    ...toldTwice,
  },
  {
    name: 'the system is late: an end is told twice, and the seat changes hands',
    elsewhere: 'late',
    ...toldTwice,
  },
  {
    name: 'elsewhere: a slot is reaped, whose thread has ended',
    heap,
    seats: 3,
    elsewhere: true,
    dead: [0],
    before: (s) => void prepare(s, 0, SIZE),
    threads: [visit, (s) => reapsFirst(s, 1), (s) => round(s, 2, SIZE)],
  },
];
