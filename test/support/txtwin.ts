// A heap with open transactions beside a plain model of it (ledger.ts). Every step is done to both;
// `check` compares all that can be asked of the heap with what the model says.

import { expect } from 'vitest';
import type { AllocErrorCode } from '../../src/word/errors.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Mode } from '../../src/heap/mode.ts';
import type { Transaction } from '../../src/heap/transaction.ts';
import { expectNoArrayLost } from './deaths.ts';
import { Ledger, type Block, type Did, type Mark, type Part } from './ledger.ts';
import { anotherSeat, layersOf, shapeOf, type Tiny } from './tiny.ts';

const PARTS_A_SEAT = 4;
const FULL: readonly AllocErrorCode[] = ['OUT_OF_MEMORY', 'JOURNAL_FULL'];

export class TxTwin {
  readonly parts: Part[] = [];
  private readonly ledger = new Ledger();
  private readonly seats: SharedHeap[];
  private readonly tiny: Tiny;
  private readonly shape: number[];
  private committed = 0;
  private rolledBack = 0;
  /** Rolled back because a thread left. */
  private left = 0;

  constructor(tiny: Tiny, seats: number) {
    this.tiny = tiny;
    this.seats = Array.from({ length: seats }, () => anotherSeat(tiny.handle));
    this.shape = shapeOf(layersOf(this.seat(0)));
  }

  seat(who: number): SharedHeap {
    return this.seats[who % this.seats.length] as SharedHeap;
  }

  alloc(who: number, size: number): void {
    this.took(this.seat(who).alloc(size), null);
  }

  free(who: number, which: number): void {
    const block = this.ledger.pick(which, null);
    if (block === undefined) return;
    same(this.seat(who).free(block.ptr), true);
    this.ledger.drop(block);
  }

  realloc(who: number, which: number, size: number): void {
    const block = this.ledger.pick(which, null);
    if (block === undefined) return;
    const ptr = this.seat(who).realloc(block.ptr, size);
    if (ptr === 0) return;
    this.ledger.drop(block);
    this.expectBytes(ptr, block.bytes, Math.min(size, block.bytes.length));
    this.took(ptr, null);
  }

  begin(who: number): void {
    const heap = this.seat(who);
    if (this.partsOf(heap).length === PARTS_A_SEAT) {
      expectRefused(heap);
    } else this.joined(heap, heap.beginTransaction(), []);
  }

  join(who: number, { pact }: Part): void {
    const heap = this.seat(who);
    const tx = heap.joinTransaction((pact[0] as Part).tx.handle);
    same(tx.ok, this.partsOf(heap).length < PARTS_A_SEAT);
    if (tx.ok) this.joined(heap, tx.value, pact);
  }

  /** A block of the part's; false if there was no room, which ends the pact. */
  allocIn(part: Part, size: number, within: Transaction = part.tx): boolean {
    const block = this.took(within.alloc(size), part);
    if (block === null) return this.failed(part);
    part.log.push({ did: 'alloc', block });
    return true;
  }

  /** So many blocks: more than a record has entries, or than there is room for. */
  manyIn(part: Part, count: number, size: number): void {
    for (let i = 0; i < count; i++) if (!this.allocIn(part, size)) return;
  }

  freeIn(part: Part, which: number): void {
    const block = this.ledger.pickFor(part, which);
    if (block === undefined) return;
    const freed = this.ledger.isFreed(part, block);
    if (part.tx.free(block.ptr)) {
      same(freed, false, 'freed before');
      this.ledger.logged(part, { did: 'free', block });
    } else if (!freed) this.failed(part);
  }

  reallocIn(part: Part, which: number, size: number): void {
    const block = this.ledger.pickFor(part, which);
    if (block === undefined) return;
    const freed = this.ledger.isFreed(part, block);
    const ptr = part.tx.realloc(block.ptr, size);
    if (ptr === 0) return freed ? undefined : void this.failed(part);
    same(freed, false, 'freed before');
    this.expectBytes(ptr, block.bytes, Math.min(size, block.bytes.length));
    this.ledger.logged(part, { did: 'alloc', block: this.took(ptr, part) as Block });
    this.ledger.logged(part, { did: 'free', block });
  }

  /** Protects some bytes of a block and writes on them. */
  write(part: Part, which: number, from: number, length: number): void {
    const block = this.ledger.pickFor(part, which);
    if (block === undefined) return;
    const first = from % block.bytes.length;
    const bytes = 1 + (length % (block.bytes.length - first));
    if (!part.tx.protect(block.ptr + first, bytes)) return void this.failed(part);
    this.ledger.logged(part, { did: 'protect', block, old: Buffer.from(block.bytes) });
    this.ledger.rewrite(this.seat(0), block, first, first + bytes);
  }

  mark({ tx, marks, log }: Part): void {
    marks.push({ savepoint: tx.savepoint(), length: log.length });
  }

  backTo(part: Part, which: number): void {
    const { marks } = part;
    if (marks.length === 0) return;
    marks.length = 1 + (which % marks.length);
    const { savepoint, length } = marks.at(-1) as Mark;
    same(part.tx.rollbackTo(savepoint), true);
    this.ledger.undo(part, length);
  }

  /** A transaction within: so many blocks, and then an exception or not. */
  nest(part: Part, sizes: readonly number[], fails: boolean): void {
    const { length } = part.log;
    const asOrdered = new Error('as ordered');
    const run = () =>
      part.tx.transaction((inner) => {
        for (const size of sizes) part.log.push(this.inner(part, inner.alloc(size)));
        if (fails) throw asOrdered;
      });
    try {
      const done = run();
      if (done.ok) return;
      expectFull(done.error.code);
    } catch (error) {
      if (error !== asOrdered) throw error;
    }
    same(part.tx.error, null);
    this.ledger.undo(part, length);
  }

  vote(part: Part): void {
    if (part.pact[0] === part) return;
    same(part.tx.ready(), !part.voted);
    part.voted = true;
  }

  /** By the leader, for which the others vote first, or which some of them make wait in vain. */
  commit({ pact }: Part, allVote: boolean): void {
    const [leader, ...others] = pact as [Part, ...Part[]];
    for (const part of others) if (allVote && !part.voted) this.vote(part);
    const ready = others.every((part) => part.voted);
    const done = leader.tx.commit({ waitMs: 0 });
    if (!done.ok) same(done.error.code, 'TIMEOUT');
    same(done.ok, ready);
    if (!ready) return this.rolled(pact);
    this.committed++;
    for (const part of pact) this.ledger.keep(part);
    this.over(pact, 'committed');
  }

  rollback(part: Part): void {
    part.tx.rollback();
    this.rolled(part.pact);
  }

  setMode(mode: Mode): void {
    this.seat(0).setMode(mode);
  }

  /** A thread detaches, and another takes its seat. */
  leave(who: number): void {
    const heap = this.seat(who);
    const pacts = new Set(this.partsOf(heap).map((part) => part.pact));
    const mine = this.partsOf(heap);
    heap.detach();
    this.seats[who % this.seats.length] = anotherSeat(this.tiny.handle);
    for (const part of mine) this.parts.splice(this.parts.indexOf(part), 1);
    for (const pact of pacts) this.rolled(pact, true);
  }

  check(): void {
    const stats = this.seat(0).stats();
    const copies = this.parts.flatMap(({ log }) => log.filter(({ did }) => did === 'protect'));
    same(stats.liveBlocks, this.ledger.blocks.length + copies.length);
    const bytes = this.ledger.blocks.reduce((sum, block) => sum + block.bytes.length, 0);
    if (copies.length === 0) same(stats.allocatedBytes, bytes);
    for (const { ptr, bytes: wanted } of this.ledger.blocks) this.expectBytes(ptr, wanted);
    for (const { tx } of this.parts) same([tx.outcome(), tx.error], ['open', null]);
    same(stats.transactions.committed, this.committed);
    const uncounted = stats.transactions.rolledBack - this.rolledBack;
    same(uncounted >= 0 && uncounted <= this.left, true, 'those of threads that left, or none');
  }

  checkAll(): void {
    this.check();
    same(this.seat(0).validate(), []);
  }

  /** Rolls back what is open and frees all: then the heap is as it was at first. */
  empty(): void {
    for (const part of [...this.parts]) if (this.parts.includes(part)) this.rollback(part);
    for (const block of [...this.ledger.blocks]) this.free(0, this.ledger.blocks.indexOf(block));
    for (const heap of this.seats) heap.reclaim();
    this.checkAll();
    same(this.ledger.blocks, []);
    same(shapeOf(layersOf(this.seat(0))), this.shape);
    expectNoArrayLost(layersOf(this.seat(0)));
  }

  private inner(part: Part, ptr: number): Did {
    return { did: 'alloc', block: this.took(ptr, part) as Block };
  }

  private partsOf(heap: SharedHeap): Part[] {
    return this.parts.filter((part) => this.seat(part.who) === heap);
  }

  private joined(heap: SharedHeap, tx: Transaction, pact: Part[]): void {
    const who = this.seats.indexOf(heap);
    const part: Part = { tx, who, pact, log: [], marks: [], voted: false };
    pact.push(part);
    this.parts.push(part);
  }

  private took(ptr: number, holder: Part | null): Block | null {
    return this.ledger.took(this.seat(0), ptr, holder);
  }

  /** A step found no room: all of the pact is undone by now. */
  private failed(part: Part): false {
    expectFull(part.tx.error?.code);
    this.rolled(part.pact);
    return false;
  }

  private rolled(pact: readonly Part[], byLeaving = false): void {
    if (byLeaving) this.left++;
    else this.rolledBack++;
    for (const part of pact) this.ledger.undo(part, 0);
    this.over(pact, 'rolled back');
  }

  private over(pact: readonly Part[], how: 'committed' | 'rolled back'): void {
    for (const part of pact) {
      const at = this.parts.indexOf(part);
      if (at < 0) continue; // its thread has left
      this.parts.splice(at, 1);
      same(part.tx.outcome(), how);
    }
  }

  private expectBytes(ptr: number, wanted: Buffer, length = wanted.length): void {
    this.ledger.expectBytes(this.seat(0), ptr, wanted, length);
  }
}

function same(actual: unknown, wanted: unknown, why?: string): void {
  expect(actual, why).toEqual(wanted);
}

function expectFull(code: AllocErrorCode | undefined): void {
  expect(FULL).toContain(code);
}

function expectRefused(heap: SharedHeap): void {
  expect(() => heap.beginTransaction()).toThrow('JOURNAL_FULL');
}
