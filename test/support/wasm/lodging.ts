// Where a lodger lives: a shared memory whose upper part is the heap, and an instance of the module
// on each thread, with that thread's allocator as its imports and a block of the heap as its stack.

import { WebAssembly, type WasmMemory, type WasmModule } from '../../../bench/versus/wasm.ts';
import type { SharedHeap } from '../../../src/index.ts';
import { wasmImports } from '../../../src/parts/wasm.ts';
import type { ExchangeOrders } from './exchange.ts';

/** Where the heap begins: the module's data and first stack lie below. */
export const DATA_PAGES = 4;
export const PAGE_BYTES = 65_536;
const STACK_BYTES = 16_384;
const STACK_POINTER = '__stack_pointer';

/** What the module exports, in either language. Addresses come back signed. */
export interface Lodger {
  take(size: number): number;
  give(ptr: number): void;
  takeZeroed(count: number, size: number): number;
  retake(ptr: number, size: number): number;
  retakeMany(ptr: number, count: number, size: number): number;
  takeAligned(align: number, size: number): number;
  usable(ptr: number): number;
  peek(ptr: number): number;
  poke(ptr: number, value: number): void;
  heapBase(): number;
  ownData(): number;
  exchange(...orders: readonly number[]): void;
  /** Of the one in C. */
  readonly [STACK_POINTER]?: { value: number };
}

/** A memory of which the module has `DATA_PAGES`, and a heap may have the rest. */
export function memoryOf(initial: number, maximum = initial): WasmMemory {
  return new WebAssembly.Memory({ initial, maximum, shared: true });
}

/** An instance for this thread. Its stack, where the language has one, is freed by `leave`. */
export function moveIn(module: WasmModule, heap: SharedHeap, memory: WasmMemory) {
  const instance = new WebAssembly.Instance(module, wasmImports(heap, memory));
  const lodger = instance.exports as Lodger;
  const pointer = lodger[STACK_POINTER];
  const stack = pointer === undefined ? 0 : heap.alloc(STACK_BYTES);
  if (pointer !== undefined) pointer.value = stack + STACK_BYTES;
  return { lodger, leave: () => void (stack !== 0 && heap.free(stack)) };
}

/** One thread's part of an exchange, in the module. */
export function exchangeIn(lodger: Lodger, orders: ExchangeOrders): void {
  const { table, entries, owner, seed, rounds, tally } = orders;
  lodger.exchange(table, entries, owner, seed, rounds, tally);
}
