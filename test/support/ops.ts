// Sequences of operations on a heap, as fast-check draws and shrinks them: plain objects whose
// numbers are taken modulo what there is, so that any part of a sequence is a sequence too.

import * as fc from 'fast-check';
import type { ZoneName } from '../../src/page/zone.ts';
import { MODES, type Mode } from '../../src/heap/mode.ts';
import { layersOf } from './tiny.ts';
import type { Twin } from './twin.ts';

export type Op =
  | { readonly do: 'alloc'; readonly size: number }
  | {
      readonly do: 'tryAlloc';
      readonly size: number;
      readonly align: number;
      readonly zone: ZoneName | undefined;
      readonly zero: boolean;
    }
  | { readonly do: 'free'; readonly which: number }
  | { readonly do: 'freeWrongly'; readonly which: number; readonly offset: number }
  | { readonly do: 'realloc'; readonly which: number; readonly size: number }
  | { readonly do: 'allocMany'; readonly count: number; readonly size: number }
  | { readonly do: 'freeMany'; readonly which: number; readonly count: number }
  | { readonly do: 'setMode'; readonly mode: Mode }
  | { readonly do: 'setRoot'; readonly name: string; readonly which: number }
  | { readonly do: 'reclaim' };

export type SeatedOp = Op & { readonly who: number };

/** Sizes for a heap of `bytes` bytes with pages of `page`: mostly small, some as large as it is. */
function sizesFor(bytes: number, page: number): fc.Arbitrary<number> {
  const upTo = (max: number) => fc.integer({ min: 1, max: Math.max(1, Math.floor(max)) });
  return fc.oneof(
    { weight: 6, arbitrary: upTo(page) },
    { weight: 4, arbitrary: upTo(3 * page) },
    { weight: 3, arbitrary: upTo(20 * page) },
    { weight: 1, arbitrary: upTo(bytes / 4) },
    { weight: 1, arbitrary: upTo(bytes) },
  );
}

const which = fc.nat(10_000);

function record<T extends string, R>(name: T, fields: { [K in keyof R]: fc.Arbitrary<R[K]> }) {
  return fc.record({ do: fc.constant(name), ...fields }) as fc.Arbitrary<{ do: T } & R>;
}

function opsFor(bytes: number, page: number): fc.Arbitrary<Op> {
  const size = sizesFor(bytes, page);
  const align = fc.integer({ min: 0, max: 11 }).map((order) => 2 ** order);
  const zone = fc.constantFrom<ZoneName | undefined>(undefined, 'dma', 'normal', 'high');
  const name = fc.constantFrom('index', 'queue', 'ß'.repeat(30));
  return fc.oneof(
    { weight: 10, arbitrary: record('alloc', { size }) },
    { weight: 4, arbitrary: record('tryAlloc', { size, align, zone, zero: fc.boolean() }) },
    { weight: 12, arbitrary: record('free', { which }) },
    {
      weight: 1,
      arbitrary: record('freeWrongly', { which, offset: fc.integer({ min: 1, max: 64 }) }),
    },
    { weight: 5, arbitrary: record('realloc', { which, size }) },
    { weight: 2, arbitrary: record('allocMany', { count: fc.integer({ min: 1, max: 12 }), size }) },
    { weight: 2, arbitrary: record('freeMany', { which, count: fc.integer({ min: 1, max: 12 }) }) },
    { weight: 1, arbitrary: record('setMode', { mode: fc.constantFrom(...MODES) }) },
    { weight: 1, arbitrary: record('setRoot', { name, which }) },
    { weight: 1, arbitrary: fc.constant({ do: 'reclaim' as const }) },
  );
}

/** Sequences of up to `length` operations, each by one of several seats. */
export function sequencesFor(
  bytes: number,
  page: number,
  length: number,
): fc.Arbitrary<SeatedOp[]> {
  const seated = fc.tuple(opsFor(bytes, page), fc.nat(2)).map(([op, who]) => ({ ...op, who }));
  return fc.array(seated, { maxLength: length, size: 'max' });
}

/** Does one operation to a heap and its model. */
export function play(twin: Twin, op: SeatedOp): void {
  const { who } = op;
  if (op.do === 'alloc') twin.alloc(op.size, who);
  else if (op.do === 'allocMany') twin.allocMany(op.count, op.size, who);
  else if (op.do === 'setMode') twin.setMode(op.mode, who);
  else if (op.do === 'reclaim') twin.seat(who).reclaim();
  else if (op.do === 'tryAlloc') {
    const { align, zone, zero } = op;
    twin.tryAlloc(op.size, { align, zero, ...(zone === undefined ? {} : { zone }) }, who);
  } else playOnBlock(twin, op, who);
}

type BlockOp = Exclude<Op, { do: 'alloc' | 'allocMany' | 'setMode' | 'reclaim' | 'tryAlloc' }>;

function playOnBlock(twin: Twin, op: BlockOp, who: number): void {
  const block = twin.pick(op.which);
  if (block === undefined) return;
  if (op.do === 'free') twin.free(block, who);
  else if (op.do === 'realloc') twin.realloc(block, op.size, who);
  else if (op.do === 'setRoot') twin.setRoot(op.name, block.ptr, who);
  else if (op.do === 'freeMany') {
    const from = twin.blocks.indexOf(block);
    twin.freeMany(twin.blocks.slice(from, from + op.count), who);
  } else freeInside(twin, block.ptr, block.bytes, op.offset, who);
}

/** Frees what lies inside a block, or right behind the last one of the heap. */
function freeInside(twin: Twin, ptr: number, bytes: number, offset: number, who: number): void {
  const end = layersOf(twin.heap).layout.endGranule * 16;
  twin.freeWrongly(offset < bytes ? ptr + offset : end, who);
}
