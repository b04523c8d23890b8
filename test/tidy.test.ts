// Style as a unit test. Each rule is held against the repository, and against small samples:
// some that it must flag, once and at the line given, and some that it must let pass. A rule
// that no sample breaks is itself a failure.

import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MAY_TOUCH_WORDS, NOT_A_WORKER, rules } from './support/tidy/rules.ts';
import { readRepository, treeOf } from './support/tidy/source.ts';

const ESSAY = '// What the thing is, and\n// how a request meets it.\n';
const HOME = ['', 'home', 'ann', 'heap'].join('/');
const UP = '../'.repeat(2);

const flagged: [rule: string, path: string, text: string, line: number][] = [
  ['every file has its room', 'src/gc/mark.ts', '', 1],
  ['every file has its room', 'src/extra.ts', '', 1],
  ['every file has its room', 'vite.config.ts', '', 1],
  ['the law of imports', 'src/page/buddy.ts', "import { a } from '../slot/table.ts';", 1],
  ['the law of imports', 'src/page/buddy.ts', "\nimport type { a } from '../index.ts';", 2],
  ['the law of imports', 'src/page/buddy.ts', "export * from '../block/slab.ts';", 1],
  ['the law of imports', 'src/page/buddy.ts', "\n\nawait import('../tx/journal.ts');", 3],
  ['the law of imports', 'src/page/buddy.ts', "type A = import('../tx/journal.ts').A;", 1],
  ['the law of imports', 'src/page/buddy.ts', "import { a } from '../extra.ts';", 1],
  ['the law of imports', 'src/heap/heap.ts', "import { a } from '../../test/support/a.ts';", 1],
  ['the law of imports', 'src/heap/heap.ts', "import { a } from 'node:fs';", 1],
  ['the law of imports', 'src/host/piscina.ts', "import { a } from 'piscina';", 1],
  ['the law of imports', 'src/index.ts', "import { a } from './testing/a.ts';", 1],
  ['the law of imports', 'src/testing/a.ts', "import { a } from 'vitest';", 1],
  ['no import cycles', 'src/page/a.ts', "import './a.ts';", 1],
  ['only the listed files touch shared words', 'src/page/a.ts', '\nAtomics.load(a, 0);', 2],
  ['only the listed files touch shared words', 'src/page/a.ts', 'new Int32Array(b);', 1],
  ['only the listed files touch shared words', 'src/page/a.ts', 'new BigUint64Array(b);', 1],
  ['only the listed files touch shared words', 'src/page/a.ts', 'f(() => new DataView(b));', 1],
  ['only the listed files touch shared words', 'src/page/a.ts', 'view(Float64Array, b);', 1],
  ['files are short', 'test/a.test.ts', '\n'.repeat(301), 301],
  ['worker programs are shorter', 'workers/hammer.ts', '\n'.repeat(81), 81],
  ['lines are narrow', 'bench/micro.ts', `\n${'a'.repeat(101)}`, 2],
  ['no function is long', 'src/page/a.ts', `\n${functionOf(41)}`, 2],
  ['no function is long', 'workers/a.ts', `class A {\n  static async ${methodOf(41)}}`, 2],
  ['no function is long', 'bench/a.ts', `const a = () => {${'\n'.repeat(40)}};`, 1],
  ['most functions are short', 'src/page/a.ts', functionOf(26), 1],
  ['half the functions are tiny', 'src/page/a.ts', functionOf(9), 1],
  ['no enum', 'test/a.ts', '\nenum A { B }', 2],
  ['no enum', 'src/page/a.ts', 'export const enum A { B }', 1],
  ['no parameter properties', 'src/page/a.ts', 'class A {\nconstructor(readonly a: B) {}\n}', 2],
  ['no any', 'workers/a.ts', 'const a =\n  b as any;', 2],
  ['no any', 'src/page/a.ts', 'function a(...b: any[]) {}', 1],
  ['no default exports', 'bench/a.ts', '\nexport default 1;', 2],
  ['no default exports', 'src/page/a.ts', 'const a = 1;\nexport { a as default };', 2],
  ['no unfinished business in comments', 'src/page/a.ts', `a();\n/* ${'TO'}DO: b */`, 2],
  ['no unfinished business in comments', 'test/a.ts', `\n\n// ${'FIX'}ME`, 3],
  ['names say what a thing is', 'src/word/bit-utils.ts', '', 1],
  ['names say what a thing is', 'test/helpers/heap.ts', '', 1],
  ['names say what a thing is', 'src/heap/heapManager.ts', '', 1],
  ['names say what a thing is', 'src/core/heap.ts', '', 1],
  ['every file opens with what it is', 'src/page/a.ts', 'export const a = 1;\n', 1],
  ['every file opens with what it is', 'src/page/a.ts', '// One line.\n\n// Another.\n', 1],
  ['every file opens with what it is', 'src/page/a.ts', '// A banner.\n// ========\n', 1],
  ['every file opens with what it is', 'workers/a.ts', '/* One line. */\n', 1],
  ['every file opens with what it is', 'bench/a.ts', 'export const a = 1; // One line.\n', 1],
  ['nothing tells where it was made', 'README.md', `\nSee ${HOME} there.`, 2],
  ['nothing tells where it was made', 'src/page/a.ts', `// ${HOME}`, 1],
  ['nothing tells where it was made', 'bench/traces/README.md', `from ${UP}${UP}shared`, 1],
  ['nothing tells where it was made', 'package-lock.json', `{\n"${'resolved'}": ""}`, 2],
  ['nothing tells where it was made', 'package-lock.json', `https:/${'/registry.'}some.org/a`, 1],
  ['nothing tells where it was made', '.ci/run', `curl http:/${'/build7'}:8080/a`, 1],
  ['nothing tells where it was made', '.ci/run', `curl http:/${'/git.corp'}/a`, 1],
  ['nothing tells where it was made', '.ci/run', `ping 192.${'168.0'}.7`, 1],
];

const passed: [rule: string, path: string, text: string][] = [
  ['every file has its room', 'src/index.ts', ''],
  ['every file has its room', 'src/testing.ts', ''],
  ['the law of imports', 'src/testing.ts', "import { a } from './index.ts';"],
  ['the law of imports', 'src/testing/a.ts', "import { a } from '../heap/heap.ts';"],
  ['the law of imports', 'src/heap/heap.ts', "import { a } from '../word/lock.ts';"],
  ['the law of imports', 'src/heap/heap.ts', "import { a } from './stats.ts';"],
  ['the law of imports', 'src/host/node.ts', "import { a } from 'node:worker_threads';"],
  ['the law of imports', 'test/a.ts', "import { a } from 'vitest';"],
  ['only the listed files touch shared words', 'src/page/a.ts', 'let a: Int32Array; // Atomics'],
  ['only the listed files touch shared words', 'src/page/a.ts', 'let a: typeof DataView;'],
  ['only the listed files touch shared words', 'src/word/memory.ts', 'new Int32Array(b);'],
  ['files are short', 'src/page/a.ts', '\n'.repeat(300)],
  ['lines are narrow', 'src/page/a.ts', 'a'.repeat(100)],
  ['no function is long', 'src/page/a.ts', functionOf(40)],
  ['no any', 'src/page/a.ts', 'const any = 1; // any'],
  ['no unfinished business in comments', 'src/page/a.ts', "const a = 'TODO';"],
  ['names say what a thing is', 'src/page/score.ts', ''],
  ['every file opens with what it is', 'bench/a.ts', '// One line.\n'],
  ['every file opens with what it is', 'workers/a.ts', `#!/usr/bin/env node\n${ESSAY}`],
  ['every file opens with what it is', 'src/page/a.ts', '/**\n * What it is, and\n * why.\n */\n'],
  ['nothing tells where it was made', 'README.md', 'https://github.com/a/b/tree/main/work/x'],
  ['nothing tells where it was made', 'README.md', 'http://localhost:8080/ or test/work/a.ts'],
];

function functionOf(lines: number): string {
  return `function ${methodOf(lines)}`;
}

function methodOf(lines: number): string {
  return `a(): void {${'\n'.repeat(lines - 1)}}`;
}

/** Where a rule objects, as `path:line`, for tables of samples. */
function places(rule: string, texts: Record<string, string>): string[] {
  return rules[rule]!(treeOf(texts)).map(({ path, line }) => `${path}:${line}`);
}

describe('the repository', () => {
  const tree = readRepository(fileURLToPath(new URL('..', import.meta.url)));

  test('was found', () => {
    const paths = tree.sources.map((source) => source.path);
    expect(paths).toContain('src/index.ts');
    expect(paths).toContain('test/tidy.test.ts');
  });

  test('has the files that are excepted from rules', () => {
    const paths = tree.sources.map((source) => source.path);
    const excepted = Object.keys({ ...MAY_TOUCH_WORDS, ...NOT_A_WORKER });
    expect(excepted.filter((path) => !paths.includes(path))).toEqual([]);
  });

  test.each(Object.entries(rules))('%s', (name, rule) => {
    const broken = rule(tree).map((it) => `${it.path}:${it.line} [${name}] ${it.message}`);
    expect(broken.join('\n')).toBe('');
  });
});

describe('the rules', () => {
  test.each(Object.keys(rules))('%s: what breaks it is flagged', (name) => {
    const samples = flagged.filter(([rule]) => rule === name);
    expect(samples).not.toEqual([]);
    for (const [, path, text, line] of samples) {
      expect(places(name, { [path]: text }), text).toEqual([`${path}:${line}`]);
    }
  });

  test.each(passed)('%s: what keeps to it passes: %s', (rule, path, text) => {
    expect(places(rule, { [path]: text }), text).toEqual([]);
  });

  test('a cycle of three files is found once, where it closes', () => {
    const cycle = {
      'src/block/a.ts': "import './b.ts';",
      'src/block/b.ts': "\nimport type { C } from './c.ts';",
      'src/block/c.ts': "\n\nexport * from './a.ts';",
      'src/block/d.ts': "import './a.ts';\nimport './c.ts';",
    };
    expect(places('no import cycles', cycle)).toEqual(['src/block/c.ts:3']);
  });

  test('short functions do not hide that half of them are long', () => {
    const text = [3, 3, 9, 9, 9].map(functionOf).join('\n');
    expect(places('half the functions are tiny', { 'src/page/a.ts': text })).toHaveLength(5);
    expect(places('most functions are short', { 'src/page/a.ts': text })).toEqual([]);
  });

  test('one long function in ten is allowed, two are not', () => {
    const text = [...Array<number>(9).fill(3), 30].map(functionOf).join('\n');
    expect(places('most functions are short', { 'src/page/a.ts': text })).toEqual([]);
    const worse = `${text}\n${functionOf(31)}`;
    expect(places('most functions are short', { 'src/page/a.ts': worse })).not.toEqual([]);
  });
});
