// The heap as a whole: a thread that leaves its blocks to another, the mode switched under live
// blocks, the simple heap, blocks resized while they are freed, figures and validation taken while
// others work, references of checked heaps, names for blocks.

import type { Scenario, Scene } from '../scenario.ts';
import { give, giveBack, heapOf, must, prepare, resize, take, round } from './acts.ts';

const SIZE = 64;
const PAGE = 256;
const heap = { zones: [0, 8, 0] } as const;

/** Switches to the simple heap and back. */
function switchTwice(scene: Scene, me: number): void {
  heapOf(scene, me).setMode('simple-heap');
  heapOf(scene, me).setMode('two-tier');
}

function noFindings(scene: Scene, me: number): void {
  const found = heapOf(scene, me).validate();
  if (found.length > 0) throw new Error(`validate found ${JSON.stringify(found)}`);
}

function figures(scene: Scene, me: number): void {
  const stats = heapOf(scene, me).stats();
  if (stats.pages !== 8 || stats.freePages > 8) throw new Error('stats: pages out of range');
}

/** Changes the size of the second block, which another thread frees meanwhile: its mistake. */
function resizeFreed(scene: Scene, me: number, size: number): void {
  const ptr = scene.blocks[1] as number;
  const moved = heapOf(scene, me).realloc(ptr, size);
  if (moved === 0 || moved === ptr) return;
  scene.book.asks(me);
  scene.book.took(me, moved, size);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'detach beside a round: its blocks serve the other',
    heap,
    seats: 2,
    before: (s) => {
      for (let i = 0; i < 4; i++) prepare(s, 0, SIZE);
    },
    threads: [
      (s) => {
        giveBack(s, 0, s.blocks[0] as number);
        heapOf(s, 0).detach();
      },
      (s) => round(s, 1, SIZE),
    ],
  },
  {
    name: 'mode switched under live blocks',
    heap: { zones: [0, 12, 0] },
    seats: 2,
    before: (s) => void prepare(s, 0, SIZE),
    threads: [
      (s) => switchTwice(s, 0),
      (s) => {
        giveBack(s, 1, s.blocks[0] as number);
        giveBack(s, 1, must(s, 1, SIZE));
      },
    ],
  },
  {
    name: 'a block freed while its tier is switched off',
    heap: { zones: [0, 12, 0] },
    seats: 2,
    before: (s) => void prepare(s, 0, SIZE),
    threads: [
      (s) => heapOf(s, 0).setMode('simple-heap'),
      (s) => giveBack(s, 1, s.blocks[0] as number),
    ],
  },
  {
    name: 'simple heap, two rounds',
    heap: { ...heap, mode: 'simple-heap' },
    seats: 2,
    threads: [
      (s) => {
        const ptr = must(s, 0, SIZE);
        resize(s, 0, ptr, 3 * SIZE);
        giveBack(s, 0, ptr);
      },
      (s) => round(s, 1, 3 * SIZE),
    ],
  },
  {
    name: 'simple heap, one block freed by two at once: exactly one succeeds',
    heap: { ...heap, mode: 'simple-heap' },
    seats: 2,
    before: (s) => {
      prepare(s, 0, SIZE);
      prepare(s, 0, SIZE);
    },
    threads: [(s) => give(s, 0, s.blocks[0] as number), (s) => give(s, 1, s.blocks[0] as number)],
    check: (_, results) => {
      if (results.filter((it) => it === true).length !== 1) throw new Error('not exactly one');
    },
  },
  {
    name: 'simple heap, the last block: exactly one gets it',
    heap: { zones: [0, 1, 0], mode: 'simple-heap' },
    seats: 2,
    before: (s) => void prepare(s, 0, SIZE),
    threads: [(s) => take(s, 0, 2 * SIZE), (s) => take(s, 1, 2 * SIZE)],
    check: (_, results) => {
      if (results.filter((ptr) => ptr !== 0).length !== 1) throw new Error('not exactly one');
    },
  },
  {
    name: 'simple heap, realloc in place against the free of the neighbour',
    heap: { ...heap, mode: 'simple-heap' },
    seats: 2,
    before: (s) => {
      prepare(s, 0, SIZE);
      prepare(s, 1, SIZE);
    },
    threads: [
      (s) => resize(s, 0, s.blocks[0] as number, 2 * SIZE),
      (s) => giveBack(s, 1, s.blocks[1] as number),
    ],
  },
  {
    name: 'simple heap, a block resized while another thread frees it',
    heap: { ...heap, mode: 'simple-heap' },
    seats: 2,
    freesTwice: true,
    before: (s) => {
      prepare(s, 0, SIZE); // stays, and the arena with it
      prepare(s, 0, SIZE);
    },
    threads: [(s) => resizeFreed(s, 0, 2 * SIZE), (s) => give(s, 1, s.blocks[1] as number)],
  },
  {
    name: 'a large run resized while another thread frees it',
    heap: { zones: [0, 16, 0], align: 16 },
    seats: 2,
    freesTwice: true,
    before: (s) => {
      prepare(s, 0, 4 * PAGE);
      prepare(s, 0, 4 * PAGE);
      heapOf(s, 0).setMode('simple-heap');
    },
    threads: [
      (s) => resizeFreed(s, 0, 5 * PAGE),
      (s) => {
        give(s, 1, s.blocks[1] as number);
        take(s, 1, SIZE); // in an arena where the run was
      },
    ],
  },
  {
    name: 'hybrid: the simple heap serves when the slabs are full',
    heap: { zones: [0, 2, 0], mode: 'hybrid' },
    seats: 2,
    before: (s) => {
      for (let i = 0; i < 4; i++) prepare(s, 0, SIZE);
    },
    threads: [(s) => take(s, 0, SIZE), (s) => take(s, 1, 2 * SIZE)],
  },
  {
    name: 'stats beside a round',
    heap,
    seats: 2,
    threads: [(s) => figures(s, 0), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'validate beside rounds',
    heap,
    seats: 2,
    before: (s) => {
      const ptr = heapOf(s, 1).alloc(SIZE);
      heapOf(s, 1).free(ptr);
    },
    threads: [
      (s) => noFindings(s, 0),
      (s) => {
        round(s, 1, SIZE);
        round(s, 1, 3 * PAGE);
      },
    ],
  },
  {
    name: 'validate beside one who takes a reference and drops it',
    heap: { ...heap, checked: true, magazines: 16 },
    seats: 2,
    strict: true,
    before: (s) => {
      const ptr = heapOf(s, 0).alloc(SIZE);
      s.blocks.push(ptr);
      for (const t of [0, 1]) heapOf(s, t).retain(ptr);
    },
    threads: [
      (s) => {
        noFindings(s, 0);
        heapOf(s, 0).release(s.blocks[0] as number);
      },
      (s) => {
        const ptr = s.blocks[0] as number;
        for (let i = heapOf(s, 1).retain(ptr) ? 2 : 1; i > 0; i--) heapOf(s, 1).release(ptr);
      },
    ],
  },
  {
    name: 'blocks of whole pages taken and given',
    heap: { zones: [0, 16, 0], align: 16 },
    seats: 2,
    threads: [(s) => round(s, 0, 3 * PAGE), (s) => round(s, 1, 3 * PAGE)],
  },
  {
    name: 'checked: rounds and references',
    heap: { ...heap, checked: true },
    seats: 2,
    threads: [
      (s) => {
        const ptr = must(s, 0, SIZE);
        const ref = heapOf(s, 0).ref(ptr);
        giveBack(s, 0, ptr);
        if (heapOf(s, 0).deref(ref) !== 0) throw new Error('a freed block has a live reference');
      },
      (s) => round(s, 1, SIZE),
    ],
  },
  {
    name: 'checked: a stale reference never frees the next holder’s block',
    heap: { ...heap, checked: true },
    seats: 2,
    before: (s) => void prepare(s, 0, SIZE),
    threads: [
      (s) => {
        const mine = heapOf(s, 0);
        const ref = mine.ref(s.blocks[0] as number);
        s.wire.send(0, ref);
        give(s, 0, s.blocks[0] as number);
        const next = take(s, 0, SIZE);
        return mine.usableSize(next) > 0;
      },
      (s) => {
        const ref = s.wire.receive(0);
        const ptr = s.blocks[0] as number;
        s.book.tries(1, ptr);
        const freed = heapOf(s, 1).freeRef(ref);
        s.book.gave(1, ptr, freed);
      },
    ],
  },
  {
    name: 'roots set and read',
    heap,
    seats: 2,
    before: (s) => void prepare(s, 0, SIZE),
    threads: [
      (s) => heapOf(s, 0).roots.set('a', s.blocks[0] as number),
      (s) => {
        const seen = heapOf(s, 1).roots.get('a');
        if (seen !== 0 && seen !== s.blocks[0]) throw new Error(`root a is ${seen}`);
      },
    ],
  },
];
