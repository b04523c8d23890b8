// Recordings: what stands on the tapes is in one order, whoever dies, and agrees with each block's
// history; and the recording of a thread that has gone is over.

import { DETOUR, HEADER } from '../../../src/word/layout.ts';
import { setDetour } from '../../../src/heap/detour.ts';
import { begin, endRecording, mute, prepare as claim } from '../../../src/heap/recording.ts';
import { EVENT, TapeReader, type TapeEvent } from '../../../src/slot/tape.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { giveBack, heapOf, must, prepare, round, take } from './acts.ts';

const SIZE = 64;
const NUMBER = 1;
const plain = { zones: [0, 4, 0], maxSlots: 4 } as const;
const simple = { zones: [0, 12, 0], align: 4, mode: 'simple-heap', maxSlots: 4 } as const;

/** What was read in this schedule. */
const read: TapeEvent[] = [];

function readerOf({ memory, on }: Scene): TapeReader {
  const { layout, table } = on[0]!;
  return new TapeReader(memory, layout, table, NUMBER);
}

/** As if somebody recorded who is not here. */
function recorded(scene: Scene): void {
  const { memory } = scene;
  setDetour(scene.on[0]!, DETOUR.RECORDING, true);
  memory.store(HEADER.RECORDED, NUMBER);
  memory.store(HEADER.RECORDING, NUMBER);
}

function reads(scene: Scene, times: number): void {
  const reader = readerOf(scene);
  for (let i = 0; i < times; i++) for (const event of reader.read()) read.push(event);
}

function notes(scene: Scene, me: number, granule: number): void {
  heapOf(scene, me)['inside'](({ on }) => on.tape.note(EVENT.ALLOC, granule, SIZE));
}

/** What is left on the tapes, in one order with what was read before. */
function readOn(scene: Scene): void {
  const reader = readerOf(scene);
  for (const event of reader.read()) read.push(event);
  if (reader.isPending()) throw new Error('events are left on a tape, or still to come');
  const early = read.findIndex((event, i) => i > 0 && event.ticket <= read[i - 1]!.ticket);
  if (early >= 0) throw new Error(`event ${early} was read too late`);
}

/** Nobody died: each block is allocated, freed, allocated again. */
function follow(before: readonly number[]): Set<number> {
  const live = new Set(before.map((ptr) => ptr / 16));
  for (const { op, granule } of read) {
    if (op === EVENT.FREE ? !live.delete(granule) : live.has(granule)) {
      throw new Error(
        `block ${granule * 16} is ${op === EVENT.FREE ? 'freed' : 'allocated'} twice`,
      );
    }
    live.add(granule);
    if (op === EVENT.FREE) live.delete(granule);
  }
  return live;
}

function allThere(scene: Scene, events: number): void {
  readOn(scene);
  if (read.length !== events) throw new Error(`${read.length} events, and ${events} took place`);
  follow(scene.blocks);
}

const taped = {
  before: recorded,
  each: () => void (read.length = 0),
  after: readOn,
} as const;

function isOver({ memory }: Scene): void {
  const { RECORDER, RECORDING, DETOURS } = HEADER;
  const left = [RECORDER, RECORDING, DETOURS].map((word) => memory.load(word));
  if (left.some((word) => word !== 0)) throw new Error(`the recording goes on: ${left.join(' ')}`);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'tapes: two write at once, and one reads',
    ...taped,
    heap: plain,
    seats: 3,
    threads: [(s) => notes(s, 0, 100), (s) => notes(s, 1, 200), (s) => reads(s, 2)],
    check: (s) => allThere(s, 2),
  },
  {
    name: 'tapes: a block that is freed, and taken by another',
    ...taped,
    heap: simple,
    seats: 3,
    before: (s) => {
      prepare(s, 0, 40 * SIZE);
      recorded(s);
    },
    threads: [
      (s) => giveBack(s, 0, s.blocks[0]!),
      (s) => take(s, 1, 40 * SIZE),
      (s) => reads(s, 2),
    ],
    check: (s, [, ptr]) => allThere(s, ptr === 0 ? 1 : 2),
  },
  {
    name: 'tapes: a block handed over, and freed there',
    ...taped,
    heap: plain,
    seats: 3,
    threads: [
      (s) => s.wire.send(0, must(s, 0, SIZE)),
      (s) => giveBack(s, 1, s.wire.receive(0)),
      (s) => reads(s, 2),
    ],
    check: (s) => {
      if (!s.mayFail()) allThere(s, 2);
    },
  },
  {
    name: 'tapes: more events than one has room for',
    ...taped,
    heap: plain,
    seats: 2,
    threads: [
      (s) => {
        for (let i = 0; i < 2; i++) round(s, 0, SIZE);
        s.wire.send(0, 1);
        s.wire.receive(1);
        round(s, 0, SIZE);
      },
      (s) => {
        s.wire.receive(0);
        reads(s, 1);
        s.wire.send(1, 1);
        reads(s, 1);
      },
    ],
    check: (s) => {
      if (!s.mayFail()) allThere(s, 6);
    },
  },
  {
    name: 'tapes: a transaction that is rolled back, and a round',
    ...taped,
    heap: plain,
    seats: 3,
    threads: [
      (s) => {
        const tx = heapOf(s, 0).beginTransaction();
        tx.alloc(SIZE);
        tx.rollback();
      },
      (s) => round(s, 1, SIZE),
      (s) => reads(s, 1),
    ],
    check: (s) => {
      if (!s.mayFail()) allThere(s, 4);
    },
  },
  {
    name: 'tapes: a recording that ends, beside a round',
    heap: plain,
    seats: 2,
    threads: [
      (s) => {
        const heap = heapOf(s, 0);
        const number = heap['inside'](({ on }) => claim(on));
        const { layout, table } = s.on[0]!;
        const reader = new TapeReader(s.memory, layout, table, number);
        reader.begin();
        heap['inside'](({ on }) => begin(on, number));
        heap['inside'](({ on }) => mute(on, number));
        if (!reader.isOn()) for (const event of reader.read()) read.push(event);
        reader.isPending();
        heap['inside'](({ on }) => endRecording(on, on.seat.token));
      },
      (s) => round(s, 1, SIZE),
    ],
    each: () => void (read.length = 0),
    after: isOver,
  },
  {
    name: 'tapes: who records leaves, beside a free',
    heap: plain,
    seats: 2,
    before: (s) => void prepare(s, 1, SIZE),
    threads: [
      (s) => {
        const heap = heapOf(s, 0);
        heap.usableSize(s.blocks[0]!); // it may die in front of what comes next, too
        heap['inside'](({ on }) => begin(on, claim(on)));
        heap.detach();
      },
      (s) => giveBack(s, 1, s.blocks[0]!),
    ],
    after: isOver,
  },
];
