// Corners that the ordinary scenarios do not come to: a block of whole pages that realloc moves,
// sizes beyond the class table, names forgotten and listed, validation with blocks in the depot,
// the simple heap's second arena, a slab that is not the one touched last.

import type { Scenario, Scene } from '../scenario.ts';
import { giveBack, heapOf, must, prepare, resize, round, take } from './acts.ts';

const SIZE = 64;
const PAGE = 256;
const HEAP = { zones: [0, 8, 0] } as const;
const WIDE = { zones: [0, 16, 0] } as const;

function noFindings(scene: Scene, me: number): void {
  const found = heapOf(scene, me).validate();
  if (found.length > 0) throw new Error(`validate found ${JSON.stringify(found)}`);
}

/** Three slabs with free blocks: the list begins with one, and TOUCHED is another. */
function touchedLast(scene: Scene): void {
  const mine = heapOf(scene, 0);
  const home: number[] = [];
  for (let i = 0; i < 12; i++) {
    if (i === 0 || i === 1 || i === 4 || i === 8) home.push(mine.alloc(SIZE));
    else prepare(scene, 0, SIZE);
  }
  const [first, second, other, third] = home as [number, number, number, number];
  for (const ptr of [other, first, third, second]) mine.free(ptr);
  mine.reclaim();
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'realloc moves a block of whole pages',
    heap: { zones: [0, 16, 0], align: 16 },
    seats: 2,
    before: (s) => {
      prepare(s, 0, 3 * PAGE);
      prepare(s, 1, 3 * PAGE);
    },
    threads: [
      (s) => resize(s, 0, s.blocks[0] as number, 4 * PAGE),
      (s) => giveBack(s, 1, s.blocks[1] as number),
    ],
  },
  {
    name: 'sizes beyond the class table are refused',
    heap: { zones: [0, 8, 0] },
    seats: 2,
    threads: [(s) => take(s, 0, 9000), (s) => giveBack(s, 1, must(s, 1, SIZE))],
    check: (_, results) => {
      if (results[0] !== 0) throw new Error('a block larger than the heap');
    },
  },
  {
    name: 'blocks straight from the slab when no magazine is left',
    heap: { zones: [0, 8, 0], magazines: 1 },
    seats: 2,
    before: (s) => void prepare(s, 0, SIZE),
    threads: [
      (s) => giveBack(s, 0, s.blocks[0] as number),
      (s) => {
        const [a, b] = [must(s, 1, SIZE), must(s, 1, SIZE)];
        giveBack(s, 1, a);
        giveBack(s, 1, b);
      },
    ],
  },
  {
    name: 'a request falls back into the next zone, down to its reserve',
    heap: { zones: [32, 4, 0], align: 4, classes: [] },
    seats: 2,
    before: (s) => void prepare(s, 0, 4 * PAGE),
    threads: [
      (s) => giveBack(s, 0, s.blocks[0] as number),
      (s) => giveBack(s, 1, must(s, 1, 2 * PAGE)),
    ],
  },
  {
    name: 'roots forgotten and listed',
    heap: { zones: [0, 8, 0] },
    seats: 2,
    before: (s) => {
      prepare(s, 0, SIZE);
      heapOf(s, 0).roots.set('a', s.blocks[0] as number);
    },
    threads: [
      (s) => heapOf(s, 0).roots.delete('a'),
      (s) => {
        for (const [name, ptr] of heapOf(s, 1).roots.entries()) {
          if (name !== 'a' || ptr !== s.blocks[0]) throw new Error(`root ${name} is ${ptr}`);
        }
      },
    ],
  },
  {
    name: 'validate with blocks in the depot, beside a large run',
    heap: { zones: [0, 16, 0] },
    seats: 2,
    before: (s) => {
      const made: number[] = [];
      for (let i = 0; i < 7; i++) made.push(heapOf(s, 1).alloc(SIZE));
      for (const ptr of made) heapOf(s, 1).free(ptr);
    },
    threads: [(s) => noFindings(s, 0), (s) => giveBack(s, 1, must(s, 1, 5 * PAGE))],
  },
  {
    name: 'blocks of whole pages sent home',
    heap: WIDE,
    seats: 2,
    threads: [
      (s) => {
        round(s, 0, 3 * PAGE);
        heapOf(s, 0).reclaim();
      },
      (s) => round(s, 1, 3 * PAGE),
    ],
  },
  {
    name: 'simple heap, two arenas',
    heap: { ...HEAP, mode: 'simple-heap' },
    seats: 2,
    before: (s) => {
      for (const size of [SIZE, SIZE, 3 * SIZE]) prepare(s, 0, size);
    },
    threads: [
      (s) => {
        giveBack(s, 0, s.blocks[0] as number);
        giveBack(s, 0, s.blocks[2] as number);
        must(s, 0, SIZE);
      },
      (s) => round(s, 1, 3 * SIZE),
    ],
  },
  ...[6, 1].map((magazines): Scenario => ({
    name: `slab, a block of another slab than was touched last, ${magazines} magazines`,
    heap: { ...WIDE, magazines },
    seats: 2,
    before: touchedLast,
    threads: [(s) => must(s, 0, SIZE), (s) => must(s, 1, SIZE)],
  })),
];
