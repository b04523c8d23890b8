// Seats: a heap that is opened while it is still being made, and threads that come and go beside
// whatever others may do.

import { layoutOf } from '../../../src/word/geometry.ts';
import { HEADER } from '../../../src/word/layout.ts';
import { viewFrom, type Attachment } from '../../../src/heap/attachment.ts';
import { format } from '../../../src/heap/create.ts';
import { open } from '../../../src/heap/open.ts';
import { SharedHeap } from '../../../src/heap/heap.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { giveBack, heapOf, must, prepare, resize, round } from './acts.ts';

const SIZE = 64;
const heap = { zones: [0, 8, 0], maxSlots: 5 } as const;

/** A thread of its own: attaches, takes and gives a block, leaves. */
function visit(scene: Scene, me: number): number {
  const mine = SharedHeap['enter'](scene.formatted);
  scene.book.sits(me, mine.slot);
  if (scene.memory.load(HEADER.SLOTS_USED) <= mine.slot) throw new Error('a seat nobody counts');
  const ptr = mine.alloc(SIZE);
  if (!mine['attachment'].table.isTaken(mine.slot))
    throw new Error('a visitor’s seat is not its own');
  if (ptr === 0 && scene.mayFail()) return mine.slot;
  if (ptr === 0 || !mine.free(ptr)) throw new Error('a visitor gets no block, or cannot free it');
  mine.detach();
  if (mine.alloc(SIZE) !== 0) throw new Error('who has left got a block');
  return mine.slot;
}

/** What a thread may be doing while another comes or goes; two blocks are there to begin with. */
const DEEDS: Readonly<Record<string, (scene: Scene, me: number) => unknown>> = {
  'an alloc and a free': (s, me) => giveBack(s, me, must(s, me, SIZE)),
  'the free of another thread’s block': (s, me) => giveBack(s, me, s.blocks[0] as number),
  'a realloc': (s, me) => resize(s, me, s.blocks[0] as number, 160),
  stats: (s, me) => {
    const { pages, freePages, slots } = heapOf(s, me).stats();
    const mine = slots.filter((slot) => slot.self).length;
    if (pages !== 8 || freePages > 8 || mine !== 1) throw new Error('stats out of range');
  },
  validate: (s, me) => {
    const found = heapOf(s, me).validate();
    if (found.length > 0) throw new Error(`validate found ${JSON.stringify(found)}`);
  },
  reclaim: (s, me) => heapOf(s, me).reclaim(),
  'a switch of the mode': (s, me) => {
    heapOf(s, me).setMode('simple-heap');
    heapOf(s, me).setMode('two-tier');
  },
};

/** A block for each seat, and no magazine: whatever comes next takes the slow path. */
function prepareBare(scene: Scene): void {
  for (let me = 0; me < scene.heaps.length; me++) prepare(scene, me, SIZE);
  for (const mine of scene.heaps) mine.reclaim();
}

/**
 * The second thread was cut while it sat down, with the class lock in its hands, and then there was
 * no stack left to give that seat up: set-up is made in its name.
 */
function cutTwice(scene: Scene): void {
  const { memory, geometry, table } = scene.on[1] as Attachment;
  const seat = table.take();
  if (seat === null) throw new Error('no seat to sit down on');
  viewFrom(memory, geometry, table, seat).depots[1]?.lock.lock();
  const mine = heapOf(scene, 1);
  mine['lost'] = true;
  mine['magazines'] = mine['nobodys'];
}

/** Comes as often as it takes to get through: its stack may end each time. */
function comesAtLast(scene: Scene, me: number): void {
  for (let through = false; !through;) {
    try {
      round(scene, me, SIZE);
      through = true;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
}

function comeBeside(what: string): Scenario {
  return {
    name: `attach and detach beside ${what}`,
    heap,
    seats: 1,
    before: prepareBare,
    threads: [(s) => DEEDS[what]?.(s, 0), (s) => visit(s, 1)],
  };
}

function goBeside(what: string): Scenario {
  return {
    name: `detach beside ${what}`,
    heap,
    seats: 2,
    before: prepareBare,
    threads: [
      (s) => {
        giveBack(s, 0, s.blocks[1] as number);
        heapOf(s, 0).detach();
      },
      (s) => DEEDS[what]?.(s, 1),
    ],
  };
}

/** What a thread sees that opens a heap without knowing whether there is one. */
function openedBy({ formatted }: Scene): string {
  try {
    return JSON.stringify(open(formatted.handle).geometry);
  } catch {
    return 'refused';
  }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'a heap opened while it is being made is refused, or whole',
    heap: { zones: [0, 4, 0], magazines: 1, maxSlots: 1 },
    seats: 0,
    bare: true,
    before: ({ memory }) => memory.clear(),
    threads: [
      ({ memory, formatted: { geometry } }) => {
        format(memory, geometry, layoutOf(geometry), 'two-tier');
        return memory.load(HEADER.READY);
      },
      (s) => {
        const seen = openedBy(s);
        const whole = JSON.stringify(s.formatted.geometry);
        if (seen !== whole && seen !== 'refused') throw new Error(`a heap half made: ${seen}`);
      },
    ],
  },
  {
    name: 'attach and detach, the only visitor', // who recovers it is the next first thread
    heap,
    seats: 0,
    threads: [(s) => visit(s, 0)],
  },
  {
    name: 'attach and detach, two visitors',
    heap,
    seats: 0,
    threads: [(s) => visit(s, 0), (s) => visit(s, 1)],
  },
  ...Object.keys(DEEDS).map(comeBeside),
  ...Object.keys(DEEDS).map(goBeside),
  {
    name: 'who could not give up the seat it was about to take comes again',
    heap,
    seats: 2,
    before: cutTwice,
    threads: [(s) => round(s, 0, SIZE), (s) => comesAtLast(s, 1)],
  },
  {
    name: 'who gave up its seat looks for it while another recovers and takes it',
    heap,
    seats: 2,
    before: (s) => {
      const { table, seat } = s.on[1] as Attachment;
      table.giveUp(seat);
    },
    threads: [
      (s) => {
        heapOf(s, 0).recover();
        visit(s, 0);
      },
      (s) => s.on[1]?.table.giveUpUnsettled(),
    ],
  },
];
