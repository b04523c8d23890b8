// The package as an embedder meets it. It is packed, installed into an empty project by npm without
// a network, imported there by plain node, and compiled against by a strict TypeScript program.
// Needs dist/, which `npm test` has built by now.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Packed {
  readonly filename: string;
  readonly files: readonly { path: string }[];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const USE = `
  import { SharedHeap } from 'atomalloc';
  const heap = SharedHeap.create({ size: '4MiB' });
  const ptr = heap.alloc(64);
  const usable = heap.usableSize(ptr);
  const frees = [heap.free(ptr), heap.free(ptr)];
  console.log(JSON.stringify({ ptr, usable, frees, findings: heap.validate() }));
`;
/** One heap, whichever door its users come through. */
const TESTED_USE = `
  import { SharedHeap } from 'atomalloc';
  import { failNth, stateHash } from 'atomalloc/testing';
  const heap = SharedHeap.create({ size: '4MiB' });
  const before = stateHash(heap);
  const runs = failNth(heap, () => heap.free(heap.alloc(64)), { unchanged: false });
  console.log(JSON.stringify([runs.map((run) => run.failed), stateHash(heap) === before]));
`;
const TYPED_USE = `
  import { SharedHeap, type FaultPlan, type Ptr } from 'atomalloc';
  import { failNth, type FailNthOptions, type FailNthRun } from 'atomalloc/testing';
  const heap: SharedHeap = SharedHeap.create({ size: '4MiB' });
  const ptr: Ptr = heap.alloc(64);
  export const freed: boolean = heap.free(ptr);
  const plan: FaultPlan = { nth: 1 };
  heap.faults.inject(plan);
  const options: FailNthOptions<Ptr> = { unchanged: true, undo: (done) => heap.free(done) };
  export const runs: FailNthRun<Ptr>[] = failNth(heap, () => heap.alloc(64), options);
  // @ts-expect-error: a size is not a list
  heap.alloc([]);
`;
/** Types of a pool come from whoever has one: none is installed here. */
const TYPED_POOL = `
  import { SharedHeap, type Result } from 'atomalloc';
  import { heapPool, heapTask, runTask, type WorkerPool } from 'atomalloc/piscina';
  import { useHeap, withHeap } from 'atomalloc/worker';
  class Pool implements WorkerPool {
    readonly threads = [];
    readonly options: { workerData?: unknown; filename?: string };
    constructor(options: { workerData?: unknown; filename?: string } = {}) {
      this.options = options;
    }
    async run(task: number, options?: { name: string }): Promise<string> {
      return String(task) + options?.name;
    }
  }
  const heap: SharedHeap = SharedHeap.create({ size: '4MiB' });
  const pool: Pool = heapPool(heap, Pool, { filename: 'a.js' });
  export const task = heapTask((bytes: number, tx) => ({ ptr: tx.alloc(bytes) }));
  export const done: Promise<Result<{ ptr: number }>> = runTask(pool, 100, { name: 'task' });
  export const handle = withHeap(heap, { name: 'it' }).workerData.atomalloc;
  export const own: SharedHeap = useHeap();
  // @ts-expect-error: the pool has no such option
  heapPool(heap, Pool, { fillname: 'a.js' });
`;
/** What is built on the heap. */
const TYPED_PARTS = `
  import { SharedHeap, type Result } from 'atomalloc';
  import { holdLease, watchLeases } from 'atomalloc/browser';
  import { channel, type Channel } from 'atomalloc/channel';
  import { record } from 'atomalloc/record';
  import { allocText, readText } from 'atomalloc/text';
  const heap: SharedHeap = SharedHeap.create({ size: '4MiB' });
  const jobs: Result<Channel> = channel(heap, 'jobs', { capacity: 2 });
  if (!jobs.ok) throw new Error(jobs.error.message);
  const { get, set } = record({ id: 'u32', at: 'f64' }).on(heap);
  const ptr: number = heap.alloc(16);
  set.id(ptr, 7);
  jobs.value.trySend(ptr);
  const got = jobs.value.tryReceive();
  const text: string | undefined = readText(heap, allocText(heap, 'Grüße'));
  const lease: Promise<void> = holdLease();
  export const ends: Promise<() => void> = lease.then(() => watchLeases(heap));
  export const told = [got.ok ? get.id(got.value) : got.error.code, text];
`;

const TYPED_CONFIG = {
  files: ['use.ts', 'pool.ts', 'parts.ts'],
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: [],
  },
};

let embedder: string;
let packed: Packed;
let paths: string[];

beforeAll(() => {
  embedder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
  packed = JSON.parse(npm(ROOT, 'pack', '--json', '--pack-destination', embedder))[0];
  paths = packed.files.map((file) => file.path);
  writeFileSync(join(embedder, 'package.json'), '{ "name": "embedder", "type": "module" }');
  npm(embedder, 'install', '--offline', '--ignore-scripts', tarball());
}, 60_000);

afterAll(() => rmSync(embedder, { recursive: true, force: true }));

describe('the tarball', () => {
  test('holds the library, its sources and the papers, and nothing else', () => {
    const belongs =
      /^(src\/.+\.ts|dist\/src\/.+\.(js|d\.ts|d\.ts\.map)|[A-Z]+(\.md)?|package\.json)$/;
    expect(paths.filter((path) => !belongs.test(path))).toEqual([]);
    const papers = ['README.md', 'LICENSE', 'CHANGELOG.md'];
    expect(papers.filter((path) => !paths.includes(path))).toEqual([]);
  });

  test('holds an output for each source, and none whose source is gone', () => {
    const hint = 'outputs and sources differ: `npm run clean` drops old outputs';
    const ending = /^dist\/(src\/.+)\.d\.ts$/;
    const built = paths.flatMap((path) => ending.exec(path)?.[1] ?? []);
    const sources = paths
      .filter((path) => path.startsWith('src/'))
      .map((path) => path.slice(0, -3));
    expect(built.sort(), hint).toEqual(sources.sort());
    expect(built.filter((path) => !paths.includes(`dist/${path}.js`))).toEqual([]);
    expect(sources).toEqual(expect.arrayContaining(['src/index', 'src/testing']));
  });

  test('brings no other package and runs nothing when it is installed', () => {
    const manifest = JSON.parse(readFileSync(join(home(), 'package.json'), 'utf8'));
    const needs = Object.keys(manifest).filter((key) => /dependencies$/i.test(key));
    const hooks = Object.keys(manifest.scripts).filter((name) => /install|prepare/.test(name));
    expect([needs.sort(), hooks]).toEqual([['devDependencies', 'peerDependencies'], []]);
    const peers = Object.keys(manifest.peerDependencies);
    expect(peers.filter((name) => !manifest.peerDependenciesMeta[name].optional)).toEqual([]);
    const installed = readdirSync(join(embedder, 'node_modules'));
    expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['atomalloc']);
  });

  test('leaves publint nothing to say', async () => {
    const { buffer } = new Uint8Array(readFileSync(tarball()));
    const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  test('has types that resolve the way the code does', () => {
    const attw = bin('@arethetypeswrong/cli', 'attw');
    expect(run(ROOT, attw, tarball(), '--profile', 'esm-only')).toContain('node16 (from ESM)');
  }, 60_000);
});

describe('an embedder', () => {
  test('imports it from its node_modules and frees a block once', () => {
    expectOneBlock(embedder);
  });

  test('that is the package itself imports it by its own name', () => {
    expectOneBlock(ROOT);
  });

  test('imports what its own tests need from atomalloc/testing', () => {
    for (const cwd of [embedder, ROOT]) {
      expect(JSON.parse(node(cwd, TESTED_USE))).toEqual([[true, false], false]);
    }
  });

  test('reaches package.json and what is Node’s own, and no file behind the public names', () => {
    const resolve = (name: string) => node(embedder, `console.log(import.meta.resolve('${name}'))`);
    expect(resolve('atomalloc/package.json')).toMatch(/package\.json\n$/);
    for (const name of ['channel', 'record', 'text', 'wasm']) {
      expect(resolve(`atomalloc/${name}`)).toContain(`dist/src/parts/${name}.js`);
    }
    for (const name of ['browser', 'inspector', 'node', 'piscina', 'worker']) {
      const file = new RegExp(`dist/src/host/${name}\\.js\\n$`);
      expect(resolve(`atomalloc/${name}`)).toMatch(file);
    }
    expect(() => resolve('atomalloc/dist/src/index.js')).toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  test('compiles against it strictly, library files checked and no other types around', () => {
    writeFileSync(join(embedder, 'use.ts'), TYPED_USE);
    writeFileSync(join(embedder, 'pool.ts'), TYPED_POOL);
    writeFileSync(join(embedder, 'parts.ts'), TYPED_PARTS);
    writeFileSync(join(embedder, 'tsconfig.json'), JSON.stringify(TYPED_CONFIG));
    const tsc = bin('typescript', 'tsc');
    expect(run(embedder, tsc, '-p', embedder)).toBe('');
    const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler'];
    expect(run(embedder, tsc, '-p', embedder, ...bundler)).toBe('');
  }, 60_000);
});

function expectOneBlock(cwd: string): void {
  const { ptr, usable, frees, findings } = JSON.parse(node(cwd, USE));
  expect(ptr).toBeGreaterThan(0);
  expect(usable).toBeGreaterThanOrEqual(64);
  expect(frees).toEqual([true, false]);
  expect(findings).toEqual([]);
}

function tarball(): string {
  return join(embedder, packed.filename);
}

function home(): string {
  return join(embedder, 'node_modules/atomalloc');
}

/** The file behind a command of a package that is installed here. */
function bin(name: string, command: string): string {
  const folder = join(ROOT, 'node_modules', name);
  return join(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin[command]);
}

function node(cwd: string, program: string): string {
  return run(cwd, '--input-type=module', '--eval', program);
}

/** npm runs tests with its own path at hand; without it, the one on the PATH has to do. */
function npm(cwd: string, ...args: string[]): string {
  const own = process.env['npm_execpath'];
  return own ? run(cwd, own, ...args) : execFileSync('npm', args, { cwd, encoding: 'utf8' });
}

/** Standard output; a failure throws with both streams in the message. */
function run(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}
