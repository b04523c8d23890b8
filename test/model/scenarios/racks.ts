// Racks: magazines that a slot keeps beyond its two. One begins when a full magazine is taken up
// from the depot, full ones go into it and come out of it without a lock, its thread dies at any of
// that, and a stray lies in one. The loader lets 48 arrays be enough for a rack of two magazines.

import type { ClassGeometry } from '../../../src/word/geometry.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { give, giveBack, heapOf, must, prepare, round, take } from './acts.ts';

const SIZE = 64;
const MIDDLE = 160;
const HALF = 128;
const PAGE = 256;
const heap = { zones: [0, 16, 0], magazines: 48 } as const;

/** Two blocks to a slab, and one; one to a magazine. */
const LARGER: readonly ClassGeometry[] = [8, 16].map((granules) => {
  return { granules, pages: 1, maxPages: 1, capacity: 1 };
});

/** So many blocks taken and freed: more than two magazines hold, so that one lies in the depot. */
function layDown(scene: Scene, me: number, count: number, size: number): void {
  const made = Array.from({ length: count }, () => 0);
  heapOf(scene, me).allocMany(made, size);
  heapOf(scene, me).freeMany(made);
}

/** Nine blocks are taken, the last three out of the depot: the rack has an empty magazine. */
function beginRack(scene: Scene): void {
  layDown(scene, 0, 10, SIZE);
  for (let i = 0; i < 9; i++) prepare(scene, 0, SIZE);
}

/** As before, and nine blocks are back: the rack's magazine is full. */
function fillRack(scene: Scene): void {
  layDown(scene, 0, 10, SIZE);
  layDown(scene, 0, 9, SIZE);
}

/** Frees blocks [from, to) of those that all schedules begin with. */
function giveSome(scene: Scene, me: number, from: number, to: number): void {
  for (let i = from; i < to; i++) giveBack(scene, me, scene.blocks[i] as number);
}

function takeSome(scene: Scene, me: number, count: number): void {
  for (let i = 0; i < count; i++) must(scene, me, SIZE);
}

/** Two threads free the first block; then each knows that both have. */
function freeTheFirst(scene: Scene, me: number, other: number): void {
  give(scene, me, scene.blocks[0] as number);
  scene.wire.send(me, 1);
  scene.wire.receive(other);
}

/** Takes blocks of the size until one lies in that place, and frees this one. */
function comeBy(scene: Scene, me: number, size: number, place: number): void {
  for (let i = 0; i < 4; i++) {
    const ptr = take(scene, me, size);
    if (ptr !== place) continue;
    giveBack(scene, me, ptr);
    return;
  }
}

function soundIn(scene: Scene, me: number): void {
  const found = heapOf(scene, me).validate();
  if (found.length > 0) throw new Error(JSON.stringify(found));
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'a rack begins when a magazine is taken up',
    heap,
    seats: 2,
    before: (s) => {
      layDown(s, 0, 10, SIZE);
      layDown(s, 1, 10, MIDDLE); // of arrays that were others' magazines
      heapOf(s, 1).reclaim();
      layDown(s, 0, 10, SIZE);
    },
    threads: [(s) => takeSome(s, 0, 7), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'a rack begins in a slot that has moved nothing yet',
    heap,
    seats: 2,
    before: (s) => {
      for (let i = 0; i < 3; i++) prepare(s, 0, SIZE);
      layDown(s, 1, 10, SIZE);
    },
    threads: [(s) => must(s, 0, SIZE), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'a rack, full magazines go in',
    heap,
    seats: 2,
    before: beginRack,
    threads: [(s) => giveSome(s, 0, 2, 9), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'a rack, full magazines come out',
    heap,
    seats: 2,
    before: fillRack,
    threads: [(s) => takeSome(s, 0, 10), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'a rack, in and out beside one who looks',
    heap,
    seats: 2,
    before: beginRack,
    threads: [
      (s) => {
        giveSome(s, 0, 2, 9);
        takeSome(s, 0, 7);
      },
      (s) => soundIn(s, 1),
    ],
  },
  {
    name: 'a rack is sent home by its slot',
    heap,
    seats: 2,
    before: fillRack,
    threads: [(s) => heapOf(s, 0).reclaim(), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'two recover a dead thread that has a rack',
    heap,
    seats: 3,
    dead: [0],
    before: (s) => {
      prepare(s, 0, SIZE);
      fillRack(s);
    },
    threads: [
      (s) => heapOf(s, 0).usableSize(s.blocks[0] as number),
      (s) => heapOf(s, 1).recover(),
      (s) => round(s, 2, SIZE),
    ],
  },
  {
    name: 'a stray in a rack is not good again by a block of another class in its place',
    heap: { zones: [0, 4, 0], align: 4, classes: LARGER, magazines: 48 },
    seats: 2,
    freesTwice: true,
    before: (s) => {
      layDown(s, 0, 4, PAGE);
      for (let i = 0; i < 3; i++) prepare(s, 0, PAGE);
    },
    threads: [
      (s) => {
        giveSome(s, 0, 1, 2);
        freeTheFirst(s, 0, 1);
        giveSome(s, 0, 2, 3);
        s.wire.send(2, 1);
        s.wire.receive(3);
        comeBy(s, 0, HALF, s.blocks[0] as number);
        for (let i = 0; i < 3; i++) take(s, 0, PAGE);
      },
      (s) => {
        freeTheFirst(s, 1, 0);
        s.wire.receive(2);
        heapOf(s, 1).reclaim();
        s.wire.send(3, 1);
      },
    ],
  },
];
