// Whole heaps whose seats may die in the middle of any call, and what must be true when a survivor
// has recovered them: nothing is wrong, nobody else lost a block, and when all are freed every page
// and every array is back.

import * as fc from 'fast-check';
import { expect } from 'vitest';
import { GRANULE, HEADER } from '../../src/word/layout.ts';
import type { ZoneName } from '../../src/page/zone.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import { MODES, modeIn, writeMode, type Mode } from '../../src/heap/mode.ts';
import { FEW } from './classes.ts';
import { cutEverywhere, mortal, type MortalMemory } from './cut.ts';
import { expectNoArrayLost, expectNothingWrong, liveIn } from './deaths.ts';
import { layersOf, shapeOf, tinyHeap, type Tiny } from './tiny.ts';

const { BYTES } = GRANULE;

export interface Call {
  readonly do: 'alloc' | 'tryAlloc' | 'free' | 'realloc' | 'reclaim' | 'setMode' | 'root' | 'leave';
  readonly size: number;
  readonly which: number;
  readonly align: number;
  readonly zone: ZoneName;
  readonly mode: Mode;
  /** For which of three seats, before the last call: that one is always the dead's. */
  readonly who: number;
}

const weights: [number, Call['do']][] = [
  [8, 'alloc'],
  [2, 'tryAlloc'],
  [8, 'free'],
  [3, 'realloc'],
  [1, 'reclaim'],
  [1, 'setMode'],
  [1, 'root'],
  [1, 'leave'],
];
const calls: fc.Arbitrary<Call> = fc.record({
  do: fc.oneof(...weights.map(([weight, name]) => ({ weight, arbitrary: fc.constant(name) }))),
  size: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 64 }) },
    { weight: 2, arbitrary: fc.integer({ min: 65, max: 160 }) },
    { weight: 2, arbitrary: fc.integer({ min: 161, max: 768 }) },
    { weight: 1, arbitrary: fc.integer({ min: 769, max: 3000 }) },
  ),
  which: fc.nat(1000),
  align: fc.constantFrom(16, 16, 32, 256, 1024),
  zone: fc.constantFrom<ZoneName>('normal', 'high', 'dma'),
  mode: fc.constantFrom(...MODES),
  who: fc.nat(2),
});

export interface HeapPlan {
  /** So many small blocks are taken and freed first, so that magazines and shelves are filled. */
  readonly warm: number;
  readonly warmer: number;
  readonly before: readonly Call[];
  readonly last: Call;
  /** What the survivor does before it recovers the dead: it takes over the locks it needs. */
  readonly after: readonly Call[];
  readonly mode: Mode;
  readonly safety: 'plain' | 'checked' | 'tracked';
  readonly magazines: number;
  readonly twice: number;
}

export const heapPlans: fc.Arbitrary<HeapPlan> = fc.record({
  warm: fc.nat(16),
  warmer: fc.nat(2),
  before: fc.array(calls, { maxLength: 30 }),
  last: calls,
  after: fc.array(calls, { maxLength: 3 }),
  mode: fc.constantFrom(...MODES),
  safety: fc.constantFrom<HeapPlan['safety'][]>('plain', 'checked', 'tracked'),
  magazines: fc.constantFrom(0, 2, 9, 24),
  twice: fc.nat(19),
});

/** A seat of this thread that may die, and come to life again as it was. */
export interface MortalSeat {
  readonly heap: SharedHeap;
  readonly memory: MortalMemory;
  revive(): void;
}

export function mortalSeat(tiny: Tiny): MortalSeat {
  const memory = mortal(tiny);
  const { geometry, handle } = tiny;
  const heap = SharedHeap['enter']({ memory, geometry, handle });
  const fields = { ...heap };
  return { heap, memory, revive: () => void Object.assign(heap, fields) };
}

/** Blocks as whoever plays knows them: whose each one is. */
type Blocks = Map<number, number>;

function play({ heap }: MortalSeat, call: Call, blocks: Blocks): void {
  const { size, zone, align } = call;
  const target = targetOf(call, blocks);
  const took = (ptr: number) => void (ptr !== 0 && blocks.set(ptr, heap.slot));
  if (call.do === 'alloc') took(heap.alloc(size));
  else if (call.do === 'reclaim') heap.reclaim();
  else if (call.do === 'setMode') heap.setMode(call.mode);
  else if (call.do === 'leave') heap.detach();
  else if (call.do === 'tryAlloc') {
    const result = heap.tryAlloc(size, { align, zone });
    if (result.ok) took(result.value);
  } else if (target !== 0) playOn(heap, call, target, blocks);
}

function playOn(heap: SharedHeap, call: Call, target: number, blocks: Blocks): void {
  if (call.do === 'root') heap.roots.set(`name ${call.align}`, target);
  else if (call.do === 'free') {
    blocks.delete(target);
    expect(heap.free(target)).toBe(true);
  } else {
    const moved = heap.realloc(target, call.size);
    if (moved === 0 || moved === target) return;
    blocks.delete(target);
    blocks.set(moved, heap.slot);
  }
}

function targetOf(call: Call, blocks: Blocks): number {
  if (!['free', 'realloc', 'root'].includes(call.do)) return 0;
  return [...blocks.keys()][call.which % blocks.size] ?? 0;
}

/** A heap with three seats that has seen all but the last call. */
function heapIn(plan: HeapPlan) {
  const { safety, magazines, mode } = plan;
  const [checked, tracked] = [safety !== 'plain', safety === 'tracked'];
  const options = { zones: [9, 50, 20], align: 8, classes: FEW, maxSlots: 3 } as const;
  const tiny = tinyHeap({ ...options, magazines, mode, checked, tracked });
  const seats = [mortalSeat(tiny), mortalSeat(tiny), mortalSeat(tiny)] as const;
  const empty = shapeOf(layersOf(seats[0].heap));
  const blocks: Blocks = new Map();
  warmUp(seats[plan.warmer] as MortalSeat, plan.warm);
  for (const call of plan.before) {
    if (call.do !== 'leave') play(seats[call.who] as MortalSeat, call, blocks);
  }
  return { tiny, seats, empty, blocks, tracked };
}

/** Declares seats dead, whoever says so, and recovers them from another one. */
function bury(seat: MortalSeat, ...gone: MortalSeat[]): void {
  for (const it of gone) layersOf(seat.heap).table.declare(it.heap.slot);
  seat.heap.recover();
}

/** Cuts the last call everywhere; how many writes it had. */
export function cutHeap(plan: HeapPlan): number {
  const { tiny, seats, empty, blocks, tracked } = heapIn(plan);
  const [dead, heir, last] = seats;
  const target = targetOf(plan.last, blocks);
  const others = [...blocks.keys()].filter((ptr) => ptr !== target);
  const live = liveIn(layersOf(last.heap));
  const kept = (...of: number[]) => keptOf(live, plan, target, blocks, tracked ? of : []);
  const one = kept(dead.heap.slot);
  const two = kept(dead.heap.slot, heir.heap.slot);
  const roots = last.heap.roots.entries();
  return cutEverywhere({
    tiny,
    act: { memory: dead.memory, run: () => play(dead, plan.last, new Map(blocks)) },
    mend: {
      memory: heir.memory,
      run() {
        goOn(heir, dead, plan, others);
        bury(heir, dead);
      },
    },
    mendAgain: () => bury(last, heir, dead),
    twice: (writes) => writes % 20 === plan.twice,
    check: (twice) => {
      expectSound(last.heap, twice ? two : one, plan, target);
      expectRoots(last.heap, roots, plan.last);
      expectAllBack(last.heap, heir.heap, empty);
      for (const seat of seats) seat.revive();
    },
  });
}

function warmUp({ heap }: MortalSeat, blocks: number): void {
  heap.freeMany(Array.from({ length: blocks }, () => heap.alloc(50)));
}

/** What a survivor may do between a death and its recovery, to blocks that are not the dead's. */
const MEANWHILE: readonly Call['do'][] = ['alloc', 'tryAlloc', 'free', 'realloc'];

/** Goes on before it has heard of the death: locks of the dead are all that it finds. */
function goOn(seat: MortalSeat, dead: MortalSeat, plan: HeapPlan, others: readonly number[]): void {
  layersOf(seat.heap).table.declare(dead.heap.slot);
  seat.memory.store(HEADER.DEATHS, 0);
  const left = [...others];
  for (const call of plan.after.filter((it) => MEANWHILE.includes(it.do))) {
    const takes = call.do === 'alloc' || call.do === 'tryAlloc';
    const [ptr] = takes ? [] : left.splice(call.which % Math.max(left.length, 1), 1);
    if (takes || ptr !== undefined) play(seat, { ...call, which: 0 }, new Map([[ptr ?? 0, 0]]));
  }
}

/** The blocks that it will free or move. */
function touchedBy(plan: HeapPlan, others: readonly number[]): number[] {
  const left = [...others];
  const touches = plan.after.filter((call) => call.do === 'free' || call.do === 'realloc');
  return touches.flatMap((call) => left.splice(call.which % Math.max(left.length, 1), 1));
}

/** What must outlive the dead: all but what was being freed, and what is tracked as their own. */
function keptOf(
  live: ReadonlyMap<number, number>,
  plan: HeapPlan,
  target: number,
  blocks: Blocks,
  dead: readonly number[],
): Map<number, number> {
  const kept = new Map(live);
  const others = [...blocks.keys()].filter((ptr) => ptr !== target);
  for (const ptr of touchedBy(plan, others)) kept.delete(ptr / BYTES);
  for (const [ptr, owner] of blocks) {
    const freed = ptr === target && plan.last.do !== 'root';
    if (freed || dead.includes(owner)) kept.delete(ptr / BYTES);
  }
  return kept;
}

function expectSound(
  heap: SharedHeap,
  kept: ReadonlyMap<number, number>,
  plan: HeapPlan,
  target: number,
): void {
  const on = layersOf(heap);
  expectNothingWrong(on);
  const live = liveIn(on);
  for (const [granule, bytes] of kept) expect(live.get(granule), `block ${granule}`).toBe(bytes);
  const more = [...live.keys()].filter((granule) => !kept.has(granule));
  const most = on.states.tracked ? 1 : plan.last.do === 'realloc' ? 2 : 1;
  expect(more.length, 'in the dead’s hands, and the survivors’').toBeLessThanOrEqual(
    most + 2 * plan.after.length,
  );
  if (plan.last.do === 'realloc' && target !== 0 && !on.states.tracked) {
    expect(more.length, 'the old block, the new one, or both').toBeGreaterThan(0);
  }
  expectTableOf(on);
}

/** The class table is the one that the mode asks for. */
function expectTableOf(on: Attachment): void {
  const bytes = new Uint8Array(on.memory.buffer);
  const before = bytes.slice();
  writeMode(on.memory, on.geometry, modeIn(on.memory));
  expect(Buffer.compare(bytes, before), 'the class table').toBe(0);
}

function expectRoots(heap: SharedHeap, before: [string, number][], last: Call): void {
  const set = last.do === 'root' ? `name ${last.align}` : '';
  const others = (entries: [string, number][]) => entries.filter(([name]) => name !== set);
  expect(others(heap.roots.entries())).toEqual(others(before));
}

/** Frees everything and finds the heap as it was at first, with seats for as many as there are. */
function expectAllBack(last: SharedHeap, heir: SharedHeap, empty: readonly number[]): void {
  const on = layersOf(last);
  for (const granule of liveIn(on).keys()) {
    expect(last.free(granule * BYTES), `freeing ${granule}`).toBe(true);
  }
  if (on.table.isTaken(heir.slot)) heir.reclaim();
  last.reclaim();
  expectNothingWrong(on);
  expect(shapeOf(on)).toEqual(empty);
  expectNoArrayLost(on);
  const free = [0, 1, 2].filter((slot) => !on.table.isTaken(slot));
  expect(free.map((slot) => on.table.takeAt(slot)?.slot)).toEqual(free);
}
