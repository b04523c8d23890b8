// C's allocator as a module sees it: the same program in two languages, on a heap in the upper part
// of its memory. Addresses come out of a module signed; `>>> 0` makes them pointers.

import { describe, expect, onTestFinished, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import { wasmImports, wasmImports64 } from '../../src/parts/wasm.ts';
import { DATA_PAGES, memoryOf, moveIn, PAGE_BYTES } from '../support/wasm/lodging.ts';
import { lodger as compile } from '../support/wasm/modules.ts';
import { expectEmpty } from '../support/threads/start.ts';

const LIMITS = { initial: DATA_PAGES + 128, maximum: DATA_PAGES + 160 };
const BYTE_OFFSET = DATA_PAGES * PAGE_BYTES;
const TWO_GIB = 2 ** 31;
const modules = {
  AssemblyScript: await compile('AssemblyScript', LIMITS),
  C: await compile('C', LIMITS),
};
const HIGH = { initial: TWO_GIB / PAGE_BYTES + 256, maximum: TWO_GIB / PAGE_BYTES + 256 };
if (modules.C === null) console.warn('SKIPPED: no clang and wasm-ld here, so no module in C');

function heapIn(memory = memoryOf(LIMITS.initial, LIMITS.maximum), byteOffset = BYTE_OFFSET) {
  const heap = SharedHeap.create({ buffer: memory.buffer, byteOffset });
  onTestFinished(() => heap.detach());
  return { heap, memory };
}

describe.each(['AssemblyScript', 'C'] as const)('a module in %s', (language) => {
  const module = modules[language];
  const lodge = () => {
    const { heap, memory } = heapIn();
    return { heap, memory, ...moveIn(module!, heap, memory) };
  };

  test.skipIf(module === null)('gets blocks of the heap, and its data lies outside', () => {
    const { heap, lodger, leave } = lodge();
    expect(lodger.heapBase() >>> 0).toBeLessThanOrEqual(heap.handle.byteOffset);
    const before = lodger.ownData();
    const ptrs: number[] = [];
    for (let ptr = lodger.take(60_000); ptr !== 0; ptr = lodger.take(60_000)) ptrs.push(ptr);
    expect(heap.lastError?.code).toBe('OUT_OF_MEMORY');
    for (const ptr of ptrs) heap.u8.fill(0xa5, ptr, ptr + lodger.usable(ptr));
    expect(lodger.ownData()).toBe(before);
    expect(lodger.peek(ptrs[0]!) >>> 0).toBe(0xa5a5a5a5);
    expect(ptrs.length).toBeGreaterThan(50);
    expect(heap.freeMany(ptrs)).toBe(ptrs.length);
    leave();
    expectEmpty(heap);
  });

  test.skipIf(module === null)('sees C’s rules for 0: sizes and pointers', () => {
    const { heap, lodger, leave } = lodge();
    const three = [lodger.take(0), lodger.takeZeroed(0, 8), lodger.takeAligned(64, 0)];
    expect(new Set([0, ...three]).size).toBe(4);
    lodger.give(0);
    expect(lodger.usable(0)).toBe(0);
    expect(heap.stats().invalidFrees).toBe(0);
    const fresh = lodger.retake(0, 100);
    lodger.poke(fresh, 77);
    const small = lodger.retake(fresh, 0);
    expect(lodger.peek(small)).toBe(77);
    expect(heap.usableSize(small)).toBe(16);
    for (const ptr of [...three, small]) lodger.give(ptr);
    leave();
    expectEmpty(heap);
  });

  test.skipIf(module === null)('gets zeroes, alignment and contents kept; overflow is 0', () => {
    const { heap, lodger, leave } = lodge();
    const dirty = lodger.take(4000);
    heap.u8.fill(0xff, dirty, dirty + 4000);
    lodger.give(dirty);
    const zeroed = lodger.takeZeroed(1000, 4);
    expect(heap.u8.subarray(zeroed, zeroed + 4000).every((byte) => byte === 0)).toBe(true);
    // In 32 bits these products are 65,536, 1 and 0.
    for (const [count, size] of [
      [65_536, 65_537],
      [-1, -1],
      [2 ** 31, 2],
    ] as const) {
      expect(lodger.takeZeroed(count, size)).toBe(0);
      expect(lodger.retakeMany(zeroed, count, size)).toBe(0);
    }
    expect([3, 0, 48].map((align) => lodger.takeAligned(align, 64))).toEqual([0, 0, 0]);
    for (let align = 1; align <= 65_536; align *= 2) {
      const aligned = lodger.takeAligned(align, 100);
      expect([aligned !== 0, aligned % Math.max(align, 16)]).toEqual([true, 0]);
      lodger.give(aligned);
    }
    lodger.poke(zeroed, 5);
    const many = lodger.retakeMany(zeroed, 5000, 4);
    expect([lodger.peek(many), lodger.usable(many) >= 20_000]).toEqual([5, true]);
    expect([lodger.retake(many, -1), lodger.peek(many)]).toEqual([0, 5]);
    lodger.give(many);
    lodger.give(many); // is counted, and harmless
    expect(heap.stats().doubleFrees).toBe(1);
    leave();
    expectEmpty(heap);
  });

  test.skipIf(module === null)('gets and gives addresses beyond 2 GiB', async () => {
    const memory = memoryOf(HIGH.initial);
    const { heap } = heapIn(memory, TWO_GIB);
    const { lodger, leave } = moveIn((await compile(language, HIGH))!, heap, memory);
    const ptr = lodger.take(64);
    expect(ptr).toBeLessThan(0);
    lodger.poke(ptr, 123);
    expect(heap.u32[(ptr >>> 0) / 4]).toBe(123);
    const grown = lodger.retake(ptr, 9000);
    expect([lodger.peek(grown), lodger.usable(grown) >= 9000]).toEqual([123, true]);
    lodger.give(grown);
    expect(heap.stats().invalidFrees).toBe(0);
    leave();
    expectEmpty(heap);
  });

  test.skipIf(module === null)('goes on with the heap when the memory has grown', () => {
    const { heap, memory, lodger, leave } = lodge();
    const [old, bytes] = [memory.buffer, memory.buffer.byteLength];
    const before = lodger.take(64);
    memory.grow(8);
    expect([old.byteLength, memory.buffer.byteLength]).toEqual([bytes, bytes + 8 * PAGE_BYTES]);
    const again = moveIn(module!, heap, memory); // the longer buffer has the same heap
    again.lodger.poke(before, 9);
    expect([heap.u32[before / 4], lodger.peek(before)]).toEqual([9, 9]);
    lodger.poke(bytes, 1); // the new pages are the module's
    expect(SharedHeap.attach({ ...heap.handle, buffer: memory.buffer })).toBe(heap);
    again.lodger.give(before);
    again.leave();
    leave();
    expectEmpty(heap);
  });

  test.skipIf(module === null)('whose thread has left gets nothing and frees nothing', () => {
    const { heap, lodger } = lodge();
    const ptr = lodger.take(64);
    heap.detach();
    lodger.give(ptr);
    expect([lodger.take(64), lodger.retake(ptr, 9000), lodger.takeZeroed(1, 1)]).toEqual([0, 0, 0]);
  });
});

describe('imports', () => {
  test('are for a heap in that memory: a copy, another one, or none is told at once', () => {
    const { heap, memory } = heapIn();
    const other = heapIn().memory;
    const unshared = { buffer: new ArrayBuffer(PAGE_BYTES) };
    const short = { buffer: new SharedArrayBuffer(PAGE_BYTES) };
    for (const imports of [wasmImports, wasmImports64]) {
      expect(imports(heap, memory).env.memory).toBe(memory);
      expect(() => imports(heap, other)).toThrow('not in this memory');
      expect(() => imports(heap, short)).toThrow('not in this memory');
      expect(() => imports(heap, unshared)).toThrow('shared: true');
    }
  });

  test('of 32 bits do not take a heap that reaches beyond 4 GiB', () => {
    const buffer = new SharedArrayBuffer(2 ** 32 + 2 ** 24);
    const { heap, memory } = heapIn({ buffer, grow: () => 0 }, 2 ** 32);
    expect(() => wasmImports(heap, memory)).toThrow('wasmImports64');
    const { env } = wasmImports64(heap, memory);
    const ptr = env.malloc(64n);
    expect(ptr).toBeGreaterThan(2n ** 32n);
    env.free(ptr);
    expectEmpty(heap);
  });

  test('of 64 bits are BigInts, signed or not', () => {
    const { heap, memory } = heapIn();
    const { env } = wasmImports64(heap, memory);
    const ptrs = [env.malloc(0n), env.calloc(10n, 8n), env.aligned_alloc(256n, 5n)];
    expect([ptrs[2]! % 256n, env.malloc(-1n), env.calloc(2n ** 63n, 2n)]).toEqual([0n, 0n, 0n]);
    const many = env.reallocarray(ptrs[1]!, 100n, 100n);
    expect(env.malloc_usable_size(many)).toBeGreaterThanOrEqual(10_000n);
    const less = env.realloc(many, 1n);
    for (const ptr of [0n, ptrs[0]!, ptrs[2]!, less]) env.free(ptr);
    expect(heap.stats().invalidFrees).toBe(0);
    expectEmpty(heap);
  });
});
