// dlmalloc, compiled to WebAssembly with threads: the `malloc` and `free` of wasi-libc, which
// `@node-rs/argon2-wasm32-wasi` exports for its own use. Each thread has an instance of the module
// over one shared memory, as WebAssembly programs with threads do; a lock in the module guards it.
//
// A thread needs a stack of its own, so the module's stack pointer is exported, too. Nothing that
// the module imports is called by these two functions.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';
import { exportGlobal, WebAssembly, type WasmMemory, type WasmModule } from './wasm.ts';
import { foundedAs, MEMORY_BYTES, workOn, type Peer } from './peer.ts';

const PACKAGE = '@node-rs/argon2-wasm32-wasi';
const STACK_POINTER = 0; // which global it is: the linker puts it first
const STACK_BYTES = 64 * 1024;
const PAGE_BYTES = 65_536;
const ROOM_BYTES = 160 * 2 ** 20; // that dlmalloc has before a round, so the memory never grows

interface Shared {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly stacks: readonly number[];
}

interface Exports {
  malloc(size: number): number;
  free(ptr: number): void;
  _initialize(): void;
  readonly stackPointer: { value: number };
}

function load(): WasmModule {
  const folder = dirname(createRequire(import.meta.url).resolve(PACKAGE));
  const bytes = readFileSync(join(folder, 'argon2.wasm32-wasi.wasm'));
  return new WebAssembly.Module(exportGlobal(bytes, STACK_POINTER, 'stackPointer'));
}

function instantiate(module: WasmModule, memory: WasmMemory): Exports {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: kind === 'memory' ? memory : () => 0 };
  }
  return new WebAssembly.Instance(module, imports).exports as unknown as Exports;
}

export const dlmalloc: Peer = {
  found({ threads }) {
    const module = load();
    const [initial, maximum] = [MEMORY_BYTES / PAGE_BYTES, (2 * MEMORY_BYTES) / PAGE_BYTES];
    const memory = new WebAssembly.Memory({ initial, maximum, shared: true });
    const { malloc, free, _initialize: initialize } = instantiate(module, memory);
    initialize();
    const stacks = Array.from({ length: threads }, () => malloc(STACK_BYTES) + STACK_BYTES);
    free(malloc(ROOM_BYTES));
    return foundedAs({ module, memory, stacks } satisfies Shared);
  },
  join(data, part) {
    const { module, memory, stacks } = data as Shared;
    const { malloc, free, stackPointer } = instantiate(module, memory);
    stackPointer.value = stacks[part.thread]! & -16;
    const words = new Int32Array(memory.buffer);
    return workOn({ heap: { alloc: malloc, free }, words }, part);
  },
};
