// Channels: no block is lost or handed out twice, whoever dies at which access, nobody sleeps
// beside what it waits for, and the words of a dead holder's lock are made good whether the dead
// was recovered before or not. Also the name under which one is found.

import { isLive } from '../../../src/block/statemap.ts';
import type { Attachment } from '../../../src/heap/attachment.ts';
import { RootTable } from '../../../src/heap/roottable.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { giveBack, heapOf, must, prepare, round } from './acts.ts';
import { Post, recovers } from './letters.ts';

const SIZE = 64;
const NAME = 'post';
const plain = { zones: [0, 8, 0] } as const;
const tracked = { ...plain, tracked: true } as const;

type Body = (post: Post, scene: Scene) => unknown;

/** `senders` says whose the letters are, one after the other. */
function posts(
  name: string,
  capacity: number,
  senders: readonly number[],
  threads: readonly Body[],
  heap: Scenario['heap'] = tracked,
): Scenario {
  const post = new Post(capacity, senders);
  const isTracked = heap.tracked === true;
  return {
    name: `channel: ${name}`,
    heap,
    seats: threads.length,
    ...(isTracked ? { strict: true, owned: true } : {}),
    before: (scene) => post.open(scene),
    each: () => post.takeBack(),
    threads: threads.map((body) => (scene: Scene) => body(post, scene)),
    settles: (scene) => post.settle(scene, isTracked),
  };
}

/** The first thread has died with the lock, receiving or not, before or after its block went. */
function afterADeath(goes: boolean, isGone: boolean): Scenario {
  const post = new Post(2, [0, 1]);
  return {
    ...posts(`what the dead ${goes ? 'took' : 'sent'}${isGone ? ' had gone' : ''}`, 2, [], []),
    seats: 3,
    dead: [0],
    before: (scene) => {
      post.open(scene);
      post.diesLocked(scene, goes, isGone);
    },
    each: () => post.takeBack(),
    threads: [(s) => round(s, 0, SIZE), () => post.sendsEach(1), () => post.receives(2, 1)],
    settles: (scene) => post.settle(scene, true),
  };
}

/** Adds its own block under the name, or frees it again if another has the name. */
function addsItsOwn(scene: Scene, me: number): number {
  const ptr = must(scene, me, SIZE);
  const named = heapOf(scene, me).roots.add(NAME, ptr);
  if (ptr !== 0 && named !== ptr) giveBack(scene, me, ptr);
  return named;
}

/** The first thread has got as far as to name its block, and no further. */
function diesAdding(scene: Scene): void {
  const on = scene.on[0] as Attachment;
  const table = new RootTable(on);
  const ptr = prepare(scene, 0, SIZE);
  table.lock.lock();
  table['write'](on.layout.roots, new Int32Array([1]), -ptr / 16);
}

/** Tells the book of the block that has the name: it is everybody's, whoever has died. */
function settlesName(scene: Scene): void {
  const { states } = scene.on[0] as Attachment;
  for (const [, ptr] of new RootTable(scene.on[0] as Attachment).entries()) {
    if (!isLive(states.get(ptr / 16))) throw new Error(`${ptr} has the name, and was freed`);
    if (states.ownerOf(ptr / 16) !== 0) throw new Error(`${ptr} has the name, and an owner`);
    scene.book.held.set(ptr, 0);
  }
}

export const scenarios: readonly Scenario[] = [
  posts(
    'one sends two, one receives two',
    1,
    [0, 0],
    [(post) => post.sendsEach(0), (post) => post.receives(1, 2)],
  ),
  posts(
    'one sends two, one receives two, in a plain heap',
    1,
    [0, 0],
    [(post) => post.sendsEach(0), (post) => post.receives(1, 2)],
    plain,
  ),
  posts(
    'two send, one receives',
    2,
    [0, 1],
    [(post) => post.sendsEach(0), (post) => post.sendsEach(1), (post) => post.receives(2, 2)],
  ),
  posts(
    'a batch for two who wait',
    2,
    [0, 0],
    [(post) => post.sendsAll(0), (post) => post.receives(1, 1), (post) => post.receives(2, 1)],
  ),
  posts(
    'two wait for room, one receives a batch',
    1,
    [0, 1],
    [
      (post) => post.sendsEach(0),
      (post) => post.sendsEach(1),
      (post) => post.receives(2, 1) + post.receivesAll(2, 2),
    ],
  ),
  posts(
    'one by one for two who wait',
    2,
    [0, 0],
    [(post) => post.sendsEach(0), (post) => post.receives(1, 1), (post) => post.receives(2, 1)],
  ),
  posts(
    'closed while one sends and one waits',
    1,
    [0, 0],
    [(post) => post.sendsEach(0), (post) => post.receives(1, 3), (post) => post.at(2).close()],
  ),
  posts(
    'one recovers the dead while others go on',
    2,
    [0, 0],
    [
      (post) => post.sendsAll(0),
      (post) => post.receives(1, 2),
      (_, scene) => recovers(scene, 2, 2),
    ],
  ),
  posts(
    'sent, and received by nobody',
    2,
    [0],
    [(post) => post.sendsEach(0), (post) => post.at(1).count()],
  ),
  afterADeath(false, false),
  afterADeath(false, true),
  afterADeath(true, false),
  afterADeath(true, true),
  {
    name: 'a name that two add at once is of one block',
    heap: tracked,
    seats: 2,
    strict: true,
    owned: true,
    threads: [(s) => addsItsOwn(s, 0), (s) => addsItsOwn(s, 1)],
    settles: settlesName,
    check: (_, [one, other]) => {
      if (one !== other) throw new Error(`it is ${String(one)} and ${String(other)}`);
    },
  },
  {
    name: 'a name is added, and one recovers the dead',
    heap: tracked,
    seats: 3,
    strict: true,
    owned: true,
    threads: [
      (s) => addsItsOwn(s, 0),
      (s) => heapOf(s, 1).roots.get(NAME),
      (s) => recovers(s, 2, 1),
    ],
    settles: settlesName,
  },
  {
    name: 'a name that the dead was adding',
    heap: tracked,
    seats: 3,
    strict: true,
    owned: true,
    dead: [0],
    before: (s) => diesAdding(s),
    threads: [
      (s) => round(s, 0, SIZE),
      (s) => heapOf(s, 1).roots.get(NAME),
      (s) => recovers(s, 2, 1),
    ],
    settles: settlesName,
  },
];
