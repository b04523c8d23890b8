// Operations of single layers, to be cut at every write: plain objects that fast-check draws and
// shrinks, and how each layer does them. A step names a block by a number taken modulo how many
// there are.

import * as fc from 'fast-check';
import { expect } from 'vitest';
import { GRANULE } from '../../src/word/layout.ts';
import { PREFERENCES } from '../../src/page/zone.ts';
import type { Entry } from '../../src/block/statemap.ts';
import { Allocation } from '../../src/heap/allocate.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { Release } from '../../src/heap/release.ts';
import { cutEverywhere } from './cut.ts';
import {
  expectAllBack,
  expectNothingWrong,
  flushSlot,
  groundOf,
  liveIn,
  takeLocks,
  TestEntry,
  type Ground,
} from './deaths.ts';
import { FEW } from './classes.ts';
import type { TinyOptions } from './tiny.ts';

export interface Step {
  readonly do: 'take' | 'give' | 'resize' | 'reclaim' | 'flush';
  /** How long, from 0 to 999: each layer has its own measure. */
  readonly size: number;
  readonly which: number;
  readonly align: number;
  readonly zone: keyof typeof PREFERENCES;
  /** For which of three seats, before the last step: that one is always the dead's. */
  readonly who: number;
}

export interface Layer {
  take(on: Attachment, step: Step, entry?: Entry): number;
  give(on: Attachment, granule: number, entry?: Entry): boolean;
  resize?(on: Attachment, granule: number, step: Step): void;
  reclaim?(on: Attachment): void;
  flush?(on: Attachment): void;
}

const steps = fc.record({
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constant('take' as const) },
    { weight: 5, arbitrary: fc.constant('give' as const) },
    { weight: 3, arbitrary: fc.constant('resize' as const) },
    { weight: 1, arbitrary: fc.constant('reclaim' as const) },
    { weight: 1, arbitrary: fc.constant('flush' as const) },
  ),
  size: fc.nat(999),
  which: fc.nat(1000),
  align: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
  zone: fc.constantFrom<keyof typeof PREFERENCES>('any', 'any', 'high', 'normal', 'dma'),
  who: fc.nat(2),
});

export interface Plan {
  /** So many blocks are taken and given back first, so that magazines and shelves are filled. */
  readonly warm: number;
  readonly warmer: number;
  readonly before: readonly Step[];
  readonly last: Step;
  /** What the survivor does before it looks after all locks: it takes over what it needs. */
  readonly after: readonly Step[];
  readonly entry: boolean;
  readonly outermostFirst: boolean;
  /** After which writes of the operation the survivor is cut too: those equal to this, mod 7. */
  readonly twice: number;
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  warm: fc.nat(16),
  warmer: fc.nat(2),
  before: fc.array(steps, { maxLength: 24 }),
  last: steps,
  after: fc.array(steps, { maxLength: 3 }),
  entry: fc.boolean(),
  outermostFirst: fc.boolean(),
  twice: fc.nat(6),
});

function play(on: Attachment, layer: Layer, step: Step, blocks: number[], entry?: Entry): void {
  if (step.do === 'reclaim') return layer.reclaim?.(on);
  if (step.do === 'flush') return layer.flush?.(on);
  const at = blocks.length === 0 ? -1 : step.which % blocks.length;
  if (step.do === 'take' || at < 0) {
    const granule = layer.take(on, step, entry);
    if (granule !== 0) blocks.push(granule);
  } else if (step.do === 'resize') layer.resize?.(on, blocks[at] as number, step);
  else expect(layer.give(on, blocks.splice(at, 1)[0] as number, entry)).toBe(true);
}

/** Fills the magazines and shelves, if the layer has some. */
function warmUp(on: Attachment, layer: Layer, blocks: number): void {
  const step: Step = { do: 'take', size: 0, which: 0, align: 0, zone: 'any', who: 0 };
  const taken: number[] = [];
  for (let i = 0; i < blocks; i++) play(on, layer, step, taken);
  while (taken.length > 0) play(on, layer, { ...step, do: 'give' }, taken);
}

/** What a survivor does with blocks that are not the dead's; the list loses what it gives. */
function goOn(on: Attachment, layer: Layer, plan: Plan, others: number[]): void {
  for (const step of plan.after) {
    if (step.do === 'give' && others.length > 0) play(on, layer, step, others);
    else if (step.do === 'take' || step.do === 'reclaim') play(on, layer, step, []);
  }
}

/** The blocks of the list that it will give. */
function givenBy(plan: Plan, others: readonly number[]): number[] {
  const left = [...others];
  const gives = plan.after.filter((step) => step.do === 'give');
  return gives.flatMap((step) => left.splice(step.which % Math.max(left.length, 1), 1));
}

/** Plays all but the last step, and cuts that one everywhere; how many writes it had. */
export function cutLayer(layer: Layer, plan: Plan, options: TinyOptions = {}): number {
  const ground = groundOf({ zones: [9, 40, 20], align: 8, classes: FEW, ...options });
  const { tiny, dead, heir, last } = ground;
  const blocks: number[] = [];
  const seats = [dead, heir, last];
  warmUp(seats[plan.warmer] as Attachment, layer, plan.warm);
  for (const step of plan.before) play(seats[step.who] as Attachment, layer, step, blocks);
  const kept = liveIn(last);
  const gives = plan.last.do === 'give' && blocks.length > 0;
  const target = gives || plan.last.do === 'resize' ? blocks[plan.last.which % blocks.length] : 0;
  const entry = plan.entry && layer.give.length > 2 ? new TestEntry(last) : undefined;
  if (gives) entry?.begin(target as number);
  const others = blocks.filter((granule) => granule !== target);
  for (const granule of givenBy(plan, others)) kept.delete(granule);
  if (gives) kept.delete(target as number);
  const mend = (on: Attachment) => () => {
    takeLocks(on, plan.outermostFirst);
    flushSlot(on, dead.seat.slot);
  };
  return cutEverywhere({
    tiny,
    act: { memory: dead.memory, run: () => play(dead, layer, plan.last, [...blocks], entry) },
    mend: {
      memory: heir.memory,
      run() {
        goOn(heir, layer, plan, [...others]);
        mend(heir)();
      },
    },
    mendAgain: mend(last),
    twice: (writes) => writes % 7 === plan.twice,
    check() {
      expectKept(ground, kept, plan.last.do === 'resize' ? (target ?? 0) : 0, plan.after.length);
      if (entry !== undefined) expectEntry(ground, kept, entry, plan.after.length === 0);
      expectAllBack(ground);
    },
  });
}

/** All blocks but the one in the dead's hands are what they were; that one is live or free. */
function expectKept(
  { last }: Ground,
  kept: ReadonlyMap<number, number>,
  resized: number,
  more: number,
): void {
  expectNothingWrong(last);
  const live = liveIn(last);
  for (const [granule, bytes] of kept) {
    if (granule === resized) expect(live.has(granule), 'the resized block').toBe(true);
    else expect(live.get(granule), `block ${granule}`).toBe(bytes);
  }
  expect(live.size, 'one in the dead’s hands, and the survivors’').toBeLessThanOrEqual(
    kept.size + 1 + more,
  );
}

/** The entry counts if and only if its block is live, as long as nobody else takes blocks. */
function expectEntry(
  { last }: Ground,
  kept: ReadonlyMap<number, number>,
  entry: TestEntry,
  alone: boolean,
): void {
  const others = [...liveIn(last).keys()].filter((granule) => !kept.has(granule));
  const block = entry.block();
  if (alone) expect(block, 'the entry’s block').toBe(others[0] ?? null);
  else if (block !== null) expect(others, 'live blocks').toContain(block);
}

/** Large runs: the zones alone. */
export const LARGE_RUNS: Layer = {
  take: (on, { size, align, zone }, entry) =>
    on.large.alloc(1 + (size % 13), align, PREFERENCES[zone], entry),
  give: (on, granule, entry) => on.large.free(granule, entry),
  resize: (on, granule, { size }) => void on.large.resize(granule, 1 + (size % 17)),
};

/** A class's blocks without magazines. */
export function classOf(id: number): Layer {
  return {
    take: (on, { zone }, entry) => on.depots[id]?.takeDirect(PREFERENCES[zone], entry) ?? 0,
    give: (on, granule, entry) => on.depots[id]?.giveDirect(granule, entry) ?? false,
    reclaim: (on) => on.depots[id]?.reclaim(),
  };
}

export const SIMPLE_HEAP: Layer = {
  take: (on, { size, align, zone }, entry) =>
    on.simple.alloc(1 + (size % 90), 2 ** align, PREFERENCES[zone], entry),
  give: (on, granule, entry) => on.simple.free(granule, entry),
  resize: (on, granule, { size }) => void on.simple.resize(granule, 1 + (size % 90)),
};

/** Small blocks and blocks of whole pages through magazines, shelves and the pool. */
export const MAGAZINES: Layer = {
  take(on, { size }) {
    const bytes = [50, 160, 700][size % 3] as number;
    const granule = on.magazines.alloc(bytes) / GRANULE.BYTES || new Allocation(on).alloc(bytes);
    return typeof granule === 'number' ? granule : 0;
  },
  give: (on, granule) =>
    on.magazines.free(granule * GRANULE.BYTES) ||
    new Release(on).free(granule * GRANULE.BYTES) === null,
  reclaim: (on) => new Allocation(on).reclaim(),
  flush: (on) => flushSlot(on, on.seat.slot),
};
