// The time for which somebody waits for memory, and samples of what has been counted. The oracle
// compares the one with the line after every schedule; here are the words by themselves, with a
// clock that shows what a scenario wants.

import { layoutOf } from '../../../src/word/geometry.ts';
import { COUNTER, SAMPLE } from '../../../src/word/records.ts';
import { Samples } from '../../../src/slot/samples.ts';
import { Stall } from '../../../src/slot/stall.ts';
import type { Attachment } from '../../../src/heap/attachment.ts';
import type { Scenario, Scene } from '../scenario.ts';

const PERIOD_MS = 2500;
const FIRST_MS = 1001;
/** The first sample's record has its turn again. */
const NEXT_MS = FIRST_MS + SAMPLE.COUNT * PERIOD_MS;
const [BEGINS_MS, ENDS_MS] = [10, 30];

const heap = { zones: [0, 2, 0] } as const;

function begins({ memory }: Scene): void {
  new Stall(memory, () => BEGINS_MS).begin();
}

function ends({ memory }: Scene): void {
  new Stall(memory, () => ENDS_MS).end();
}

/** All stalls begin at one time and end at another, as it is for who reads. */
function readsTwice({ memory }: Scene): void {
  const stall = new Stall(memory, () => ENDS_MS);
  const first = stall.total();
  const then = stall.total();
  if (then < first) throw new Error(`a total of ${first} ms has become ${then}`);
}

function samples({ formatted, memory }: Scene, now: number): Samples {
  return new Samples(memory, layoutOf(formatted.geometry), () => now);
}

function counts(scene: Scene): void {
  const { counters } = scene.on[0] as Attachment;
  counters.bump(COUNTER.FAILURES);
  counters.bump(COUNTER.OOMS);
}

/** Failures and refusals have come in pairs, so a window that has more of one is of two samples. */
function looksBack(scene: Scene): void {
  const { ms, failures, ooms } = samples(scene, NEXT_MS).since(Infinity);
  const expected = ms > PERIOD_MS ? 1 : 0;
  if (failures === expected && ooms === expected) return;
  throw new Error(`in ${ms} ms there were ${failures} failures and ${ooms} refusals`);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'the line: one comes as the last one goes',
    heap,
    seats: 3,
    before: (s) => void s.on[1]?.waits.join(1),
    threads: [
      (s) => s.on[0]?.waits.join(1),
      (s) => s.on[1]?.waits.leave(),
      (s) => s.on[2]?.waits.rouse(),
    ],
  },
  {
    name: 'the line: the only one goes while another looks',
    heap,
    seats: 2,
    before: (s) => void s.on[0]?.waits.join(1),
    threads: [(s) => s.on[0]?.waits.leave(), (s) => s.on[1]?.waits.rouse()],
  },
  {
    name: 'the time of stalls never falls, whoever begins and ends them',
    heap,
    seats: 3,
    threads: [
      (s) => {
        begins(s);
        ends(s);
      },
      (s) => {
        begins(s);
        ends(s);
        begins(s);
        ends(s);
      },
      (s) => readsTwice(s),
    ],
  },
  {
    name: 'a sample is taken by one of two',
    heap,
    seats: 2,
    before: (s) => void samples(s, FIRST_MS).take(),
    threads: [(s) => samples(s, NEXT_MS).take(), (s) => samples(s, NEXT_MS).take()],
    check: (_, results) => {
      if (results[0] === results[1]) throw new Error('not one of two has taken the sample');
    },
  },
  {
    name: 'a sample is read whole or not at all',
    heap,
    seats: 2,
    before: (s) => {
      samples(s, FIRST_MS).take();
      counts(s);
    },
    threads: [(s) => samples(s, NEXT_MS).take(), (s) => looksBack(s)],
  },
];
