// Transactions of several threads that end in the middle, and what follows them: votes before a
// death, joins beside an abort, transactions within transactions, the next transaction in a record
// that was used before.

import type { Transaction } from '../../../src/heap/transaction.ts';
import type { Pact } from '../book.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { heapOf } from './acts.ts';
import {
  begin,
  both,
  commitOne,
  ends,
  follow,
  giveIn,
  invite,
  join,
  lead,
  rollBackOne,
  share,
  takeIn,
  TOO_MUCH,
} from './pacts.ts';

const SIZE = 64;
const heap = { zones: [0, 8, 0], magazines: 6 } as const;
const shared = { heap, seats: 2, before: both, strict: true } as const;

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
  ends(scene, other, next.commit({ waitMs: 0 }));
  tx.rollback();
  pact.ended = 'rolled back';
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

/** Crashes in a transaction that others know, by a stack overflow, and rolls it back later. */
function crashIn(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const mine = heapOf(scene, me);
  const tx = begin(scene, me);
  share(tx);
  takeIn(scene, tx, pact);
  mine['magazines'] = mine['nobodys'];
  mine['cut'] = new RangeError('stack overflow');
  for (let over = false; !over;) {
    try {
      tx.rollback();
      over = true;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  pact.ended = 'rolled back';
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
        heapOf(s, 1).reclaim(); // and to recover the leader at
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
    name: 'tx, in one function, alone',
    ...shared,
    threads: [(s) => inOne(s, 0, false)],
  },
  {
    name: 'tx, rolled back by a thread that has crashed since',
    ...shared,
    threads: [(s) => crashIn(s, 0)],
  },
  {
    name: 'tx, open when its thread leaves',
    ...shared,
    threads: [(s) => leaveOpen(s, 0), (s) => rollBackOne(s, 1)],
  },
];
