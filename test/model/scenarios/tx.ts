// Transactions: what is done in one counts as a whole or not at all, for one thread and for
// several, whoever dies when. The census holds each pact against the live blocks; bytes that a
// transaction protects are two accounts whose sum must not change.

import type { Result } from '../../../src/word/errors.ts';
import { identityOf } from '../../../src/heap/attached.ts';
import type { Transaction } from '../../../src/heap/transaction.ts';
import type { TransactionHandle } from '../../../src/heap/txpart.ts';
import type { Pact } from '../book.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { heapOf, prepare } from './acts.ts';

const SIZE = 64;
const heap = { zones: [0, 8, 0], magazines: 6 } as const;
/** Tiny heaps: more than this is never free. */
const TOO_MUCH = 4096;

function begin(scene: Scene, me: number): Transaction {
  return heapOf(scene, me).beginTransaction();
}

function take(scene: Scene, tx: Transaction, pact: Pact, size = SIZE): void {
  const ptr = tx.alloc(size);
  if (ptr !== 0) scene.book.makes(pact, ptr);
}

/** Gives the block that `before` made for this thread. */
function give(scene: Scene, me: number, tx: Transaction, pact: Pact): void {
  const ptr = scene.blocks[me] as number;
  scene.book.joins(pact, ptr);
  tx.free(ptr);
}

function ends(scene: Scene, pact: Pact, done: Result<void>): void {
  if (!done.ok && !scene.mayFail()) throw new Error(`no commit: ${done.error.message}`);
  pact.ended = done.ok ? 'committed' : 'rolled back';
}

function commitOne(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  take(scene, tx, pact);
  give(scene, me, tx, pact);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
}

function rollBackOne(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  take(scene, tx, pact);
  give(scene, me, tx, pact);
  tx.rollback();
  pact.ended = 'rolled back';
}

/** More entries than a record holds. */
function commitMany(scene: Scene, me: number, count: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  for (let i = 0; i < count; i++) take(scene, tx, pact, 16);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
}

function failOne(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  take(scene, tx, pact);
  give(scene, me, tx, pact);
  take(scene, tx, pact, TOO_MUCH);
  pact.ended = 'rolled back';
  if (tx.commit().ok) throw new Error('a transaction that failed was committed');
}

function savepoints(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  take(scene, tx, pact);
  const mark = tx.savepoint();
  tx.alloc(SIZE);
  tx.free(scene.blocks[me] as number);
  tx.rollbackTo(mark);
  take(scene, tx, pact, 2 * SIZE);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
}

/** The handle of a transaction in two numbers, sent over the wire. */
function invite(scene: Scene, tx: Transaction, channel: number): void {
  scene.wire.send(channel, tx.handle.record);
  scene.wire.send(channel, tx.handle.number);
}

function join(scene: Scene, me: number, channel: number): Transaction | null {
  const record = scene.wire.receive(channel);
  const number = scene.wire.receive(channel);
  const heap = identityOf(scene.memory);
  const handle: TransactionHandle = { kind: 'atomalloc-transaction', heap, record, number };
  const joined = heapOf(scene, me).joinTransaction(handle);
  return joined.ok ? joined.value : null;
}

/** Leads; the others have joined when they answer. */
function lead(scene: Scene, me: number, channels: readonly number[]): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  for (const channel of channels) invite(scene, tx, channel);
  take(scene, tx, pact);
  give(scene, me, tx, pact);
  for (const channel of channels) scene.wire.receive(channel + 8);
  pact.ended = tx.commit({ waitMs: 0 }).ok ? 'committed' : 'rolled back';
}

function follow(scene: Scene, me: number, channel: number, vote: boolean): void {
  const tx = join(scene, me, channel);
  const pact = scene.book.pacts[0] as Pact;
  if (tx !== null) {
    take(scene, tx, pact);
    give(scene, me, tx, pact);
    if (vote) tx.ready();
    else tx.rollback();
  }
  scene.wire.send(channel + 8, 1);
}

const ACCOUNTS = 100;

function account(scene: Scene, which: number): number {
  return ((scene.blocks[0] as number) >> 2) + which;
}

/** Moves an amount from one account to the other; a death in between must not show. */
function transfer(scene: Scene, me: number, commit: boolean): void {
  const { i32 } = heapOf(scene, me);
  const tx = begin(scene, me);
  if (!tx.protect(scene.blocks[0] as number, 8)) return;
  i32[account(scene, 0)] = (i32[account(scene, 0)] as number) - 10;
  const more = tx.alloc(SIZE); // a place to die at, with one account changed
  i32[account(scene, 1)] = (i32[account(scene, 1)] as number) + 10;
  if (more !== 0) scene.book.makes(scene.book.pact(), more);
  if (commit) tx.commit({ waitMs: 0 });
  else tx.rollback();
}

function totals(scene: Scene): void {
  const { i32 } = heapOf(scene, 0);
  const [a, b] = [i32[account(scene, 0)] as number, i32[account(scene, 1)] as number];
  if (a + b !== 2 * ACCOUNTS) throw new Error(`${a} and ${b}: the sum has changed`);
}

function both(s: Scene): void {
  prepare(s, 0, SIZE);
  prepare(s, 1, SIZE);
}

const shared = { heap, seats: 2, before: both, strict: true } as const;

export const scenarios: readonly Scenario[] = [
  {
    name: 'tx, two threads commit',
    ...shared,
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
    each: (s) => {
      const { i32 } = heapOf(s, 0);
      i32[account(s, 0)] = i32[account(s, 1)] = ACCOUNTS;
    },
    threads: [(s) => transfer(s, 0, true), (s) => commitOne(s, 1)],
    after: totals,
  },
  {
    name: 'tx, protected bytes come back at a rollback',
    ...shared,
    each: (s) => {
      const { i32 } = heapOf(s, 0);
      i32[account(s, 0)] = i32[account(s, 1)] = ACCOUNTS;
    },
    threads: [(s) => transfer(s, 0, false), (s) => commitOne(s, 1)],
    after: totals,
  },
];
