// Debug heaps: what is written where it should not be is found, byte for byte, and told with who
// took the block, who freed it, and where; what a thread leaves behind is told by tag.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/page/audit.ts';
import { MODES, type Mode } from '../../src/heap/mode.ts';
import { SharedHeap } from '../../src/heap/heap.ts';
import type { Leak } from '../../src/heap/inspect.ts';
import { DEBUGGING } from '../../src/word/records.ts';
import { anotherSeat, layersOf, shapeOf, tinyHeap, type Tiny } from '../support/tiny.ts';

/** A small block, one that fills its class but for the red zone, whole pages, and beyond them. */
const SIZES = [1, 48, 100, 700, 6000];

let tiny: Tiny;
let ann: SharedHeap;
let bob: SharedHeap;
let found: Finding[];

function prepare(mode: Mode = 'two-tier', debug: number = DEBUGGING.ON): void {
  tiny = tinyHeap({ debug, mode });
  [ann, bob] = [anotherSeat(tiny.handle), anotherSeat(tiny.handle)];
  found = [];
  for (const seat of [ann, bob]) seat.onDamage((finding) => void found.push(finding));
}

beforeEach(() => prepare());

describe.each(MODES)('in mode %s', (mode) => {
  beforeEach(() => prepare(mode));

  test.each(SIZES)('a block has exactly the %d bytes that were asked for', (size) => {
    const ptr = ann.alloc(size);
    expect(ann.usableSize(ptr)).toBe(size);
    ann.view(ptr, Uint8Array, size).fill(1);
    expect(() => ann.view(ptr, Uint8Array, size + 1)).toThrow('do not fit');
    expect([ann.validate(), bob.free(ptr), found]).toEqual([[], true, []]);
  });

  test.each(SIZES)('the first byte behind %d bytes is found, and freed all the same', (size) => {
    const ptr = ann.alloc(size);
    ann.u8[ptr + size] = 0;
    const message = `written at +${size}, behind its ${size} bytes; taken by slot 0`;
    const finding = { where: 'red zone', ptr, message };
    expect(bob.validate()).toEqual([finding]);
    expect([bob.free(ptr), found]).toEqual([true, [finding]]);
    expect(bob.lastError).toMatchObject({ code: 'CORRUPTION_DETECTED', requested: ptr });
    expect([bob.isHealthy(), bob.stats().corruptions]).toEqual([false, 2]);
    expect([bob.stats().liveBlocks, bob.validate()]).toEqual([0, []]);
  });

  test.each(SIZES)('the last byte of the red zone of %d bytes is found', (size) => {
    const ptr = ann.alloc(size);
    const bytes = [...ann.inspectAll()][0]?.bytes ?? 0;
    expect(bytes).toBeGreaterThanOrEqual(size + 16);
    ann.u8[ptr + bytes - 1] = 0;
    expect([ann.free(ptr), found.length]).toEqual([true, 1]);
  });

  test.each(SIZES)('a write into a freed block of %d bytes is found, and by whom freed', (size) => {
    const [ptr, other] = [ann.alloc(size), ann.alloc(size)];
    expect(bob.free(ptr)).toBe(true);
    ann.u8[ptr + size - 1] = 0;
    const what = { where: 'freed memory', ptr: ptr + size - 1 };
    expect(ann.validate()).toMatchObject([what]);
    for (let i = 0; found.length === 0 && i < 1000; i++) bob.alloc(size);
    expect(found).toMatchObject([what]);
    expect(found[0]?.message).toContain('after slot 1 had freed it');
    expect([ann.validate(), ann.free(other)]).toEqual([[], true]);
  });

  test('realloc moves the bytes, and what still points to the old block is found out', () => {
    const ptr = ann.alloc(40);
    ann.view(ptr, Uint8Array, 40).fill(7);
    const moved = ann.realloc(ptr, 41);
    expect(moved).not.toBe(ptr);
    expect([...ann.view(moved, Uint8Array, 40)]).toEqual(new Array(40).fill(7));
    expect([ann.usableSize(moved), ann.usableSize(ptr)]).toEqual([41, 0]);
    ann.u8[ptr] = 7;
    expect(ann.validate()).toMatchObject([{ where: 'freed memory', ptr }]);
  });

  test('what a transaction takes has red zones, and what it frees is poisoned', () => {
    const old = ann.alloc(30);
    const done = ann.transaction((tx) => {
      tx.free(old);
      return [tx.alloc(20), tx.realloc(tx.alloc(10), 25)] as const;
    });
    if (!done.ok) throw new Error(done.error.message);
    const [a, b] = done.value;
    expect([a, b, old].map((ptr) => ann.usableSize(ptr))).toEqual([20, 25, 0]);
    ann.u8[a + 20] = 0;
    ann.u8[b + 25] = 0;
    ann.u8[old] = 0;
    expect(ann.validate()).toHaveLength(3);
    ann.transaction((tx) => {
      ann.u8[tx.alloc(8) + 8] = 0;
      tx.alloc(1e9);
    });
    expect(found.at(-1)).toMatchObject({ where: 'red zone' }); // of what was rolled back
  });
});

describe('poison', () => {
  test('stays in pages that went back to their zone, and come out as something else', () => {
    tiny = tinyHeap({ zones: [0, 40, 0], debug: DEBUGGING.ON });
    [ann, bob] = [anotherSeat(tiny.handle), anotherSeat(tiny.handle)];
    bob.onDamage((finding) => void found.push(finding));
    const ptrs = Array.from({ length: 8 }, () => ann.alloc(48));
    ann.freeMany(ptrs);
    ann.reclaim();
    expect(ann.stats().freePages).toBe(ann.stats().pages);
    const ptr = ptrs[3] as number;
    ann.u8[ptr + 5] = 0;
    expect(ann.validate()).toMatchObject([{ where: 'freed memory', ptr: ptr + 5 }]);
    const run = bob.alloc(39 * 256); // over all of it
    expect([run <= ptr && ptr < run + 40 * 256, found]).toMatchObject([true, [{ ptr: ptr + 5 }]]);
    bob.view(run, Uint8Array, 39 * 256).fill(3);
    expect([bob.validate(), bob.free(run), found.length]).toEqual([[], true, 1]);
  });

  test('is not expected in memory that was never in use, nor in a buffer with litter', () => {
    const { handle } = tinyHeap({ debug: DEBUGGING.ON, litter: 0x55 });
    const heap = anotherSeat(handle);
    heap.onDamage((finding) => void found.push(finding));
    const ptrs = SIZES.map((size) => heap.alloc(size));
    expect([heap.validate(), heap.freeMany(ptrs), found]).toEqual([[], SIZES.length, []]);
  });
});

describe('who did it', () => {
  test('a block that is freed twice: who was the first', () => {
    const ptr = ann.alloc(10);
    bob.free(ptr);
    expect(ann.free(ptr)).toBe(false);
    expect(ann.lastError?.code).toBe('DOUBLE_FREE');
    expect(ann.lastError?.message).toContain('; slot 1 was the one who freed it');
  });

  test('with stacks: where it was taken and where freed, from the program’s own frames on', () => {
    prepare('two-tier', DEBUGGING.STACKS);
    const ptr = takeHere(ann);
    const [info] = [...bob.inspectAll()];
    expect(info?.stack).toMatch(/^\s*at takeHere .*debug\.test/);
    bob.u8[ptr + 10] = 0;
    freeHere(bob, ptr);
    expect(found[0]?.message).toMatch(/taken by slot 0\n\s*at takeHere/);
    ann.free(ptr);
    expect(ann.lastError?.message).toMatch(/slot 1 was .* freed it.*\n\s*at freeHere/);
    ann.u8[ptr] = 0;
    expect(ann.validate()[0]?.message).toMatch(/freed\n\s*at freeHere/);
  });

  test('nobody listens: a warning of the process, and the reason', async () => {
    const heap = SharedHeap.create({ size: '4MiB', debug: true });
    const warned = new Promise<Error>((tell) => void process.once('warning', tell));
    const ptr = heap.alloc(10);
    heap.u8[ptr + 10] = 0;
    expect(heap.free(ptr)).toBe(true);
    expect(heap.lastError?.message).toContain('written at +10, behind its 10 bytes');
    expect(await warned).toMatchObject({ name: 'HeapDamage' });
    heap.detach();
  });
});

describe('what is left', () => {
  test('each live block is told of, with its tag, and which is whose', () => {
    const a = ann.tryAlloc(10, { tag: 'decoder' });
    const b = bob.tryAlloc(700, { tag: 'parser', zero: true });
    const c = bob.alloc(6000);
    if (!a.ok || !b.ok) throw new Error('no memory');
    const blocks = [...ann.inspectAll()].sort((x, y) => x.bytes - y.bytes);
    expect(blocks).toMatchObject([
      { ptr: a.value, bytes: 32, tier: 'slab', requested: 10, slot: 0, tag: 'decoder', stack: '' },
      { ptr: b.value, bytes: 768, tier: 'slab', requested: 700, slot: 1, tag: 'parser' },
      { ptr: c, tier: 'run', requested: 6000, slot: 1, tag: '' },
    ]);
    expect(ann.leaks()).toEqual([
      { slot: 1, incarnation: 0, tag: '', blocks: 1, bytes: 6000, places: [] },
      { slot: 1, incarnation: 0, tag: 'parser', blocks: 1, bytes: 700, places: [] },
      { slot: 0, incarnation: 0, tag: 'decoder', blocks: 1, bytes: 10, places: [] },
    ]);
    expect(bob.leaks({ slot: 0 })).toHaveLength(1);
  });

  test('a block that realloc has moved keeps its tag', () => {
    const a = ann.tryAlloc(10, { tag: 'decoder' });
    if (!a.ok) throw new Error('no memory');
    ann.realloc(a.value, 5000);
    expect(ann.leaks()).toMatchObject([{ tag: 'decoder', bytes: 5000 }]);
  });

  test('a plain heap tells of its blocks too', () => {
    const heap = anotherSeat(tinyHeap({}).handle);
    const ptrs = [heap.alloc(10), heap.alloc(6000)];
    heap.setMode('simple-heap');
    ptrs.push(heap.alloc(100));
    const all = [...heap.inspectAll()];
    expect(all.map((it) => it.ptr).sort()).toEqual([...ptrs].sort());
    expect(all.map((it) => it.tier).sort()).toEqual(['run', 'simple', 'slab']);
    expect([heap.leaks(), all[0]?.requested]).toEqual([[], undefined]);
  });

  test('who leaves is told what it leaves, nothing of others’ or of the seat’s last one', () => {
    const told: Leak[][] = [];
    ann.tryAlloc(10, { tag: 'kept' });
    bob.alloc(30);
    ann.onLeak((leaks) => void told.push([...leaks]));
    const tx = ann.beginTransaction();
    tx.alloc(99); // is rolled back
    ann.detach();
    expect(told).toMatchObject([[{ slot: 0, tag: 'kept', blocks: 1, bytes: 10 }]]);
    const eve = anotherSeat(tiny.handle);
    eve.onLeak((leaks) => void told.push([...leaks]));
    eve.free(eve.alloc(5));
    eve.detach();
    expect([eve.slot, told.length]).toEqual([0, 1]);
  });

  test('where owners are tracked, what was given away is no leak', () => {
    const { handle } = tinyHeap({ debug: DEBUGGING.ON, tracked: true });
    const [one, two] = [anotherSeat(handle), anotherSeat(handle)];
    const told: number[] = [];
    one.onLeak((leaks) => void told.push(...leaks.map((leak) => leak.bytes)));
    const [, given, shared] = [one.alloc(1), one.alloc(2), one.alloc(4)];
    one.give(given, two.slot);
    one.give(shared, 'shared');
    one.detach();
    expect(told).toEqual([1]);
  });
});

test('a debug heap of ordinary size, asked for by its option, attached to by its handle', () => {
  const heap = SharedHeap.create({ size: '4MiB', debug: { stacks: true }, maxSlots: 4 });
  const other = anotherSeat(heap.handle);
  const ptr = other.alloc(3);
  expect([...heap.inspectAll()]).toMatchObject([{ ptr, requested: 3, slot: 1 }]);
  expect([heap.free(ptr), heap.validate()]).toEqual([true, []]);
  other.detach();
  heap.detach();
});

test('what is no option, and no tag, is refused with what to do', () => {
  expect(() => SharedHeap.create({ debug: 'yes' as never })).toThrow('debug is true, false or');
  for (const tag of ['', 'a\nb', 'x'.repeat(61), 5 as never]) {
    expect(() => ann.tryAlloc(1, { tag })).toThrow('a tag is one line');
  }
  expect(ann.stats().liveBlocks).toBe(0);
});

test('blocks of the dead are poisoned and told of like anybody’s', () => {
  tiny = tinyHeap({ debug: DEBUGGING.ON, tracked: true });
  [ann, bob] = [anotherSeat(tiny.handle), anotherSeat(tiny.handle)];
  bob.onDamage((finding) => void found.push(finding));
  const before = shapeOf(layersOf(bob));
  const ptrs = SIZES.map((size) => ann.alloc(size));
  ann.u8[(ptrs[1] as number) + 48] = 0;
  layersOf(ann).table.declare(ann.slot);
  expect(bob.recover()).toMatchObject([{ ownedBlocks: SIZES.length }]);
  expect(found).toMatchObject([{ where: 'red zone', ptr: ptrs[1] }]);
  bob.u8[ptrs[3] as number] = 0;
  expect(bob.validate()).toMatchObject([{ where: 'freed memory', ptr: ptrs[3] }]);
  bob.reclaim();
  expect(shapeOf(layersOf(bob))).toEqual(before);
});

function takeHere(heap: SharedHeap): number {
  return heap.alloc(10);
}

function freeHere(heap: SharedHeap, ptr: number): boolean {
  return heap.free(ptr);
}
