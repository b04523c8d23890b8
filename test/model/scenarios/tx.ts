// Transactions: what is done in one counts as a whole or not at all, for one thread and for
// several, whoever dies when. The census holds each pact against the live blocks; bytes that a
// transaction protects are two accounts whose sum must not change.

import type { Scenario, Scene } from '../scenario.ts';
import { giveBack, heapOf, prepare, round, take } from './acts.ts';
import {
  both,
  commitMany,
  commitOne,
  failOne,
  fillAccounts,
  follow,
  lead,
  leadWaiting,
  rollBackOne,
  savepoints,
  totals,
  transfer,
} from './pacts.ts';

const SIZE = 64;
const heap = { zones: [0, 8, 0], magazines: 6 } as const;

const shared = { heap, seats: 2, before: both, strict: true } as const;

/** Takes so many blocks in advance, uses two of them, and perhaps fills up again. */
function reserves(scene: Scene, me: number, count: number, refills: boolean): void {
  const got = heapOf(scene, me).reserve(count, SIZE);
  if (!got.ok) {
    if (scene.mayFail()) return;
    throw new Error(got.error.message);
  }
  const taken = [0, 1].map(() => {
    scene.book.asks(me);
    const ptr = got.value.alloc();
    scene.book.took(me, ptr, SIZE);
    if (ptr === 0) throw new Error('a reserve has failed');
    return ptr;
  });
  if (refills) got.value.refill();
  got.value[Symbol.dispose]();
  for (const ptr of taken) giveBack(scene, me, ptr);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'tx, two threads commit',
    ...shared,
    threads: [(s) => commitOne(s, 0), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, two threads commit where there is no magazine',
    ...shared,
    heap: { ...heap, magazines: 0 },
    threads: [(s) => commitOne(s, 0), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, one commits while another rolls back',
    ...shared,
    threads: [(s) => commitOne(s, 0), (s) => rollBackOne(s, 1)],
  },
  {
    name: 'tx, checked: one commits while another rolls back',
    ...shared,
    heap: { ...heap, checked: true },
    threads: [(s) => commitOne(s, 0), (s) => rollBackOne(s, 1)],
  },
  {
    name: 'tx, a failed allocation undoes what came before it',
    ...shared,
    threads: [(s) => failOne(s, 0), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, a journal of more than one array',
    ...shared,
    threads: [(s) => commitMany(s, 0, 14), (s) => commitMany(s, 1, 2)],
  },
  {
    name: 'tx, a journal of two arrays',
    ...shared,
    heap: { zones: [0, 16, 0], magazines: 8 },
    threads: [(s) => commitMany(s, 0, 29), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, savepoints',
    ...shared,
    threads: [(s) => savepoints(s, 0), (s) => rollBackOne(s, 1)],
  },
  {
    name: 'tx, a leader and a participant commit',
    ...shared,
    threads: [(s) => lead(s, 0, [1]), (s) => follow(s, 1, 1, true)],
  },
  {
    name: 'tx, a leader waits for the vote',
    ...shared,
    threads: [(s) => leadWaiting(s, 0, 1), (s) => follow(s, 1, 1, true)],
  },
  {
    name: 'tx, a participant rolls all of it back',
    ...shared,
    threads: [(s) => lead(s, 0, [1]), (s) => follow(s, 1, 1, false)],
  },
  {
    name: 'tx, a leader and two participants',
    ...shared,
    seats: 3,
    before: (s) => {
      both(s);
      prepare(s, 2, SIZE);
    },
    threads: [
      (s) => lead(s, 0, [1, 2]),
      (s) => follow(s, 1, 1, true),
      (s) => follow(s, 2, 2, true),
    ],
  },
  {
    name: 'tx, protected bytes come back',
    ...shared,
    each: fillAccounts,
    threads: [(s) => transfer(s, 0, true), (s) => commitOne(s, 1)],
    after: totals,
  },
  {
    name: 'tx, protected bytes come back at a rollback',
    ...shared,
    each: fillAccounts,
    threads: [(s) => transfer(s, 0, false), (s) => commitOne(s, 1)],
    after: totals,
  },
  {
    name: 'tx, checked: a new block freed past the transaction is another’s at the rollback',
    heap: { zones: [0, 2, 0], checked: true, magazines: 6 },
    seats: 2,
    threads: [
      (s) => {
        const tx = heapOf(s, 0).beginTransaction();
        const ptr = tx.alloc(SIZE);
        if (ptr !== 0 && !heapOf(s, 0).free(ptr)) throw new Error('it was not freed');
        heapOf(s, 0).reclaim();
        s.wire.send(0, ptr);
        s.wire.receive(1);
        tx.rollback();
        s.wire.send(0, 0);
      },
      (s) => {
        s.wire.receive(0);
        const ptr = take(s, 1, SIZE);
        s.wire.send(1, ptr);
        s.wire.receive(0);
        giveBack(s, 1, ptr);
      },
    ],
  },
  {
    name: 'reserve: two blocks taken of it, and the rest given back',
    heap: { ...heap, magazines: 12 },
    seats: 2,
    threads: [(s) => reserves(s, 0, 3, false), (s) => round(s, 1, SIZE)],
  },
  {
    name: 'reserve: of more blocks than a record holds',
    heap: { zones: [0, 16, 0], magazines: 12 },
    seats: 2,
    threads: [(s) => reserves(s, 0, 13, true), (s) => round(s, 1, SIZE)],
  },
];
