// Transactions of several threads that end in the middle, and what follows them: votes before a
// death, joins beside an abort, transactions within transactions, the next transaction in a record
// that was used before.

import type { ClassGeometry } from '../../../src/word/geometry.ts';
import type { Transaction } from '../../../src/heap/transaction.ts';
import type { Pact } from '../book.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { giveBack, heapOf, prepare } from './acts.ts';
import {
  account,
  begin,
  both,
  commitMany,
  commitOne,
  ends,
  fillAccounts,
  follow,
  giveIn,
  invite,
  join,
  lead,
  rollBackOne,
  takeIn,
  TOO_MUCH,
  totals,
} from './pacts.ts';

const SIZE = 64;
const heap = { zones: [0, 8, 0], magazines: 6 } as const;
const shared = { heap, seats: 2, before: both, strict: true } as const;

/** Blocks of one granule, twelve to a magazine. */
const TINY: ClassGeometry = { kind: 'slab', granules: 1, pages: 1, maxPages: 1, capacity: 12 };

/** Does not wait for who has joined. */
function leadInHaste(scene: Scene, me: number, channel: number): boolean {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  invite(scene, tx, channel);
  takeIn(scene, tx, pact);
  const done = tx.commit({ waitMs: 0 }).ok;
  pact.ended = done ? 'committed' : 'rolled back';
  return done;
}

/** A part of its own in the first pact; nobody waits for it. Whether it voted; null: not there. */
function followAtWill(scene: Scene, me: number, channel: number, vote: boolean): boolean | null {
  const tx = join(scene, me, channel);
  const pact = scene.book.pacts[0] as Pact;
  if (tx === null) return null;
  takeIn(scene, tx, pact);
  if (vote) return tx.ready();
  tx.rollback();
  return false;
}

/** Votes, then wants it all undone: too late, perhaps, and then it is told so. */
function regrets(scene: Scene, me: number, channel: number): string {
  const tx = join(scene, me, channel);
  const pact = scene.book.pacts[0] as Pact;
  if (tx === null) return 'absent';
  takeIn(scene, tx, pact);
  tx.ready();
  tx.rollback();
  return tx.outcome();
}

/** Goes back to a mark, and to the same mark again when its block is another's. */
function backTwice(scene: Scene, me: number): void {
  const [pact, other] = [scene.book.pact(), scene.book.pact()];
  const tx = begin(scene, me);
  const mark = tx.savepoint();
  tx.alloc(SIZE);
  tx.rollbackTo(mark);
  const next = begin(scene, me);
  takeIn(scene, next, other);
  tx.rollbackTo(mark);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
  ends(scene, other, next.commit({ waitMs: 0 }));
}

/** A transaction within fails; what is around it goes on. */
function failWithin(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  takeIn(scene, tx, pact);
  const inner = tx.transaction((it) => {
    it.alloc(SIZE);
    it.free(scene.blocks[me] as number);
    return it.alloc(TOO_MUCH);
  });
  if (inner.ok) throw new Error('a block larger than the heap');
  giveIn(scene, me, tx, pact);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
}

/** The whole of it in one function, of which a step fails, or none. */
function inOne(scene: Scene, me: number, fails: boolean): void {
  const pact = scene.book.pact();
  const done = heapOf(scene, me).transaction((tx: Transaction) => {
    takeIn(scene, tx, pact);
    giveIn(scene, me, tx, pact);
    if (fails) takeIn(scene, tx, pact, TOO_MUCH);
  });
  if (done.ok && fails) throw new Error('a step failed, and the transaction was committed');
  if (!done.ok && !fails && !scene.mayFail()) throw new Error(done.error.message);
  pact.ended = done.ok ? 'committed' : 'rolled back';
}

/** Leaves with a transaction open: it counts for nothing. */
function leaveOpen(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  takeIn(scene, tx, pact);
  giveIn(scene, me, tx, pact);
  heapOf(scene, me).detach();
  pact.ended = 'rolled back';
}

/** Protects the same bytes twice: the first copy is what comes back. */
function protectTwice(scene: Scene, me: number): void {
  const { i32 } = heapOf(scene, me);
  const tx = begin(scene, me);
  const [a, b] = [account(scene, 0), account(scene, 1)];
  if (!tx.protect(scene.blocks[0] as number, 8)) return;
  i32[a] = (i32[a] as number) - 10;
  if (!tx.protect(scene.blocks[0] as number, 8)) return;
  i32[b] = (i32[b] as number) + 30;
  tx.rollback();
}

/** Every block of TINY in turn lies in a magazine, whose array then goes back to the pool. */
function litterPool(scene: Scene): void {
  const mine = heapOf(scene, 0);
  const made: number[] = [];
  for (let i = 0; i < 12; i++) made.push(mine.alloc(16));
  for (const ptr of made) mine.free(ptr);
  mine.reclaim();
  const tx = mine.beginTransaction();
  for (let i = 0; i < 8; i++) {
    const ptr = tx.alloc(16);
    scene.book.has(0, ptr, 16);
    scene.blocks.push(ptr);
  }
  if (!tx.commit().ok) throw new Error('nothing to begin with');
  // Of number 8 are, if they counted, entries that say 64 and more: where users' granules begin.
  for (let number = 2; number < 8; number++) mine.beginTransaction().rollback();
}

/** Three transactions one after another in one record. */
function again(scene: Scene, me: number): void {
  commitOne(scene, me);
  for (const size of [SIZE, 2 * SIZE]) {
    const pact = scene.book.pact();
    const tx = begin(scene, me);
    takeIn(scene, tx, pact, size);
    if (size === SIZE) ends(scene, pact, tx.commit({ waitMs: 0 }));
    else {
      tx.rollback();
      pact.ended = 'rolled back';
    }
  }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'tx, a participant goes on after its vote',
    ...shared,
    threads: [
      (s) => lead(s, 0, [1]),
      (s) => {
        follow(s, 1, 1, true);
        heapOf(s, 1).reclaim(); // places to die at
      },
    ],
  },
  {
    name: 'tx, a participant begins its own when it has voted',
    ...shared,
    threads: [
      (s) => lead(s, 0, [1]),
      (s) => {
        follow(s, 1, 1, true);
        const pact = s.book.pact();
        const tx = begin(s, 1);
        takeIn(s, tx, pact);
        ends(s, pact, tx.commit({ waitMs: 0 }));
      },
    ],
  },
  {
    name: 'tx, a leader that does not wait for the vote',
    ...shared,
    threads: [(s) => leadInHaste(s, 0, 1), (s) => followAtWill(s, 1, 1, true)],
    check: (_, [committed, voted]) => {
      if (committed === true && voted === false) throw new Error('committed without a vote');
    },
  },
  {
    name: 'tx, a participant regrets its vote',
    ...shared,
    threads: [(s) => leadInHaste(s, 0, 1), (s) => regrets(s, 1, 1)],
    check: (_, [committed, told]) => {
      const fits = told === 'absent' || (told === 'committed') === committed;
      if (!fits) throw new Error(`the leader: ${String(committed)}, the participant: ${told}`);
    },
  },
  {
    name: 'tx, back to the same mark twice',
    ...shared,
    threads: [(s) => backTwice(s, 0), (s) => commitOne(s, 1)],
  },
  ...[true, false].map((vote): Scenario => ({
    name: `tx, one joins while another ${vote ? 'has voted' : 'rolls back'}`,
    ...shared,
    seats: 3,
    threads: [
      (s) => {
        const pact = s.book.pact();
        const tx = begin(s, 0);
        invite(s, tx, 1);
        invite(s, tx, 2);
        takeIn(s, tx, pact);
        s.wire.receive(9);
        pact.ended = tx.commit({ waitMs: 0 }).ok ? 'committed' : 'rolled back';
      },
      (s) => {
        followAtWill(s, 1, 1, vote);
        s.wire.send(9, 1);
      },
      (s) => followAtWill(s, 2, 2, true),
    ],
  })),
  {
    name: 'tx, one within fails and the rest goes on',
    ...shared,
    threads: [(s) => failWithin(s, 0), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, in one function: one commits, one fails',
    ...shared,
    threads: [(s) => inOne(s, 0, false), (s) => inOne(s, 1, true)],
  },
  {
    name: 'tx, open when its thread leaves',
    ...shared,
    threads: [(s) => leaveOpen(s, 0), (s) => rollBackOne(s, 1)],
  },
  {
    name: 'tx, the same bytes protected twice',
    ...shared,
    each: fillAccounts,
    threads: [(s) => protectTwice(s, 0), (s) => commitOne(s, 1)],
    after: totals,
  },
  {
    name: 'tx, one after another in one record',
    ...shared,
    threads: [(s) => again(s, 0), (s) => commitOne(s, 1)],
  },
  {
    name: 'tx, a journal in an array that was a magazine',
    heap: { zones: [0, 4, 0], classes: [TINY], magazines: 3 },
    seats: 2,
    strict: true,
    before: litterPool,
    threads: [(s) => commitMany(s, 0, 13), (s) => giveBack(s, 1, s.blocks[0] as number)],
  },
  {
    name: 'tx, checked: a participant and its leader',
    ...shared,
    heap: { ...heap, checked: true },
    threads: [(s) => lead(s, 0, [1]), (s) => follow(s, 1, 1, true)],
  },
  {
    name: 'tx, runs and large runs',
    heap: { zones: [0, 16, 0], align: 16 },
    seats: 2,
    strict: true,
    before: (s) => {
      prepare(s, 0, 3 * 256);
      prepare(s, 1, 4 * 256);
    },
    threads: [
      (s) => {
        const pact = s.book.pact();
        const tx = begin(s, 0);
        takeIn(s, tx, pact, 4 * 256);
        giveIn(s, 0, tx, pact);
        ends(s, pact, tx.commit({ waitMs: 0 }));
      },
      (s) => {
        const pact = s.book.pact();
        const tx = begin(s, 1);
        takeIn(s, tx, pact, 3 * 256);
        giveIn(s, 1, tx, pact);
        ends(s, pact, tx.commit({ waitMs: 0 }));
      },
    ],
  },
  {
    name: 'tx, in the simple heap',
    ...shared,
    heap: { ...heap, mode: 'simple-heap' },
    threads: [(s) => commitOne(s, 0), (s) => rollBackOne(s, 1)],
  },
];
