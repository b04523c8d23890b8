// Shared blocks beside a plain model of them: which live, who holds them, and what is in them.

import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { expectNoArrayLost } from './deaths.ts';
import { hasStamp, stamp } from './stamp.ts';
import { anotherSeat, layersOf, shapeOf, tinyHeap, type Tiny } from './tiny.ts';

const SEATS = 3;
const DEEDS = ['alloc', 'retain', 'release', 'write', 'free', 'upgrade', 'die', 'leave'] as const;
const WEIGHTS = [5, 8, 8, 5, 2, 3, 1, 1];

interface Deed {
  readonly what: (typeof DEEDS)[number];
  readonly who: number;
  readonly which: number;
  readonly size: number;
}

export const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    what: fc.oneof(
      ...DEEDS.map((it, i) => ({ weight: WEIGHTS[i] as number, arbitrary: fc.constant(it) })),
    ),
    who: fc.nat(SEATS - 1),
    which: fc.nat(1000),
    size: fc.constantFrom(16, 64, 700, 2000),
  }),
  { maxLength: 120 },
);

/** What the model knows of a live block. */
interface Block {
  readonly size: number;
  weak: number;
  seed: number;
  /** References of each seat; all 0 for an ordinary block. */
  readonly counts: number[];
}

export class Sharers {
  readonly tiny: Tiny;
  readonly heaps: SharedHeap[];
  readonly blocks = new Map<number, Block>();
  /** Handles of blocks that are gone. */
  readonly stale: number[] = [];
  readonly empty: readonly number[];
  private seeds = 0;

  constructor(magazines: number) {
    this.tiny = tinyHeap({ zones: [0, 300, 0], checked: true, magazines, maxSlots: 4 });
    this.heaps = Array.from({ length: SEATS }, () => anotherSeat(this.tiny.handle));
    this.empty = shapeOf(layersOf(this.heap(0)));
  }

  heap(who: number): SharedHeap {
    return this.heaps[who] as SharedHeap;
  }

  private add(heap: SharedHeap, ptr: number, size: number, seed: number): Block {
    expectSame(this.blocks.has(ptr), false, 'handed out twice');
    const block = { size, seed, weak: heap.weak(ptr), counts: [0, 0, 0] };
    this.blocks.set(ptr, block);
    return block;
  }

  /** So many references of a seat's are gone. */
  private dropped(ptr: number, block: Block, who: number, count = 1): void {
    block.counts[who] = (block.counts[who] as number) - count;
    if (total(block) === 0) this.gone(ptr, block);
  }

  private gone(ptr: number, block: Block): void {
    this.blocks.delete(ptr);
    this.stale.push(block.weak);
  }

  do({ what, who, which, size }: Deed): void {
    const heap = this.heap(who);
    if (what === 'die' || what === 'leave') return this.end(who, what === 'die');
    if (what === 'alloc') {
      const ptr = heap.alloc(size);
      if (ptr === 0) return;
      this.write(ptr, this.add(heap, ptr, size, 0));
      if (which % 2 === 0) this.keep(heap, ptr, who);
      return;
    }
    const picked = [...this.blocks.entries()][which % Math.max(this.blocks.size, 1)];
    if (picked !== undefined) this.on(heap, what, who, ...picked);
  }

  private on(heap: SharedHeap, what: Deed['what'], who: number, ptr: number, block: Block): void {
    const had = block.counts[who] as number;
    if (what === 'retain') this.keep(heap, ptr, who);
    else if (what === 'upgrade') {
      const got = heap.upgrade(block.weak);
      if (got === undefined) expectSame(heap.lastError?.code, 'REFERENCES_FULL');
      else block.counts[who] = had + 1;
    } else if (what === 'release') {
      expectSame(heap.release(ptr), had > 0);
      if (had > 0) this.dropped(ptr, block, who);
    } else if (what === 'free') {
      const plain = total(block) === 0;
      expectSame(heap.free(ptr), plain);
      if (plain) this.gone(ptr, block);
    } else this.beginWrite(heap, who, ptr, block);
  }

  private keep(heap: SharedHeap, ptr: number, who: number): void {
    const { counts } = this.blocks.get(ptr) as Block;
    if (heap.retain(ptr)) counts[who] = (counts[who] as number) + 1;
    else expectSame([heap.lastError?.code, counts[who]], ['REFERENCES_FULL', 0]);
  }

  private beginWrite(heap: SharedHeap, who: number, ptr: number, block: Block): void {
    const own = heap.beginWrite(ptr);
    const had = block.counts[who] as number;
    if (own === 0) {
      const shortage = ['OUT_OF_MEMORY', 'REFERENCES_FULL'];
      const codes = had === 0 ? ['NOT_RETAINED'] : shortage;
      expectSame(codes.includes(heap.lastError?.code ?? ''), true);
      return;
    }
    expectSame(had > 0, true);
    expectSame(own === ptr, total(block) === 1, 'it is the only reference');
    if (own === ptr) return this.rewrite(heap, ptr, block);
    const copy = this.add(heap, own, block.size, block.seed);
    copy.counts[who] = 1;
    this.dropped(ptr, block, who);
    this.check(own, copy);
    this.write(own, copy);
  }

  /** Handles to what was there before are stale. */
  private rewrite(heap: SharedHeap, ptr: number, block: Block): void {
    this.stale.push(block.weak);
    block.weak = heap.weak(ptr);
    this.write(ptr, block);
  }

  private write(ptr: number, block: Block): void {
    block.seed = ++this.seeds;
    stamp(this.tiny.handle.buffer, ptr, block.size, block.seed);
  }

  /** A seat's thread is gone, and another one sits down. */
  private end(who: number, dies: boolean): void {
    const heap = this.heap(who);
    if (dies) {
      layersOf(heap).table.declare(heap.slot);
      this.heap((who + 1) % SEATS).recover();
    } else heap.detach();
    this.heaps[who] = anotherSeat(this.tiny.handle);
    for (const [ptr, block] of [...this.blocks]) {
      const had = block.counts[who] as number;
      if (had > 0) this.dropped(ptr, block, who, had);
    }
  }

  checkAll(): void {
    for (const [ptr, block] of this.blocks) this.check(ptr, block);
    for (const weak of this.stale) expectSame(this.heap(0).upgrade(weak), undefined);
    const held = [...this.blocks.values()].reduce((sum, block) => sum + total(block), 0);
    const { liveBlocks, references } = this.heap(0).stats();
    expectSame([liveBlocks, references.held], [this.blocks.size, held]);
    expectSame(this.heap(0).validate(), []);
  }

  private check(ptr: number, { size, seed, counts }: Block): void {
    expectSame(this.heap(0).holders(ptr), counts.filter((count) => count > 0).length);
    expectSame(hasStamp(this.tiny.handle.buffer, ptr, size, seed), true, 'its bytes');
  }

  empties(): void {
    for (const [ptr, block] of this.blocks) {
      if (total(block) === 0) expectSame(this.heap(0).free(ptr), true);
    }
    const last = this.heaps.pop() as SharedHeap;
    for (const heap of this.heaps) heap.detach();
    last.detach();
    const auditor = anotherSeat(this.tiny.handle);
    auditor.reclaim();
    expectSame(auditor.stats().liveBlocks, 0);
    expectSame(shapeOf(layersOf(auditor)), this.empty);
    auditor.detach();
    expectNoArrayLost(layersOf(auditor));
  }
}

function total({ counts }: Block): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function expectSame(found: unknown, wanted: unknown, what?: string): void {
  expect(found, what).toEqual(wanted);
}
