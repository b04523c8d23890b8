// Requests that are refused on purpose: of two at once exactly one is the n-th, whoever counts
// first; plans that change under those who ask are never seen half; transactions whose memory is
// refused are undone; and the dead leave a plan that others can end.

import { DETOUR, HEADER } from '../../../src/word/layout.ts';
import { layoutOf } from '../../../src/word/geometry.ts';
import { COUNTER, FAULT } from '../../../src/word/records.ts';
import type { FaultPlan } from '../../../src/heap/faults.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { heapOf, resize, take } from './acts.ts';
import { begin, both, takeIn } from './pacts.ts';

const { INJECTED } = COUNTER;
const SIZE = 64;
const heap = { zones: [0, 12, 0] } as const;
/** Two plans; a request for MEDIUM bytes is meant by neither, but by some mixtures of the two. */
const SMALL_ONLY: FaultPlan = { every: 1, minBytes: 16, maxBytes: 32 };
const LARGE_ONLY: FaultPlan = { every: 1, minBytes: 96, maxBytes: 128 };
const MEDIUM = 64;

function inject(scene: Scene, me: number, plan: FaultPlan | null): void {
  heapOf(scene, me).faults.inject(plan);
}

/** The heap's words, for a look from outside, which is no access of a thread's. */
function words({ formatted: { handle } }: Scene): Int32Array {
  return new Int32Array(handle.buffer, handle.metadataOffset, HEADER.WORDS);
}

/** How many requests were refused, as the plan says. */
function failures(scene: Scene): number {
  return words(scene)[HEADER.FAULT + FAULT.FAILURES] as number;
}

function requests(scene: Scene): number {
  return words(scene)[HEADER.FAULT + FAULT.REQUESTS] as number;
}

/** How many requests were refused, as the slots have counted them. */
function injected({ formatted: { handle, geometry } }: Scene, seats: number): number {
  const at = handle.metadataOffset + layoutOf(geometry).countersByte;
  const counters = new Float64Array(handle.buffer, at, seats * COUNTER.WORDS);
  const of = Array.from({ length: seats }, (_, i) => counters[i * COUNTER.WORDS + INJECTED] ?? 0);
  return of.reduce((sum, count) => sum + count, 0);
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** `asked` requests were made at most, and the plan refuses `most` of them. */
function sane(scene: Scene, asked: number, most: number): void {
  expectThat(requests(scene) <= asked, `${requests(scene)} requests were counted`);
  expectThat(failures(scene) <= most, `${failures(scene)} were refused`);
}

function refusals(results: readonly unknown[]): number {
  return results.flat().filter((ptr) => ptr === 0).length;
}

/** Which of the sizes up to 512 the fast path may serve. */
function isOpen({ formatted: { handle, geometry } }: Scene): boolean[] {
  const at = handle.metadataOffset + layoutOf(geometry).bytesByte;
  return [...new Uint8Array(handle.buffer, at + 1, 32)].map((id) => id !== 0);
}

function isTaken(scene: Scene): boolean {
  return ((words(scene)[HEADER.DETOURS] as number) & DETOUR.FAULTS) !== 0;
}

/** No plan is in force, and the fast path is open. */
function isOver(scene: Scene): boolean {
  return !isTaken(scene) && isOpen(scene).every((open) => open);
}

function isInForce(scene: Scene): boolean {
  return isTaken(scene) && !isOpen(scene).some((open) => open);
}

/** A transaction with a block in it and one that may be refused: then all of it is undone. */
function commits(scene: Scene, me: number): number {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  takeIn(scene, tx, pact);
  const done = tx.commit({ waitMs: 0 }).ok;
  pact.ended = done ? 'committed' : 'rolled back';
  return done ? 1 : 0;
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'faults, the second request is refused: of two exactly one',
    heap,
    seats: 2,
    before: (s) => inject(s, 0, { nth: 2 }),
    threads: [(s) => take(s, 0, SIZE), (s) => take(s, 1, SIZE)],
    check: (s, results) => {
      expectThat(refusals(results) === 1 || s.mayFail(), 'not exactly one was refused');
      expectThat(failures(s) === 1 && requests(s) === 2, 'the plan has counted otherwise');
      expectThat(injected(s, 2) === 1, 'the slots have counted otherwise');
    },
    after: (s) => sane(s, 2, 1),
  },
  {
    name: 'faults, all are due and two are refused: of three exactly two',
    heap,
    seats: 3,
    before: (s) => inject(s, 0, { every: 1, times: 2 }),
    threads: [(s) => take(s, 0, SIZE), (s) => take(s, 1, SIZE), (s) => take(s, 2, SIZE)],
    check: (s, results) => {
      expectThat(refusals(results) === 2 || s.mayFail(), 'not exactly two were refused');
      expectThat(failures(s) === 2 && requests(s) === 3, 'the plan has counted otherwise');
    },
    after: (s) => sane(s, 3, 2),
  },
  {
    name: 'faults are switched on and off while another allocates',
    heap,
    seats: 2,
    before: (s) => {
      for (const it of s.heaps) it.free(it.alloc(SIZE)); // for the fast path
    },
    threads: [
      (s) => {
        inject(s, 0, { nth: 1, times: Infinity });
        const during = take(s, 0, SIZE);
        inject(s, 0, null);
        // An access of this thread's: nobody changes the count any more, so it races with nothing.
        const counted = s.memory.get(HEADER.FAULT + FAULT.FAILURES);
        expectThat(heapOf(s, 0).faults.counts().failures === counted, 'it is told otherwise');
        const later = take(s, 0, SIZE);
        return [during, later, counted];
      },
      (s) => [take(s, 1, SIZE), take(s, 1, SIZE)],
    ],
    check: (s, results) => {
      const [during, later, counted] = results[0] as number[];
      expectThat(during === 0, 'the plan has refused nothing to its own thread');
      expectThat(later !== 0 || s.mayFail(), 'a plan refuses after its end');
      expectThat(isOver(s), 'the detour is still taken');
      expectThat(failures(s) === counted, 'a request was refused after the end');
      expectThat(injected(s, 2) === counted, 'somebody has counted otherwise');
    },
  },
  {
    name: 'faults, two plans take turns: neither refuses what is in no plan',
    heap,
    seats: 2,
    threads: [
      (s) => {
        inject(s, 0, SMALL_ONLY);
        inject(s, 0, LARGE_ONLY);
        inject(s, 0, null);
      },
      (s) => take(s, 1, MEDIUM),
    ],
    check: (s, results) => {
      expectThat(results[1] !== 0 || s.mayFail(), 'refused by half a plan');
      expectThat(isOver(s), 'the detour is still taken');
    },
    after: (s) => expectThat(injected(s, 2) === 0, 'refused by half a plan'),
  },
  {
    name: 'faults, one thread sets a plan while another ends one',
    heap,
    seats: 3,
    before: (s) => inject(s, 0, LARGE_ONLY),
    threads: [
      (s) => inject(s, 0, SMALL_ONLY),
      (s) => inject(s, 1, null),
      (s) => take(s, 2, MEDIUM),
    ],
    check: (s, results) => {
      expectThat(results[2] !== 0 || s.mayFail(), 'refused by half a plan');
      expectThat(isOver(s) || isInForce(s), 'the class table is not what the detours want');
    },
    after: (s) => expectThat(injected(s, 3) === 0, 'refused by half a plan'),
  },
  {
    name: 'faults, tx: of two transactions exactly one is undone',
    heap,
    seats: 2,
    strict: true,
    before: (s) => {
      both(s);
      inject(s, 0, { nth: 2 });
    },
    threads: [(s) => commits(s, 0), (s) => commits(s, 1)],
    check: (s, results) => {
      expectThat(refusals(results) === 1 || s.mayFail(), 'not exactly one was undone');
      expectThat(failures(s) === 1 && requests(s) === 2, 'the plan has counted otherwise');
    },
    after: (s) => sane(s, 2, 1),
  },
  {
    name: 'faults, a block that grows where it stands is one of two requests',
    heap: { ...heap, mode: 'simple-heap' },
    seats: 2,
    before: (s) => {
      both(s);
      inject(s, 0, { nth: 2 });
    },
    threads: [(s) => resize(s, 0, s.blocks[1] as number, 2 * SIZE), (s) => take(s, 1, SIZE)],
    check: (s, results) => {
      expectThat(refusals(results) === 1 || s.mayFail(), 'not exactly one was refused');
      expectThat(injected(s, 2) === 1, 'the slots have counted otherwise');
    },
    after: (s) => sane(s, 2, 1),
  },
];
