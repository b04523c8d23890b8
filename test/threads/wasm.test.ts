// A heap in the upper part of a shared WebAssembly.Memory, behind a module's own data. A pointer is
// an address there, so what a worker writes through the heap's views a module's load instruction
// reads, and what its store instruction writes a worker reads.

import { expect, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import type { RelayOrders } from '../../workers/relay.ts';
import { Mailbox } from '../support/threads/mailbox.ts';
import { expectClean, expectEmpty, start } from '../support/threads/start.ts';
import { Stamped, type Block, type Tally } from '../support/threads/stamped.ts';

const WASM_PAGE = 65_536;
const DATA_PAGES = 3;
const HEAP_PAGES = 128;
const PAGES = DATA_PAGES + HEAP_PAGES;
const COUNT = 300;
const TRAFFIC = { owner: 1, seed: 1, leastBytes: 4, mostBytes: 20_000 };

const bytesOf = (text: string) => [text.length, ...Buffer.from(text)];
const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
const section = (id: number, ...body: number[]) => [id, ...leb(body.length), ...body];
const I32 = 0x7f;

/** (module (import "env" "memory" (memory 131 131 shared)) (func (export "load") …) (func …)) */
const MODULE = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 2, 0x60, 1, I32, 1, I32, 0x60, 2, I32, I32, 0), // (i32) → i32, (i32 i32) → ()
  ...section(2, 1, ...bytesOf('env'), ...bytesOf('memory'), 2, 3, ...leb(PAGES), ...leb(PAGES)),
  ...section(3, 2, 0, 1),
  ...section(7, 2, ...bytesOf('load'), 0, 0, ...bytesOf('store'), 0, 1),
  ...section(
    10,
    ...[2, 7, 0, 0x20, 0, 0x28, 2, 0, 0x0b], // local.get 0, i32.load
    ...[9, 0, 0x20, 0, 0x20, 1, 0x36, 2, 0, 0x0b], // local.get 0, local.get 1, i32.store
  ),
]);

/** The part of WebAssembly used here: its types come with a browser's, which Node's lack. */
interface Wasm {
  readonly Memory: new (limits: object) => Memory;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

interface Memory {
  readonly buffer: SharedArrayBuffer;
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };

interface Exports {
  load(address: number): number;
  store(address: number, value: number): void;
}

function instantiate(memory: Memory): Exports {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(MODULE), { env: { memory } });
  return instance.exports as Exports;
}

function heapBehindData(memory: Memory): SharedHeap {
  return SharedHeap.create({ buffer: memory.buffer, byteOffset: DATA_PAGES * WASM_PAGE });
}

/** The addresses of a block's whole words. */
function words({ ptr, size }: Block): number[] {
  return Array.from({ length: Math.floor(size / 4) }, (_, i) => ptr + i * 4);
}

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const { load, store } = instantiate(memory);

test('a module’s load instruction reads what a worker has written', async () => {
  const heap = heapBehindData(memory);
  const mail = Mailbox.publish(heap, 'mail', COUNT + 1);
  const orders = { heap: heap.handle, outbox: 'mail', count: COUNT, ...TRAFFIC };
  expectClean([await start<Tally>('relay', orders satisfies RelayOrders)]);
  const box = Mailbox.find(heap, 'mail');
  const stamped = new Stamped(heap, 0);
  for (let block = box.receive(); block !== null; block = box.receive()) {
    expect(words(block).map(load)).toEqual([
      ...heap.i32.subarray(block.ptr / 4).slice(0, block.size >> 2),
    ]);
    stamped.free(block);
  }
  expectClean([stamped.tally]);
  expect(stamped.tally.frees).toBe(COUNT);
  heap.free(mail);
  expectEmpty(heap);
  heap.detach();
});

test('a worker reads what a module’s store instruction has written', async () => {
  const heap = heapBehindData(memory);
  const mail = Mailbox.publish(heap, 'mail', COUNT + 1);
  const box = Mailbox.find(heap, 'mail');
  const stamped = new Stamped(heap, 0);
  for (let i = 0; i < COUNT; i++) {
    const block = stamped.alloc(4 * (1 + i * 7))!;
    const contents = words(block).map((address) => heap.i32[address / 4]!);
    heap.u8.fill(0, block.ptr, block.ptr + block.size);
    words(block).forEach((address, word) => store(address, contents[word]!));
    box.send(block);
  }
  box.send(null);
  const orders = { heap: heap.handle, inbox: 'mail', count: 0, ...TRAFFIC };
  const tally = await start<Tally>('relay', orders satisfies RelayOrders);
  expectClean([tally, stamped.tally]);
  expect(tally.frees).toBe(COUNT);
  heap.free(mail);
  expectEmpty(heap);
  heap.detach();
});

test('the module’s own data is not the heap’s', () => {
  for (let address = 0; address < DATA_PAGES * WASM_PAGE; address += 4) store(address, ~address);
  const heap = heapBehindData(memory);
  const blocks: number[] = [];
  for (let ptr = heap.alloc(60_000); ptr !== 0; ptr = heap.alloc(60_000)) blocks.push(ptr);
  for (const ptr of blocks) heap.u8.fill(0xa5, ptr, ptr + 60_000);
  expect(blocks.length).toBeGreaterThan(100);
  heap.freeMany(blocks);
  heap.detach();
  let wrong = 0;
  for (let address = 0; address < DATA_PAGES * WASM_PAGE; address += 4) {
    if (load(address) !== ~address) wrong++;
  }
  expect(wrong).toBe(0);
});
