// A WebAssembly module with one more export. A module is eight bytes and then sections: a byte that
// says which, a length, the contents. Those of the exports are a count, then the entries.

/** What of WebAssembly is used here: its types come with a browser's, which Node's lack. */
interface Engine {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): readonly { module: string; name: string; kind: string }[];
  };
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
  readonly Memory: new (limits: object) => WasmMemory;
}

export type WasmModule = object;

export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** By so many pages of 64 KiB. */
  grow(pages: number): number;
}

export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Engine };

const PREAMBLE_BYTES = 8;
const EXPORTS = 7;
const GLOBAL = 3;

/** The module's bytes with its global number `index`, below 128, exported by a name. */
export function exportGlobal(module: Uint8Array, index: number, name: string): Buffer {
  const text = Buffer.from(name);
  const entry = Buffer.from([text.length, ...text, GLOBAL, index]);
  const { start, contents, end } = sectionOf(module, EXPORTS);
  const [count, entries] = readLength(module, contents);
  const changed = Buffer.concat([lengthOf(count + 1), module.subarray(entries, end), entry]);
  const section = Buffer.concat([Buffer.from([EXPORTS]), lengthOf(changed.length), changed]);
  return Buffer.concat([module.subarray(0, start), section, module.subarray(end)]);
}

function sectionOf(module: Uint8Array, kind: number) {
  let start = PREAMBLE_BYTES;
  while (start < module.length) {
    const [length, contents] = readLength(module, start + 1);
    const end = contents + length;
    if (module[start] === kind) return { start, contents, end };
    start = end;
  }
  throw new Error(`the module has no section ${kind}`);
}

// Numbers have seven bits a byte, the lowest first; the eighth says that another byte follows.
function readLength(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

function lengthOf(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
}
