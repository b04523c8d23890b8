// Slots, magazines, depots and slabs: refill and flush, blocks freed by another thread than took
// them, the exchange of full magazines, the last block of an empty slab, and one free done twice.
// Blocks of 64 bytes, four to a page, three to a magazine.

import { CLASS } from '../../../src/word/layout.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { give, giveBack, heapOf, must, prepare, take } from './acts.ts';

const SIZE = 64;
const PAGE = 256;

/** Takes `count` blocks, then gives them back. */
function round(scene: Scene, me: number, count: number): void {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) taken.push(must(scene, me, SIZE));
  for (const ptr of taken) giveBack(scene, me, ptr);
}

function prepareMany(scene: Scene, me: number, count: number): void {
  for (let i = 0; i < count; i++) prepare(scene, me, SIZE);
}

/** Frees blocks [from, to) of those that all schedules begin with. */
function giveSome(scene: Scene, me: number, from: number, to: number): void {
  for (let i = from; i < to; i++) giveBack(scene, me, scene.blocks[i] as number);
}

/** Frees the block that the other thread frees too; when both are done, takes one. */
function freeAndTake(scene: Scene, me: number, other: number): void {
  give(scene, me, scene.blocks[0] as number);
  scene.wire.send(me, 1);
  scene.wire.receive(other);
  must(scene, me, SIZE);
}

/** So many blocks taken and freed: what the magazines do not hold lies in the depot. */
function layDown(scene: Scene, me: number, count: number): void {
  const made = Array.from({ length: count }, () => 0);
  heapOf(scene, me).allocMany(made, SIZE);
  heapOf(scene, me).freeMany(made);
}

/** As if so many blocks had gone home for want of room in the depot, and had come again. */
function learn({ memory, on }: Scene, blocks: number): void {
  memory.set((on[0]?.depots[1]?.record ?? 0) + CLASS.ROOM, blocks);
}

/** What is done every few seconds. */
function cool(scene: Scene, me: number): void {
  heapOf(scene, me)['inside'](({ on }) => on.depots[1]?.cool());
}

const heap = { zones: [0, 8, 0] } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'slab, two refills at once',
    heap,
    seats: 2,
    threads: [(s) => must(s, 0, SIZE), (s) => must(s, 1, SIZE)],
  },
  {
    name: 'slab, three refills at once',
    heap,
    seats: 3,
    threads: [(s) => must(s, 0, SIZE), (s) => must(s, 1, SIZE), (s) => must(s, 2, SIZE)],
  },
  {
    name: 'slab, two refills of two classes',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    threads: [(s) => must(s, 0, SIZE), (s) => must(s, 1, 160)],
  },
  {
    name: 'slab, two rounds of one block',
    heap,
    seats: 2,
    threads: [(s) => round(s, 0, 1), (s) => round(s, 1, 1)],
  },
  {
    name: 'slab, a block freed by the other thread',
    heap,
    seats: 2,
    threads: [
      (s) => {
        s.wire.send(0, must(s, 0, SIZE));
        giveBack(s, 0, must(s, 0, SIZE));
        heapOf(s, 0).reclaim();
      },
      (s) => {
        const ptr = s.wire.receive(0);
        s.book.passes(1, ptr, ptr, SIZE);
        giveBack(s, 1, ptr);
        must(s, 1, SIZE);
      },
    ],
  },
  {
    name: 'depot, full magazines go down and are taken up',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => prepareMany(s, 0, 7),
    threads: [
      (s) => giveSome(s, 0, 0, 7),
      (s) => {
        must(s, 1, SIZE);
        must(s, 1, SIZE);
      },
    ],
  },
  {
    name: 'depot, two threads fill it',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => prepareMany(s, 0, 14),
    threads: [(s) => giveSome(s, 0, 0, 7), (s) => giveSome(s, 1, 7, 14)],
  },
  {
    name: 'depot, magazines grow with their class',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => prepareMany(s, 0, 33),
    threads: [
      (s) => giveSome(s, 0, 0, 12),
      (s) => {
        must(s, 1, SIZE);
        giveSome(s, 1, 12, 24);
      },
    ],
  },
  {
    name: 'depot, three threads take and give',
    heap: { zones: [0, 16, 0] },
    seats: 3,
    before: (s) => prepareMany(s, 0, 7),
    threads: [(s) => giveSome(s, 0, 0, 7), (s) => round(s, 1, 1), (s) => round(s, 2, 1)],
  },
  {
    name: 'slab, empty ones go back to the zone',
    heap: { zones: [0, 16, 0], magazines: 2 },
    seats: 2,
    before: (s) => prepareMany(s, 0, 9),
    threads: [(s) => giveSome(s, 0, 0, 5), (s) => giveSome(s, 1, 5, 9)],
  },
  {
    name: 'slab, an empty one goes back while another thread takes pages',
    heap: { zones: [0, 16, 0], magazines: 2 },
    seats: 2,
    before: (s) => prepareMany(s, 0, 9),
    threads: [
      (s) => {
        giveSome(s, 0, 0, 9);
        heapOf(s, 0).reclaim();
      },
      (s) => giveBack(s, 1, must(s, 1, 5 * PAGE)),
    ],
  },
  {
    name: 'magazines of one slot change places',
    heap,
    seats: 2,
    before: (s) => prepareMany(s, 0, 4),
    threads: [
      (s) => {
        giveSome(s, 0, 0, 4);
        const [a, b] = [must(s, 0, SIZE), must(s, 0, SIZE)];
        giveBack(s, 0, a);
        giveBack(s, 0, b);
      },
      (s) => round(s, 1, 1),
    ],
  },
  {
    name: 'reclaim beside rounds',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => {
      prepareMany(s, 0, 7);
    },
    threads: [
      (s) => {
        giveSome(s, 0, 0, 7);
        heapOf(s, 0).reclaim();
      },
      (s) => round(s, 1, 2),
    ],
  },
  {
    name: 'what a depot has learned to hold goes home beside rounds',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => {
      learn(s, 7);
      layDown(s, 0, 15);
    },
    threads: [(s) => cool(s, 0), (s) => round(s, 1, 2)],
  },
  {
    name: 'two have what a depot has learned to hold sent home',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => {
      learn(s, 9);
      layDown(s, 0, 15);
    },
    threads: [(s) => cool(s, 0), (s) => cool(s, 1)],
  },
  {
    name: 'what had to go home and came again may stay the next time',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    threads: [
      (s) => {
        round(s, 0, 15);
        round(s, 0, 15);
      },
      (s) => cool(s, 1),
    ],
  },
  {
    name: 'empty magazines go to the pool through a slot that has moved nothing yet',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => {
      layDown(s, 1, 10);
      prepareMany(s, 1, 7);
    },
    threads: [(s) => heapOf(s, 0).reclaim(), (s) => round(s, 1, 1)],
  },
  {
    name: 'the last block: exactly one gets it',
    heap: { zones: [0, 1, 0] },
    seats: 2,
    before: (s) => prepareMany(s, 0, 3),
    threads: [(s) => take(s, 0, SIZE), (s) => take(s, 1, SIZE)],
    check: (_, results) => {
      const got = results.filter((ptr) => ptr !== 0).length;
      if (got !== 1) throw new Error(`${got} threads got the last block`);
    },
  },
  {
    name: 'depot, one thread in its own zone goes past it, another does not',
    heap: { zones: [0, 8, 8] },
    seats: 2,
    before: (s) => {
      heapOf(s, 0).setAffinity('high');
      prepareMany(s, 0, 7);
    },
    threads: [
      (s) => {
        giveSome(s, 0, 0, 7);
        must(s, 0, SIZE);
      },
      (s) => round(s, 1, 2),
    ],
  },
  {
    name: 'one block freed by two at once is handed out once',
    heap,
    seats: 2,
    freesTwice: true,
    before: (s) => prepareMany(s, 0, 1),
    threads: [(s) => freeAndTake(s, 0, 1), (s) => freeAndTake(s, 1, 0)],
  },
  {
    name: 'checked: one block freed by two at once, exactly one succeeds',
    heap: { ...heap, checked: true },
    seats: 2,
    before: (s) => prepareMany(s, 0, 1),
    threads: [(s) => give(s, 0, s.blocks[0] as number), (s) => give(s, 1, s.blocks[0] as number)],
    check: (_, results) => {
      const freed = results.filter((it) => it === true).length;
      if (freed !== 1) throw new Error(`${freed} of two frees of one block succeeded`);
    },
  },
];
