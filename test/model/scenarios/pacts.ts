// What threads do in transactions: begin and join, take and give for a pact that the book keeps,
// and end it, or fail. The census holds each pact against the live blocks.

import type { Result } from '../../../src/word/errors.ts';
import type { Attachment } from '../../../src/heap/attachment.ts';
import { identityOf } from '../../../src/heap/attached.ts';
import type { Transaction } from '../../../src/heap/transaction.ts';
import type { TransactionHandle } from '../../../src/heap/txpart.ts';
import type { Pact } from '../book.ts';
import type { Scene } from '../scenario.ts';
import { heapOf, prepare } from './acts.ts';

const SIZE = 64;
/** Tiny heaps: more than this is never free. */
export const TOO_MUCH = 4096;

export function begin(scene: Scene, me: number): Transaction {
  return heapOf(scene, me).beginTransaction();
}

export function takeIn(scene: Scene, tx: Transaction, pact: Pact, size = SIZE): void {
  const ptr = tx.alloc(size);
  if (ptr !== 0) scene.book.makes(pact, ptr);
}

/** Gives the block that `before` made for this thread. */
export function giveIn(scene: Scene, me: number, tx: Transaction, pact: Pact): void {
  const ptr = scene.blocks[me] as number;
  scene.book.joins(pact, ptr);
  tx.free(ptr);
}

export function ends(scene: Scene, pact: Pact, done: Result<void>): void {
  if (!done.ok && !scene.mayFail()) throw new Error(`no commit: ${done.error.message}`);
  pact.ended = done.ok ? 'committed' : 'rolled back';
}

export function commitOne(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  takeIn(scene, tx, pact);
  giveIn(scene, me, tx, pact);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
}

export function rollBackOne(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  takeIn(scene, tx, pact);
  giveIn(scene, me, tx, pact);
  tx.rollback();
  pact.ended = 'rolled back';
}

/** More entries than a record holds. */
export function commitMany(scene: Scene, me: number, count: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  for (let i = 0; i < count; i++) takeIn(scene, tx, pact, 16);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
}

export function failOne(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  takeIn(scene, tx, pact);
  giveIn(scene, me, tx, pact);
  takeIn(scene, tx, pact, TOO_MUCH);
  pact.ended = 'rolled back';
  if (tx.commit().ok) throw new Error('a transaction that failed was committed');
}

export function savepoints(scene: Scene, me: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  takeIn(scene, tx, pact);
  const mark = tx.savepoint();
  tx.alloc(SIZE);
  tx.free(scene.blocks[me] as number);
  tx.rollbackTo(mark);
  takeIn(scene, tx, pact, 2 * SIZE);
  ends(scene, pact, tx.commit({ waitMs: 0 }));
}

/** Others may hear of it: what `handle` does. The model cannot stop inside a getter. */
export function share(tx: Transaction): void {
  tx['own'].here(({ tx: engine }) => engine.share(tx['own'].part), undefined);
}

/** The handle of a transaction in two numbers, sent over the wire. */
export function invite(scene: Scene, tx: Transaction, channel: number): void {
  share(tx);
  scene.wire.send(channel, tx.handle.record);
  scene.wire.send(channel, tx.handle.number);
}

export function join(scene: Scene, me: number, channel: number): Transaction | null {
  const record = scene.wire.receive(channel);
  const number = scene.wire.receive(channel);
  const heap = identityOf(scene.memory);
  const handle: TransactionHandle = { kind: 'atomalloc-transaction', heap, record, number };
  const joined = heapOf(scene, me).joinTransaction(handle);
  return joined.ok ? joined.value : null;
}

/** Leads; the others have joined when they answer. */
export function lead(scene: Scene, me: number, channels: readonly number[]): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  for (const channel of channels) invite(scene, tx, channel);
  takeIn(scene, tx, pact);
  giveIn(scene, me, tx, pact);
  for (const channel of channels) scene.wire.receive(channel + 8);
  pact.ended = tx.commit({ waitMs: 0 }).ok ? 'committed' : 'rolled back';
}

/** Leads, and waits for the vote at the commit, for as long as four waits. */
export function leadWaiting(scene: Scene, me: number, channel: number): void {
  const pact = scene.book.pact();
  const tx = begin(scene, me);
  invite(scene, tx, channel);
  takeIn(scene, tx, pact);
  pact.ended = tx.commit({ waitMs: 20 }).ok ? 'committed' : 'rolled back';
}

export function follow(scene: Scene, me: number, channel: number, vote: boolean): void {
  const tx = join(scene, me, channel);
  const pact = scene.book.pacts[0] as Pact;
  if (tx !== null) {
    takeIn(scene, tx, pact);
    giveIn(scene, me, tx, pact);
    if (vote) tx.ready();
    else tx.rollback();
  }
  scene.wire.send(channel + 8, 1);
}

export const ACCOUNTS = 100;

export function account(scene: Scene, which: number): number {
  return ((scene.blocks[0] as number) >> 2) + which;
}

/** Moves an amount from one account to the other; a death in between must not show. */
export function transfer(scene: Scene, me: number, commit: boolean): void {
  const { i32 } = heapOf(scene, me);
  const tx = begin(scene, me);
  if (!tx.protect(scene.blocks[0] as number, 8)) return;
  i32[account(scene, 0)] = (i32[account(scene, 0)] as number) - 10;
  const more = tx.alloc(SIZE); // a place to die at, with one account changed
  i32[account(scene, 1)] = (i32[account(scene, 1)] as number) + 10;
  if (more !== 0) scene.book.makes(scene.book.pact(), more);
  if (commit) tx.commit({ waitMs: 0 });
  else tx.rollback();
  const changed = i32[account(scene, 0)] !== ACCOUNTS;
  if (changed && !commit) throw new Error('a rollback left the bytes as they were changed');
}

/** Both accounts full, and nothing that looks like them anywhere else. */
export function fillAccounts(scene: Scene): void {
  const { i32 } = heapOf(scene, 0);
  const { firstGranule, endGranule } = (scene.on[0] as Attachment).layout;
  i32.fill(-1, firstGranule * 4, endGranule * 4);
  i32[account(scene, 0)] = i32[account(scene, 1)] = ACCOUNTS;
}

export function totals(scene: Scene): void {
  const { i32 } = heapOf(scene, 0);
  const [a, b] = [i32[account(scene, 0)] as number, i32[account(scene, 1)] as number];
  if (a + b !== 2 * ACCOUNTS) throw new Error(`${a} and ${b}: the sum has changed`);
}

export function both(s: Scene): void {
  prepare(s, 0, SIZE);
  prepare(s, 1, SIZE);
}
