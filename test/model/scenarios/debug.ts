// Debug heaps: who takes and who frees a block write words, red zones and poison around it, and
// none of it may ever tell of damage that there is none of, whoever dies on the way.

import type { Scenario, Scene } from '../scenario.ts';
import { Texts } from '../../../src/block/texts.ts';
import { DEBUGGING } from '../../../src/word/records.ts';
import { enter, give, giveBack, heapOf, must, prepare, resize, round, take } from './acts.ts';

const SIZE = 40; // in a block of 64
const MORE = 100; // in one of 160
const PAGE = 256;
const heap = { zones: [0, 8, 0], debug: DEBUGGING.ON } as const;
const two = { heap, seats: 2 } as const;

/** Nobody writes where it should not, so nobody finds anything. */
function sound(scene: Scene): void {
  const { corruptions } = heapOf(scene, 0).stats();
  if (corruptions > 0) throw new Error('damage was found');
}

function noFindings(scene: Scene, me: number): void {
  const found = heapOf(scene, me).validate();
  if (found.length > 0) throw new Error(`validate found ${JSON.stringify(found)}`);
}

/** Writes all that it asked for: what else would be poison or a red zone then shows. */
function uses(scene: Scene, me: number, ptr: number, size: number): number {
  if (ptr !== 0) heapOf(scene, me).u8.fill(me + 1, ptr, ptr + size);
  return ptr;
}

function useRound(scene: Scene, me: number, size: number): void {
  giveBack(scene, me, uses(scene, me, must(scene, me, size), size));
}

/** Two texts, of which the other thread has one too; both can read all of them. */
function texts(scene: Scene, me: number): void {
  const on = scene.on[me];
  if (on === undefined) return;
  const mine = new Texts(on.memory, on.layout);
  const numbers = ['shared by both', `of thread ${me}`].map((text) => mine.numberOf(text));
  scene.wire.send(me, numbers[1] as number);
  const theirs = scene.wire.receive(1 - me);
  const read = [...numbers, theirs].map((number) => mine.read(number)).join(', ');
  const wanted = `shared by both, of thread ${me}, of thread ${1 - me}`;
  if (read !== wanted) throw new Error(`texts are ${read}`);
}

/** Comes, takes a block under a tag, moves it, and leaves it and the heap. */
function leavesOne(scene: Scene, me: number): void {
  const mine = enter(scene);
  if (mine === null) return;
  scene.book.sits(me, mine.slot);
  let told = '';
  mine.onLeak(([leak]) => {
    told = `${leak?.tag} ${leak?.bytes}`;
  });
  scene.book.asks(me);
  const got = mine.tryAlloc(SIZE, { tag: 'mine' });
  const ptr = got.ok ? got.value : 0;
  scene.book.took(me, ptr, SIZE);
  scene.book.resizes(me, ptr);
  const moved = ptr === 0 ? 0 : mine.realloc(ptr, MORE);
  scene.book.passes(me, ptr, moved, MORE);
  scene.book.kept(me, moved);
  mine.detach();
  const wanted = ptr === 0 ? '' : moved === 0 ? `mine ${SIZE}` : `mine ${MORE}`;
  if (told !== wanted) throw new Error(`told of ${told}, not of ${wanted}`);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'debug: a block from hand to hand',
    ...two,
    before: (s) => giveBack(s, 0, uses(s, 0, must(s, 0, SIZE), SIZE)),
    threads: [(s) => useRound(s, 0, SIZE), (s) => useRound(s, 1, SIZE)],
    after: sound,
  },
  {
    name: 'debug: pages that come out as another class',
    heap: { ...heap, zones: [0, 3, 0] },
    seats: 2,
    before: (s) => {
      for (let i = 0; i < 4; i++) prepare(s, 0, SIZE);
    },
    threads: [
      (s) => {
        for (const ptr of s.blocks) giveBack(s, 0, uses(s, 0, ptr, SIZE));
        uses(s, 0, take(s, 0, 2 * PAGE), 2 * PAGE);
      },
      (s) => {
        const ptr = uses(s, 1, take(s, 1, MORE), MORE);
        if (ptr !== 0) giveBack(s, 1, ptr);
      },
    ],
    after: sound,
  },
  {
    name: 'debug: realloc beside a round',
    ...two,
    threads: [
      (s) => {
        const ptr = uses(s, 0, must(s, 0, SIZE), SIZE);
        if (ptr !== 0) giveBack(s, 0, uses(s, 0, resize(s, 0, ptr, MORE) || ptr, SIZE));
      },
      (s) => round(s, 1, MORE),
    ],
    after: sound,
  },
  {
    name: 'debug: a block freed by two at once: exactly one, and taken again',
    ...two,
    before: (s) => {
      const ptr = uses(s, 0, prepare(s, 0, SIZE), SIZE);
      s.refs.push(heapOf(s, 0).ref(ptr));
    },
    threads: [
      (s) => {
        const ptr = s.blocks[0] as number;
        const freed = give(s, 0, ptr);
        uses(s, 0, take(s, 0, SIZE), SIZE);
        return freed;
      },
      (s) => {
        const ptr = s.blocks[0] as number;
        s.book.tries(1, ptr);
        const freed = heapOf(s, 1).freeRef(s.refs[0] as number);
        s.book.gave(1, ptr, freed);
        return freed;
      },
    ],
    check: (_, results) => {
      if (results[0] === results[1]) throw new Error('not exactly one has freed it');
    },
    after: sound,
  },
  {
    name: 'debug: simple heap, two rounds and a merge',
    heap: { ...heap, mode: 'simple-heap' },
    seats: 2,
    before: (s) => {
      prepare(s, 0, SIZE);
      prepare(s, 0, SIZE);
    },
    threads: [
      (s) => {
        for (const ptr of s.blocks) giveBack(s, 0, uses(s, 0, ptr, SIZE));
        useRound(s, 0, MORE);
      },
      (s) => useRound(s, 1, SIZE),
    ],
    after: sound,
  },
  {
    name: 'debug: a large run, and blocks where it was',
    heap: { zones: [0, 8, 0], align: 8, debug: DEBUGGING.ON },
    seats: 2,
    threads: [(s) => useRound(s, 0, 4 * PAGE), (s) => useRound(s, 1, SIZE)],
    after: sound,
  },
  {
    name: 'debug: validate beside a round',
    ...two,
    before: (s) => giveBack(s, 1, uses(s, 1, must(s, 1, SIZE), SIZE)),
    threads: [(s) => noFindings(s, 0), (s) => useRound(s, 1, SIZE)],
    after: sound,
  },
  {
    name: 'debug: a transaction takes and frees',
    ...two,
    strict: true,
    before: (s) => {
      prepare(s, 0, SIZE);
      uses(s, 0, s.blocks[0] as number, SIZE);
    },
    threads: [
      (s) => {
        const pact = s.book.pact();
        const tx = heapOf(s, 0).beginTransaction();
        const made = tx.alloc(MORE);
        if (made !== 0) s.book.makes(pact, made);
        s.book.joins(pact, s.blocks[0] as number);
        tx.free(s.blocks[0] as number);
        pact.ended = tx.commit().ok ? 'committed' : 'rolled back';
      },
      (s) => noFindings(s, 1),
    ],
    after: sound,
  },
  {
    name: 'debug: blocks of the dead, which had them alone',
    heap: { ...heap, tracked: true },
    seats: 2,
    strict: true,
    owned: true,
    threads: [
      (s) => {
        uses(s, 0, must(s, 0, SIZE), SIZE);
        useRound(s, 0, 3 * PAGE);
      },
      (s) => useRound(s, 1, SIZE),
    ],
    after: sound,
  },
  {
    name: 'debug: a block left behind under its tag',
    ...two,
    threads: [(s) => leavesOne(s, 0), (s) => useRound(s, 1, SIZE)],
    after: sound,
  },
  {
    name: 'debug: a block left behind where owners are known',
    heap: { ...heap, tracked: true },
    seats: 2,
    owned: true,
    threads: [(s) => leavesOne(s, 0), (s) => useRound(s, 1, SIZE)],
    after: sound,
  },
  {
    name: 'debug: texts of two threads',
    ...two,
    threads: [(s) => texts(s, 0), (s) => texts(s, 1)],
  },
];
