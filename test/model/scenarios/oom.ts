// Memory that is out for good: one plea at a time, whoever makes it, and whoever hears it hears who
// it is and how much is missing. What a thread has said about its own end goes with it.

import { Pleas } from '../../../src/heap/pleas.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { enter, heapOf } from './acts.ts';

const heap = { zones: [0, 8, 0] } as const;
/** Bytes that thread t pleads for. */
const wants = (t: number) => 64 * (t + 1);

function pleads(s: Scene, me: number): boolean {
  return new Pleas(s.memory).make(me, wants(me));
}

/** A plea is heard whole, whoever made it. */
function hears(s: Scene): number {
  const pleas = new Pleas(s.memory);
  const count = pleas.made();
  const plea = pleas.holding();
  if (plea !== null && plea.bytes !== wants(plea.slot)) {
    throw new Error(`slot ${plea.slot} wants ${plea.bytes}`);
  }
  if (count > 0 && plea === null) throw new Error('a plea was made and says nothing');
  return count;
}

/** Sits down, finds that nobody has said anything about its end, and says something. */
function sitsAnew(s: Scene, me: number): void {
  const mine = enter(s);
  if (mine === null) return;
  s.book.sits(me, mine.slot);
  try {
    const adj = mine['attachment'].table.oomScoreAdjOf(mine.slot);
    if (adj !== 0) throw new Error(`the seat before had ${adj}`);
    mine.setOomScoreAdj(me + 1);
  } finally {
    mine.detach();
  }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'two plead at once, and a third hears one of them',
    heap,
    seats: 3,
    threads: [(s) => pleads(s, 0), (s) => pleads(s, 1), (s) => hears(s)],
    check: (s, [first, second]) => {
      if (first === second) throw new Error('of two pleas at once one is made');
      const pleas = new Pleas(s.memory);
      const by = first === true ? 0 : 1;
      if (pleas.made() !== 1 || pleas.holding()?.slot !== by) throw new Error('it is another’s');
    },
  },
  {
    name: 'who has its memory takes back its own plea alone',
    heap,
    seats: 2,
    threads: [
      (s) => {
        const made = pleads(s, 0);
        new Pleas(s.memory).withdraw(0);
        return made;
      },
      (s) => pleads(s, 1),
    ],
    check: (s, [first]) => {
      const holds = new Pleas(s.memory).holding();
      if (first === true ? holds !== null : holds?.slot !== 1) throw new Error('not as it was');
    },
  },
  {
    name: 'what a thread says about its end goes with it',
    heap: { ...heap, maxSlots: 2 }, // of which the auditor has one
    seats: 1,
    before: (s) => heapOf(s, 0).setOomScoreAdj(-1000),
    threads: [(s) => heapOf(s, 0).detach(), (s) => sitsAnew(s, 1), (s) => sitsAnew(s, 2)],
  },
];
