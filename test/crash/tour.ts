// The tour: one client's walk through everything that a heap does, in an order that its seed
// decides. Blocks of every tier and alignment come, grow, shrink and go, in ones and in floods that
// overflow magazines and depots; modes change, pointers are misused, slots are given back, and the
// heap is asked about itself; excursions.ts has more. Who takes the same tour of a fresh heap makes
// the same accesses, but where it waits.

import type { AllocOptions, HeapHandle, Mode, SharedHeap, Transaction } from '../../src/index.ts';
import type { Dice } from '../support/dice.ts';
import { Client, type Identity } from './client.ts';
import * as excursions from './excursions.ts';
import { HELD } from './ledger.ts';
import { relay, type OpenChannel } from './relay.ts';

export interface TourPlan extends Identity {
  readonly handle: HeapHandle;
  readonly steps: number;
  /** The heap frees blocks of the dead: a slot is given back when nothing is in its name. */
  readonly tracked: boolean;
  /** Nobody else allocates meanwhile, so a pointer that is free stays free. */
  readonly alone: boolean;
  readonly modes: readonly Mode[];
  /** Runs out of stack now and then. */
  readonly overflows: boolean;
  /** Memory in which the tour founds a heap of its own, now and then. */
  readonly ground: SharedArrayBuffer;
}

type Step = (tour: Tour) => void;
type Attach = Pick<typeof SharedHeap, 'attach' | 'create'>;

/** What the tour calls: of the build whose accesses are to be made. */
export interface Built {
  readonly SharedHeap: Attach;
  readonly channel: OpenChannel;
}

export const MODES: readonly Mode[] = ['two-tier', 'simple-heap', 'hybrid'];
const KIB = 1024;
const ALIGNMENTS = [32, 64, 256, 4096, 16384, 65536] as const;

/** As often as their weights say. */
const STEPS: readonly (readonly [weight: number, step: Step])[] = [
  [30, (tour) => tour.take(tour.random.logUniform(1, 8 * KIB))],
  [6, (tour) => tour.take(tour.random.logUniform(8 * KIB, 64 * KIB))],
  [4, (tour) => tour.take(tour.random.logUniform(64 * KIB, 512 * KIB))],
  [6, (tour) => tour.takeAligned()],
  [6, (tour) => tour.takeFromZone()],
  [20, (tour) => tour.give()],
  [10, (tour) => tour.resize()],
  [6, (tour) => tour.claim()],
  [4, (tour) => tour.pass()],
  [4, (tour) => tour.flood(tour.random.logUniform(16, 4 * KIB), 150)],
  [2, (tour) => tour.flood(16, 480)],
  [2, (tour) => tour.flood(tour.random.logUniform(9 * KIB, 48 * KIB), 24)],
  [4, (tour) => tour.changeMode()],
  [3, (tour) => tour.transact()],
  [1, (tour) => tour.takePart()],
  [2, excursions.misuse],
  [2, excursions.refs],
  [2, (tour) => tour.revisit()],
  [1, (tour) => tour.name()],
  [1, (tour) => void tour.heap.reclaim()],
  [1, excursions.move],
  [1, (tour) => tour.look()],
  [3, excursions.hold],
  [3, excursions.copy],
  [2, excursions.giveAway],
  [6, excursions.charge],
  [2, excursions.wait],
  [1, excursions.refuse],
  [2, excursions.takeMany],
  [2, excursions.reserve],
  [1, excursions.cool],
  [1, excursions.inquire],
  [6, relay],
];
const WEIGHT = STEPS.reduce((sum, [weight]) => sum + weight, 0);

export class Tour {
  readonly random: Dice;
  client: Client;
  heap: SharedHeap;
  readonly plan: TourPlan;
  readonly open: OpenChannel;
  private readonly heaps: Attach;

  constructor(plan: TourPlan, { SharedHeap, channel }: Built) {
    this.plan = plan;
    this.heaps = SharedHeap;
    this.open = channel;
    this.random = plan.random;
    this.heap = SharedHeap.attach(plan.handle);
    excursions.listen(this);
    this.client = new Client(this.heap, plan);
  }

  run(): void {
    for (let i = 0; i < this.plan.steps; i++) {
      if (this.plan.overflows && i % 16 === 8) this.overflow();
      this.step();
    }
  }

  step(): void {
    let left = this.random.below(WEIGHT);
    for (const [weight, step] of STEPS) {
      left -= weight;
      if (left >= 0) continue;
      step(this);
      return;
    }
  }

  take(size: number, options?: AllocOptions): void {
    this.client.alloc(size, options);
  }

  takeAligned(): void {
    const align = ALIGNMENTS[this.random.below(ALIGNMENTS.length)] as number;
    this.take(this.random.logUniform(1, 24 * KIB), { align });
  }

  takeFromZone(): void {
    const zone = (['dma', 'normal', 'high'] as const)[this.random.below(3)] ?? 'dma';
    this.take(this.random.logUniform(1, 24 * KIB), { zone, zero: this.random.below(2) === 0 });
  }

  give(): void {
    const record = this.anyOf(this.client.held());
    if (record >= 0) this.client.free(record);
  }

  resize(): void {
    const record = this.anyOf(this.client.held());
    if (record >= 0) this.client.resize(record, this.random.logUniform(1, 128 * KIB));
  }

  /** Leaves a block to whoever claims it; a heap that tracks owners would free it too early. */
  pass(): void {
    const record = this.plan.tracked ? -1 : this.anyOf(this.client.held());
    if (record >= 0) this.plan.ledger.release(record);
  }

  /** Frees a block that is anybody's. */
  claim(): void {
    const { ledger, owner } = this.plan;
    const from = this.random.below(ledger.length);
    for (let i = 0; i < ledger.length; i++) {
      const record = (from + i) % ledger.length;
      if (ledger.phaseOf(record) !== HELD || !ledger.claim(record, owner)) continue;
      this.client.free(record);
      return;
    }
  }

  /** Many blocks of one size at once, and then all of them back. */
  flood(size: number, most: number): void {
    const records: number[] = [];
    for (let i = this.random.below(most); i > 0; i--) {
      const record = this.client.alloc(size);
      if (record < 0) break;
      records.push(record);
    }
    for (const record of records) this.client.free(record);
  }

  /** A few blocks come and one goes, or many come, all together or not at all. */
  transact(): void {
    const { random, client, heap } = this;
    const many = random.below(4) === 0; // more than a record holds
    const sizes = many
      ? Array.from({ length: 20 + random.below(30) }, () => random.logUniform(1, 256))
      : Array.from({ length: 1 + random.below(4) }, () => random.logUniform(1, 16 * KIB));
    const [given = -1, kept = -1] = client.held();
    const isOff = random.below(4) === 0;
    client.together(sizes, given, (ptr) => {
      const result = heap.transaction((tx) => {
        const ptrs = sizes.map((size) => tx.alloc(size));
        if (ptr !== 0) tx.free(ptr);
        if (kept >= 0) this.scribble(tx, kept, isOff);
        if (isOff) tx.rollback();
        return ptrs;
      });
      return result.ok && !isOff ? result.value : null;
    });
  }

  /** Overwrites a block's protected bytes; puts them back itself if nobody will. */
  private scribble(tx: Transaction, record: number, isOff: boolean): void {
    const { ptr, size } = this.plan.ledger.read(record);
    const { u8 } = this.heap;
    const bytes = u8.slice(ptr, ptr + Math.min(size, 200));
    const mark = tx.savepoint();
    if (!tx.protect(ptr, bytes.length)) return;
    u8.fill(0xee, ptr, ptr + bytes.length);
    const more = tx.alloc(100);
    if (this.random.below(2) === 0) {
      tx.free(ptr); // not for long
      tx.rollbackTo(mark);
      return;
    }
    tx.free(more);
    if (!isOff) u8.set(bytes, ptr);
  }

  /** A transaction with a participant, which may be late with its vote. */
  takePart(): void {
    const { random, client, heap } = this;
    const sizes = [random.logUniform(1, 16 * KIB), random.logUniform(1, 16 * KIB)] as const;
    const votes = random.below(4) > 0;
    client.together(sizes, -1, () => {
      const tx = heap.beginTransaction();
      const part = heap.joinTransaction(tx.handle);
      if (!part.ok) {
        tx.rollback();
        return null;
      }
      const ptrs = [tx.alloc(sizes[0]), part.value.alloc(sizes[1])];
      if (votes) part.value.ready();
      return tx.commit({ waitMs: 2 }).ok ? ptrs : null;
    });
  }

  changeMode(): void {
    const { modes } = this.plan;
    this.heap.setMode(modes[this.random.below(modes.length)] as Mode);
  }

  /** Gives the slot back and takes one again. */
  revisit(): void {
    if (this.plan.tracked) for (const record of this.client.held()) this.client.free(record);
    this.heap.detach();
    this.heap = this.heaps.attach(this.plan.handle);
    excursions.listen(this);
    this.client = new Client(this.heap, this.plan);
  }

  name(): void {
    const { roots } = this.heap;
    const name = `tour ${String(this.plan.owner)}`; // others forget theirs meanwhile
    roots.set(name, this.heap.u8.length / 4);
    if (roots.get(name) === 0) this.plan.complain('a root is gone');
    roots.entries();
    roots.delete(name);
  }

  /** Asks the heap about itself. */
  look(): void {
    const { heap } = this;
    const { complain } = this.plan;
    for (const { where, ptr, message } of heap.validate()) complain(`${where} ${ptr}: ${message}`);
    heap.recover();
    heap.reap(heap.slot);
    heap.extents();
    if (heap.stats().corruptions > 0) complain('the heap has counted damage');
    if (heap.buddyinfo() + heap.slabinfo() === '') complain('the heap says nothing');
  }

  /** The stack ends somewhere in the midst of the heap. */
  overflow(): void {
    const { heap, random } = this;
    let depth = 0;
    const dive = (least: number): void => {
      depth++;
      if (depth < least) dive(least);
      else heap.reclaim();
    };
    let ends = 0;
    // First all there is; then in the heap; then, if that was cut, while it sits down again.
    for (const spared of [-Infinity, random.below(600), random.below(300), random.below(300)]) {
      depth = 0;
      try {
        dive(ends - spared);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      ends ||= depth;
    }
  }

  /** A heap of its own, in memory of its own. */
  found(): void {
    const { ground } = this.plan;
    const own = this.heaps.create({ buffer: ground, maxSlots: 1 });
    const ptr = own.alloc(64);
    const { handle } = own; // others may come, and where that takes a sentinel it is started
    if (!own.free(ptr)) this.plan.complain('a new heap does not work');
    own.detach();
    this.heaps.attach(handle).detach();
  }

  anyOf(records: readonly number[]): number {
    return records[this.random.below(records.length)] ?? -1;
  }
}
