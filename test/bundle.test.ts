// What a browser gets: an embedder's program, bundled by Vite, which finds the package and its
// subpaths by their public names. It is then run where there is nothing of Node. Needs dist/.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Those for browsers, with what a program may do with each; told as `seen`. */
const USES = {
  atomalloc: `
    import { SharedHeap } from 'atomalloc';
    const heap = SharedHeap.create({ size: '4MiB' });
    const tx = heap.transaction((it) => it.alloc(100_000));
    globalThis.seen = [heap.free(heap.alloc(64)), heap.free(tx.value), heap.validate()];`,
  'atomalloc/channel': `
    import { SharedHeap } from 'atomalloc';
    import { channel } from 'atomalloc/channel';
    const heap = SharedHeap.create({ size: '4MiB' });
    const { value } = channel(heap, 'jobs', { capacity: 2 });
    value.trySend(heap.alloc(16));
    globalThis.seen = [heap.free(value.tryReceive().value), value.tryReceive().error.code];`,
  'atomalloc/text': `
    import { SharedHeap } from 'atomalloc';
    import { allocText, readText } from 'atomalloc/text';
    const heap = SharedHeap.create({ size: '4MiB' });
    globalThis.seen = [readText(heap, allocText(heap, 'Grüße'))];`,
  'atomalloc/record': `
    import { SharedHeap } from 'atomalloc';
    import { record } from 'atomalloc/record';
    const heap = SharedHeap.create({ size: '4MiB' });
    const { get, set } = record({ id: 'u32', at: 'f64' }).on(heap);
    const ptr = heap.alloc(16);
    set.at(ptr, 0.5);
    globalThis.seen = [get.at(ptr)];`,
  'atomalloc/wasm': `
    import { SharedHeap } from 'atomalloc';
    import { wasmImports } from 'atomalloc/wasm';
    const memory = new WebAssembly.Memory({ initial: 80, maximum: 80, shared: true });
    const { env } = wasmImports(SharedHeap.create({ buffer: memory.buffer }), memory);
    const ptr = env.calloc(8, 8);
    globalThis.seen = [ptr > 0, env.malloc_usable_size(ptr), env.malloc(-(2 ** 31))];`,
  'atomalloc/browser': `
    import { holdLease, watchLeases } from 'atomalloc/browser';
    globalThis.seen = [];
    holdLease().catch((error) => seen.push(error.message));`,
};
const SEEN: Record<keyof typeof USES, unknown[]> = {
  atomalloc: [true, true, []],
  'atomalloc/channel': [true, 'TIMEOUT'],
  'atomalloc/text': ['Grüße'],
  'atomalloc/record': [0.5],
  'atomalloc/wasm': [true, 64, 0],
  'atomalloc/browser': [expect.stringMatching(/^there are no Web Locks here/)],
};
/** What only Node can load. */
const NODES_OWN = /^host\/(files|node|piscina|scribe|sentinel|slip|task|transcript|worker)$/;
const names = Object.keys(USES) as (keyof typeof USES)[];

let embedder: string;

beforeAll(() => {
  embedder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
  mkdirSync(join(embedder, 'node_modules'));
  symlinkSync(ROOT, join(embedder, 'node_modules/atomalloc'), 'junction');
});

afterAll(() => rmSync(embedder, { recursive: true, force: true }));

type Output = Rolldown.RolldownOutput['output'];

async function bundle(program: string, format: 'es' | 'iife' = 'es'): Promise<Output> {
  const entry = join(embedder, 'entry.js');
  writeFileSync(entry, program);
  const rolldownOptions = { input: entry, output: { format } };
  const options = { root: embedder, configFile: false, logLevel: 'error' } as const;
  const built = await build({ ...options, build: { write: false, rolldownOptions } });
  return (built as Rolldown.RolldownOutput).output;
}

function chunksOf(output: Output): Rolldown.OutputChunk[] {
  return output.filter((it) => it.type === 'chunk');
}

/** The package's files in a bundle, without their folders. */
function filesIn(output: Output): string[] {
  const ids = chunksOf(output).flatMap((it) => it.moduleIds);
  return ids.flatMap((id) => /\/dist\/src\/(.+)\.js$/.exec(id)?.[1] ?? []);
}

/** Runs a program of one file where there is the language and little else; what it has seen. */
async function run(program: string): Promise<unknown> {
  const page = { setInterval: () => 0, clearInterval: () => undefined, queueMicrotask };
  const globals = { ...page, performance, TextEncoder, TextDecoder };
  const context = createContext(globals);
  runInContext(program, context);
  await new Promise((done) => setTimeout(done));
  return JSON.parse(JSON.stringify(context['seen']));
}

describe.each(names)('%s, bundled for a browser', (name) => {
  test('brings all it needs, and nothing of Node', async () => {
    const output = await bundle(USES[name]);
    const chunks = chunksOf(output);
    const parts = chunks.flatMap((it) => [...it.imports, ...it.dynamicImports]);
    expect(parts.filter((part) => !output.some((it) => it.fileName === part))).toEqual([]);
    const ids = chunks.flatMap((it) => it.moduleIds);
    expect(ids.filter((id) => /browser-external|node:/.test(id))).toEqual([]);
    for (const text of output.map((it) => (it.type === 'chunk' ? it.code : String(it.source)))) {
      expect(text).not.toMatch(/\b(from|import|require)\s*\(?\s*["'`]node:/);
    }
    expect(filesIn(output).filter((file) => NODES_OWN.test(file))).toEqual([]);
  });

  test('runs where there is nothing of Node', async () => {
    const [only] = chunksOf(await bundle(USES[name], 'iife'));
    expect(await run(only!.code)).toEqual(SEEN[name]);
  });
});

test('the sentry of atomalloc/browser becomes a file of its own', async () => {
  const output = await bundle(`${USES['atomalloc/browser']} seen.push(watchLeases);`);
  const sentries = output.filter((it) => /sentry/.test(it.fileName));
  expect(sentries.map((it) => it.type)).toEqual(['asset']);
  expect(chunksOf(output)[0]!.code).toContain(sentries[0]!.fileName.split('/').at(-1));
});

test('what is not used is not there', async () => {
  const subpaths = names.filter((name) => name !== 'atomalloc');
  const unused = await bundle(subpaths.map((name) => `import '${name}';`).join('\n'));
  expect(chunksOf(unused).map(({ code }) => code)).toEqual(['']);
  const text = await bundle("import { readText } from 'atomalloc/text'; console.log(readText);");
  expect(filesIn(text)).toEqual(['parts/text']);
  const error = await bundle("import { HeapError } from 'atomalloc'; console.log(HeapError);");
  expect(filesIn(error)).not.toContain('heap/heap');
  const core = await bundle(USES.atomalloc);
  expect(filesIn(core).filter((file) => /^(parts|testing)\//.test(file))).toEqual([]);
  const { code } = chunksOf(core)[0]!;
  const [minified, gzipped] = [code.length, gzipSync(code).length].map((it) => it / 1000);
  console.info(`atomalloc alone: ${minified} kB minified, ${gzipped} kB gzipped`);
  expect(gzipped, 'kB: say so in the README when it grows').toBeLessThan(60);
});
