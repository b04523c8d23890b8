// The hold build: the sources of src/ as they are, in a directory of their own, with one thing put
// into the text. The last argument of each access to shared memory is passed through `$at`
// (hold.ts), so that a thread may be stopped when everything has been worked out and nothing but
// the access itself is left to do. Nothing is narrowed, replaced or left out; only types are gone,
// so that it runs on Node 20. As every kill costs a worker that has to load them, the modules are
// then put into one file, and so are the workers' programs: a kill takes half the time.
//
//   this.memory.set(at, top - 1)     this.memory.set(at, $at(1042, top - 1))
//   memory.pause()                   memory.pause($at(31))

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import MagicString from 'magic-string';
import { build, transformWithOxc } from 'vite';
import { ROOT } from '../model/loader.ts';
import { programOf, type Call } from '../model/reach.ts';
import { sitesOf, type Site } from '../model/sites.ts';
import { readUnit, type Node, type Unit } from '../model/source.ts';

export interface HoldBuild {
  /** What `BUILT` exports, for `import`. Beside it lie the programs of the workers. */
  readonly url: string;
  readonly sites: readonly Site[];
  remove(): void;
}

/** Each of them in one file. But for the first they have the heap as it is, without holds. */
const PROGRAMS = [
  'workers/held.js',
  'workers/mortal.js',
  'workers/nest.js',
  'src/host/sentinel.js', // where the heap's file looks for it
];

/** What a trial calls. */
const BUILT = `
export { SharedHeap } from './src/index.js';
export { channel } from './src/parts/channel.js';
`;

/** `hooks` is the compiled hold.ts, which the built modules import. */
export async function holdBuild(hooks: URL): Promise<HoldBuild> {
  const program = programOf(sourcePaths().map((path) => readUnit(ROOT, path)));
  const sites = sitesOf(program);
  const directory = mkdtempSync(join(tmpdir(), 'atomalloc-hold-'));
  for (const unit of program.units) {
    const code = await built(unit, sites);
    const file = join(directory, unit.path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `import { $at } from ${JSON.stringify(hooks.href)};\n${code}`);
  }
  writeFileSync(join(directory, 'built.js'), BUILT);
  await bundle(join(directory, 'built.js'), directory, 'heap.mjs', hooks);
  for (const path of PROGRAMS) {
    const entry = new URL(`../../${path}`, hooks);
    await bundle(fileURLToPath(entry), directory, posix.basename(path), hooks);
  }
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  return {
    url: pathToFileURL(join(directory, 'heap.mjs')).href,
    sites: [...sites.values()],
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The modules that `entry` leads to, in one file of the directory. */
async function bundle(entry: string, directory: string, name: string, hooks: URL): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'silent',
    root: directory,
    build: {
      lib: { entry, formats: ['es'], fileName: () => name },
      outDir: directory,
      emptyOutDir: false,
      minify: false,
      target: 'es2022',
      rollupOptions: {
        external: [/^node:/, hooks.href, fileURLToPath(hooks)],
        makeAbsoluteExternalsRelative: false,
      },
    },
  });
}

async function built(unit: Unit, sites: ReadonlyMap<Call, Site>) {
  const text = new MagicString(unit.text);
  for (const [call, site] of sites) if (call.within?.unit === unit) hold(text, call, site.id);
  for (const node of unit.program['body'] as Node[]) relink(text, unit, node);
  const { code } = await transformWithOxc(text.toString(), unit.path, {
    target: 'es2022',
    sourcemap: false,
    typescript: { removeClassFieldsWithoutInitializer: true },
  });
  return code;
}

function hold(text: MagicString, call: Call, id: number): void {
  const last = (call.node['arguments'] as Node[]).at(-1);
  if (last === undefined) {
    text.appendLeft(call.node.end - 1, `$at(${id})`);
    return;
  }
  text.prependRight(last.start, `$at(${id}, `);
  text.appendLeft(last.end, ')');
}

/** The built modules' names end in .js. */
function relink(text: MagicString, unit: Unit, node: Node): void {
  const from = node['source'] as Node | null | undefined;
  if (from === null || from === undefined || !String(from['value']).startsWith('.')) return;
  const name = unit.text.slice(from.start, from.end).replace(/\.ts(['"])$/, '.js$1');
  text.overwrite(from.start, from.end, name);
}

function sourcePaths(): string[] {
  return readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join('src', name.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.ts'))
    .sort();
}
