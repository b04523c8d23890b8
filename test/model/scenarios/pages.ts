// Zones and the buddy system: runs split and merged by two threads at every order, runs resized in
// place against the neighbour's free, and the last run. One zone of eight pages of 256 bytes.

import { HEADER } from '../../../src/word/layout.ts';
import { usedPages, type ZoneName } from '../../../src/page/zone.ts';
import type { Attachment } from '../../../src/heap/attachment.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { give, giveBack, heapOf, must, prepare, resize, take } from './acts.ts';

const PAGE = 256;
const heap = { zones: [0, 8, 0], align: 8, classes: [] } as const;

/** A run of so many pages taken and given back. */
function round(scene: Scene, me: number, pages: number): void {
  giveBack(scene, me, must(scene, me, pages * PAGE));
}

/** One page of a zone. */
function takeIn(scene: Scene, me: number, zone: ZoneName): void {
  scene.book.asks(me);
  const got = heapOf(scene, me).tryAlloc(PAGE, { zone });
  scene.book.took(me, got.ok ? got.value : 0, PAGE);
}

const ORDERS = [0, 1, 2];

function splitAndMerge(order: number): Scenario {
  return {
    name: `buddy, two threads split and merge at order ${order}`,
    heap,
    seats: 2,
    threads: [(s) => round(s, 0, 2 ** order), (s) => round(s, 1, 2 ** order)],
  };
}

function mixed(name: string, pages: readonly number[]): Scenario {
  return {
    name,
    heap,
    seats: pages.length,
    threads: pages.map((count, t) => (s: Scene) => round(s, t, count)),
  };
}

export const scenarios: readonly Scenario[] = [
  ...ORDERS.map(splitAndMerge),
  {
    name: 'buddy, two threads want the whole zone',
    heap,
    seats: 2,
    threads: [
      (s) => giveBack(s, 0, take(s, 0, 8 * PAGE)),
      (s) => giveBack(s, 1, take(s, 1, 8 * PAGE)),
    ],
  },
  mixed('buddy, runs of one and three pages', [1, 3]),
  mixed('buddy, three threads', [1, 2, 1]),
  {
    name: 'buddy, two frees that merge with each other',
    heap,
    seats: 2,
    before: (s) => {
      prepare(s, 0, PAGE);
      prepare(s, 1, PAGE);
    },
    threads: [
      (s) => giveBack(s, 0, s.blocks[0] as number),
      (s) => giveBack(s, 1, s.blocks[1] as number),
    ],
  },
  {
    name: 'buddy, the last run: exactly one gets it',
    heap,
    seats: 2,
    before: (s) => void prepare(s, 0, 4 * PAGE),
    threads: [(s) => take(s, 0, 3 * PAGE), (s) => take(s, 1, 3 * PAGE)],
    check: (_, results) => {
      const got = results.filter((ptr) => ptr !== 0).length;
      if (got !== 1) throw new Error(`${got} threads got the last run`);
    },
  },
  {
    name: 'a large run freed by two at once: exactly one succeeds',
    heap,
    seats: 2,
    before: (s) => void prepare(s, 0, 2 * PAGE),
    threads: [(s) => give(s, 0, s.blocks[0] as number), (s) => give(s, 1, s.blocks[0] as number)],
    check: (_, results) => {
      if (results.filter((it) => it === true).length !== 1) throw new Error('not exactly one');
    },
  },
  {
    name: 'two zones at once: what is in use is the sum, and so is its peak',
    heap: { zones: [4, 4, 0], align: 4, classes: [] },
    seats: 2,
    threads: [(s) => takeIn(s, 0, 'dma'), (s) => takeIn(s, 1, 'normal')],
    check: ({ memory, on }) => {
      const used = usedPages(memory, (on[0] as Attachment).layout.zones);
      const peak = memory.load(HEADER.PEAK);
      if (used !== 2 || peak !== 2) throw new Error(`${used} pages in use, at most ${peak}`);
    },
  },
  {
    name: 'realloc cuts a run in place beside a free',
    heap,
    seats: 2,
    before: (s) => {
      prepare(s, 0, 4 * PAGE);
      prepare(s, 1, PAGE);
    },
    threads: [
      (s) => resize(s, 0, s.blocks[0] as number, 3 * PAGE),
      (s) => giveBack(s, 1, s.blocks[1] as number),
    ],
  },
  {
    name: 'realloc in place against the free of the neighbour',
    heap,
    seats: 2,
    before: (s) => {
      prepare(s, 0, 2 * PAGE);
      prepare(s, 1, 2 * PAGE);
    },
    threads: [
      (s) => resize(s, 0, s.blocks[0] as number, 3 * PAGE),
      (s) => giveBack(s, 1, s.blocks[1] as number),
    ],
  },
  {
    name: 'realloc in place against an alloc of the same pages',
    heap,
    seats: 2,
    before: (s) => void prepare(s, 0, 2 * PAGE),
    threads: [(s) => resize(s, 0, s.blocks[0] as number, 3 * PAGE), (s) => take(s, 1, 4 * PAGE)],
  },
];
