// Strays: entries that a simultaneous double free leaves in the magazines of a plain heap. Whatever
// becomes of the block meanwhile, and of the magazine, no block is ever handed out twice.

import type { ClassGeometry } from '../../../src/word/geometry.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { give, giveBack, heapOf, must, prepare, take } from './acts.ts';

const SIZE = 64;
const SMALLEST = 16;
const HALF = 128;
const PAGE = 256;

/** Two blocks to a slab, and one. */
const LARGER: readonly ClassGeometry[] = [8, 16].map((granules) => {
  return { granules, pages: 1, maxPages: 1, capacity: 3 };
});

/** Blocks of one granule, one to a magazine, four of which a depot keeps. */
const SINGLE: ClassGeometry = { granules: 1, pages: 1, maxPages: 1, capacity: 1 };

function prepareMany(scene: Scene, count: number, size: number): void {
  for (let i = 0; i < count; i++) prepare(scene, 0, size);
}

/** A block for each thread, so that both have magazines; each is a slab of its own. */
function prepareSlabs(scene: Scene): void {
  for (const me of [0, 1]) prepare(scene, me, PAGE);
}

/** Frees all blocks but the first. */
function giveOthers(scene: Scene, me: number): void {
  for (const ptr of scene.blocks.slice(1)) giveBack(scene, me, ptr);
}

/** Two threads free the first block; then each knows that both have. */
function freeTheFirst(scene: Scene, me: number, other: number): void {
  give(scene, me, scene.blocks[0] as number);
  scene.wire.send(me, 1);
  scene.wire.receive(other);
}

/** Frees two blocks, so that what was freed before lies in the depot, and takes two. */
function layDown(scene: Scene, me: number, first: number): void {
  giveBack(scene, me, scene.blocks[first] as number);
  giveBack(scene, me, scene.blocks[first + 1] as number);
  must(scene, me, SMALLEST);
  must(scene, me, SMALLEST);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'a stray is harmless when its slab has gone',
    heap: { zones: [0, 4, 0], classes: LARGER },
    seats: 2,
    freesTwice: true,
    before: prepareSlabs,
    threads: [
      (s) => {
        freeTheFirst(s, 0, 1);
        giveBack(s, 0, must(s, 0, PAGE));
      },
      (s) => {
        freeTheFirst(s, 1, 0);
        heapOf(s, 1).reclaim();
        must(s, 1, PAGE);
      },
    ],
  },
  {
    name: 'a stray is not good again by a block of another class in its place',
    heap: { zones: [0, 4, 0], align: 4, classes: LARGER },
    seats: 2,
    freesTwice: true,
    before: prepareSlabs,
    threads: [
      (s) => {
        freeTheFirst(s, 0, 1);
        s.wire.receive(2);
        giveBack(s, 0, must(s, 0, HALF));
        must(s, 0, PAGE);
      },
      (s) => {
        freeTheFirst(s, 1, 0);
        heapOf(s, 1).reclaim();
        s.wire.send(2, 1);
      },
    ],
  },
  {
    name: 'a stray stays out of the depot',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    freesTwice: true,
    before: (s) => prepareMany(s, 7, SIZE),
    threads: [
      (s) => {
        freeTheFirst(s, 0, 1);
        s.wire.receive(2);
        giveOthers(s, 0);
        s.wire.send(3, 1);
      },
      (s) => {
        freeTheFirst(s, 1, 0);
        must(s, 1, SIZE);
        s.wire.send(2, 1);
        s.wire.receive(3);
        for (let i = 0; i < 4; i++) must(s, 1, SIZE);
      },
    ],
  },
  {
    name: 'a stray that the depot hands over is dropped',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    freesTwice: true,
    before: (s) => prepareMany(s, 7, SIZE),
    threads: [
      (s) => {
        give(s, 0, s.blocks[0] as number);
        giveOthers(s, 0);
        s.wire.send(2, 1);
      },
      (s) => {
        give(s, 1, s.blocks[0] as number);
        s.wire.receive(2);
        for (let i = 0; i < 4; i++) must(s, 1, SIZE);
      },
    ],
  },
  {
    name: 'a stray is not sent home with its neighbours in the depot',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    freesTwice: true,
    before: (s) => prepareMany(s, 7, SIZE),
    threads: [
      (s) => {
        give(s, 0, s.blocks[0] as number);
        giveOthers(s, 0);
        s.wire.send(2, 1);
      },
      (s) => {
        give(s, 1, s.blocks[0] as number);
        s.wire.receive(2);
        must(s, 1, SIZE);
        heapOf(s, 1).reclaim();
      },
    ],
  },
  {
    name: 'a stray in the depot is not good again when its slot takes the twin',
    heap: { zones: [0, 4, 0], classes: [SINGLE] },
    seats: 2,
    freesTwice: true,
    before: (s) => prepareMany(s, 5, SMALLEST),
    threads: [
      (s) => {
        freeTheFirst(s, 0, 1);
        layDown(s, 0, 1);
        s.wire.send(2, 1);
        s.wire.receive(3);
        s.wire.send(4, 1);
        take(s, 0, SMALLEST); // lies on top: what the other thread laid down
        s.wire.receive(5);
        heapOf(s, 0).reclaim();
      },
      (s) => {
        freeTheFirst(s, 1, 0);
        s.wire.receive(2);
        layDown(s, 1, 3);
        s.wire.send(3, 1);
        s.wire.receive(4);
        take(s, 1, SMALLEST); // beneath it: what the first thread laid down
        s.wire.send(5, 1);
      },
    ],
  },
];
