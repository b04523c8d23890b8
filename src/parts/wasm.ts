// `atomalloc/wasm`: C's allocator for a WebAssembly module, served by the heap. The heap lies in a
// part of the module's shared memory, so a pointer is an address there; each thread instantiates
// the module with the imports of its own SharedHeap, and blocks go from thread to thread, module to
// JavaScript and back, as between any threads of the heap.
//
//   byte of the memory       whose it is
//   [0, byteOffset)          the module's: its data and its stack, up to its __heap_base
//   [byteOffset, byteEnd)    the heap's
//   [byteEnd, …)             the module's again, also all that `memory.grow` adds
//
// Growing makes a new, longer buffer object; the old ones show the same bytes up to their length.
// So a heap, which never becomes longer, notices nothing, and so do handles and views made before.
// Who wants the room for the heap reserves it: `initial` as large as `maximum`. Pages that nobody
// has touched cost nothing.
//
// There are no shared words here, and nothing is kept between two calls: a thread that dies in a
// call dies in the heap's call, and one that dies in the module leaves what it leaves there.
//
// An i32 arrives as a signed number and an i64 as a signed BigInt: addresses and sizes are made
// unsigned first. Products cannot wrap: those of doubles are too large for the heap, or exact.

import { HeapError } from '../word/errors.ts';
import { identityOf } from '../heap/attached.ts';
import type { SharedHeap } from '../heap/heap.ts';
import { open, type HeapHandle } from '../heap/open.ts';

const END_OF_I32 = 2 ** 32;

/** What is needed of a WebAssembly.Memory. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

/**
 * C's functions, for modules whose addresses are of type `Address`. None throws for want of memory
 * or for a bad pointer, nor sets errno; the heap counts what it refuses, and `heap.lastError` says
 * why.
 */
// A type and no interface: only so it fits the engine's own type of imports.
export type CAllocator<Address> = {
  /** Aligned to 16. 0 when there is no memory. `malloc(0)` is a block of its own, to be freed. */
  readonly malloc: (size: Address) => Address;
  /** Nothing for 0; and for all that is no live block, which C leaves undefined. */
  readonly free: (ptr: Address) => void;
  /** All bytes zero; 0 also when the product is more than the heap. */
  readonly calloc: (count: Address, size: Address) => Address;
  /**
   * `realloc(0, n)` is `malloc(n)`; `realloc(p, 0)` makes the block as small as can be and never
   * frees it, as in musl. 0 leaves the block as it was.
   */
  readonly realloc: (ptr: Address, size: Address) => Address;
  /** As `realloc`; 0 when the product is more than the heap. */
  readonly reallocarray: (ptr: Address, count: Address, size: Address) => Address;
  /** 0 when `align` is no power of two. The size need not be a multiple of it. */
  readonly aligned_alloc: (align: Address, size: Address) => Address;
  /** Bytes that the block holds, at least those asked for; 0 for 0 and what is no live block. */
  readonly malloc_usable_size: (ptr: Address) => Address;
};

/** An import object: what clang and AssemblyScript look for in `env`. */
export type WasmImports<Address, Memory> = {
  readonly env: CAllocator<Address> & { readonly memory: Memory };
};

/**
 * The imports of a module with 32-bit addresses: its `memory`, and C's allocator on this thread's
 * `heap`, which lies in that memory. Throws BAD_BUFFER when it does not, and when it reaches beyond
 * 4 GiB. A call costs what the heap's own does, and what the engine takes to cross over.
 */
export function wasmImports<Memory extends WasmMemory>(
  heap: SharedHeap,
  memory: Memory,
): WasmImports<number, Memory> {
  checkEnd(checkPlace(heap, memory));
  const c = allocatorOn(heap);
  const env = {
    memory,
    malloc: (size: number) => c.malloc(size >>> 0),
    free: (ptr: number) => c.free(ptr >>> 0),
    calloc: (count: number, size: number) => c.calloc(count >>> 0, size >>> 0),
    realloc: (ptr: number, size: number) => c.realloc(ptr >>> 0, size >>> 0),
    reallocarray: (ptr: number, count: number, size: number) =>
      c.reallocarray(ptr >>> 0, count >>> 0, size >>> 0),
    aligned_alloc: (align: number, size: number) => c.aligned_alloc(align >>> 0, size >>> 0),
    malloc_usable_size: (ptr: number) => c.malloc_usable_size(ptr >>> 0),
  };
  return { env };
}

/** As `wasmImports`, for a module with 64-bit addresses (memory64), which are BigInts here. */
export function wasmImports64<Memory extends WasmMemory>(
  heap: SharedHeap,
  memory: Memory,
): WasmImports<bigint, Memory> {
  checkPlace(heap, memory);
  const c = allocatorOn(heap);
  const env = {
    memory,
    malloc: (size: bigint) => BigInt(c.malloc(unsigned(size))),
    free: (ptr: bigint) => c.free(unsigned(ptr)),
    calloc: (count: bigint, size: bigint) => BigInt(c.calloc(unsigned(count), unsigned(size))),
    realloc: (ptr: bigint, size: bigint) => BigInt(c.realloc(unsigned(ptr), unsigned(size))),
    reallocarray: (ptr: bigint, count: bigint, size: bigint) =>
      BigInt(c.reallocarray(unsigned(ptr), unsigned(count), unsigned(size))),
    aligned_alloc: (align: bigint, size: bigint) =>
      BigInt(c.aligned_alloc(unsigned(align), unsigned(size))),
    malloc_usable_size: (ptr: bigint) => BigInt(c.malloc_usable_size(unsigned(ptr))),
  };
  return { env };
}

/** The same in plain numbers from 0 on. C's sizes may be 0, the heap's not. */
function allocatorOn(heap: SharedHeap): CAllocator<number> {
  const realloc = (ptr: number, size: number) => heap.realloc(ptr, size || 1);
  return {
    malloc: (size) => heap.alloc(size || 1),
    free: (ptr) => void (ptr !== 0 && heap.free(ptr)),
    calloc: (count, size) => {
      const got = heap.tryAlloc(count * size || 1, { zero: true });
      return got.ok ? got.value : 0;
    },
    realloc,
    reallocarray: (ptr, count, size) => realloc(ptr, count * size),
    aligned_alloc: (align, size) => {
      const got = heap.tryAlloc(size || 1, { align });
      return got.ok ? got.value : 0;
    },
    malloc_usable_size: (ptr) => heap.usableSize(ptr),
  };
}

/** Beyond 2^53 it is rounded, and no heap is as large. */
function unsigned(value: bigint): number {
  return Number(BigInt.asUintN(64, value));
}

/** The heap's handle, if its first words are the same ones through this memory. */
function checkPlace({ handle }: SharedHeap, { buffer }: WasmMemory): HeapHandle {
  if (!(buffer instanceof SharedArrayBuffer)) {
    throw new HeapError('BAD_BUFFER', 'make the WebAssembly.Memory with shared: true');
  }
  if (identityAt(handle) === identityAt({ ...handle, buffer })) return handle;
  throw elsewhere();
}

function identityAt(handle: HeapHandle): string {
  try {
    return identityOf(open(handle).memory);
  } catch {
    throw elsewhere();
  }
}

function elsewhere(): HeapError {
  const how = 'SharedHeap.create({ buffer: memory.buffer, byteOffset })';
  return new HeapError('BAD_BUFFER', `the heap is not in this memory: make it by ${how}`);
}

function checkEnd({ byteOffset, byteLength }: HeapHandle): void {
  if (byteOffset + byteLength <= END_OF_I32) return;
  throw new HeapError('BAD_BUFFER', 'the heap reaches beyond 4 GiB: that takes wasmImports64');
}
