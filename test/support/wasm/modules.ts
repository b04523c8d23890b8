// The lodger, compiled anew for each run: by AssemblyScript, and by clang where there is one.
// Whoever needs the one in C skips, loudly, without it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebAssembly, type WasmModule } from '../../../bench/versus/wasm.ts';

const PAGE_BYTES = 65_536;
const ASSEMBLYSCRIPT = [
  ...['--importMemory', '--sharedMemory', '--enable', 'threads', '--runtime', 'stub'],
  ...['--use', 'abort=', '--noAssert', '-O2'],
];
const CLANG = [
  ...['--target=wasm32', '-nostdlib', '-O2', '-fno-builtin', '-matomics', '-mbulk-memory'],
  '-mmutable-globals',
];
const LINKER = [
  ...['--no-entry', '--import-memory', '--shared-memory', '--export=__stack_pointer'],
  ...['-z', 'stack-size=65536'],
];

export type Language = 'AssemblyScript' | 'C';
export type Limits = { readonly initial: number; readonly maximum: number };

/** The lodger, for a memory of such limits in pages of 64 KiB; null if nothing here compiles it. */
export async function lodger(language: Language, limits: Limits): Promise<WasmModule | null> {
  const bytes = language === 'C' ? compileC(limits) : await compileAssemblyScript(limits);
  return bytes === null ? null : new WebAssembly.Module(bytes);
}

async function compileAssemblyScript({ initial, maximum }: Limits): Promise<Uint8Array> {
  const { main } = await import('assemblyscript/asc');
  let bytes: Uint8Array | null = null;
  const pages = ['--initialMemory', String(initial), '--maximumMemory', String(maximum)];
  const { error, stderr } = await main(
    ['lodger.ts', '-o', 'out.wasm', ...pages, ...ASSEMBLYSCRIPT],
    {
      readFile: (name) => (name === 'lodger.ts' ? readFileSync(sourceOf('as'), 'utf8') : null),
      writeFile: (_name, contents) => void (bytes = contents as Uint8Array),
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === null) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return bytes;
}

function compileC({ initial, maximum }: Limits): Uint8Array | null {
  const found = ['clang', 'wasm-ld'].map((name) => spawnSync(name, ['--version']).status === 0);
  if (found.includes(false)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'atomalloc-wasm-'));
  const out = join(folder, 'lodger.wasm');
  const pages = [
    `--initial-memory=${initial * PAGE_BYTES}`,
    `--max-memory=${maximum * PAGE_BYTES}`,
  ];
  const linker = [...LINKER, ...pages].map((flag) => `-Wl,${flag.replace(' ', ',')}`);
  const { status, stderr } = spawnSync('clang', [...CLANG, ...linker, '-o', out, sourceOf('c')]);
  if (status !== 0) throw new Error(`clang: ${stderr.toString()}`);
  const bytes = readFileSync(out);
  rmSync(folder, { recursive: true });
  return bytes;
}

// From test/support/wasm it is here, from dist/test/support/wasm four folders up and down again.
function sourceOf(ending: 'as' | 'c'): string {
  return fileURLToPath(new URL(`./lodger.${ending}`, import.meta.url));
}
