// Every rule of style that a machine can check, by its name. The exceptions are the named tables
// at the top: whoever needs one adds a line with the reason, and a reader finds them all in one
// place.

import { posix } from 'node:path';
import { noneOver, shareWithin } from './functions.ts';
import { importCycles, lawOfImports, rankOf } from './imports.ts';
import { ROOMS, inside, isNode, lineAt, walk } from './source.ts';
import type { Node, Source, TextFile } from './source.ts';
import { at } from './violation.ts';
import type { Rule, Violation } from './violation.ts';

/** Who in src/ may name `Atomics`, a typed array's constructor or `rawArrays`, and why. */
export const MAY_TOUCH_WORDS: Readonly<Record<string, string>> = {
  'src/word/memory.ts': 'the one door to shared words',
  'src/block/fastpath.ts': 'has no bytecode to spare for the door',
  'src/block/sizeclass.ts': 'keeps a table of its own, a copy of immutable geometry',
  'src/block/texts.ts': 'encodes texts in small arrays of its own, which nobody shares',
  'src/heap/views.ts': 'makes the views that are handed to users',
  'src/host/files.ts': 'asks for a view of a block, as users do',
  'src/host/slip.ts': 'asks for views of blocks, as users do; a claim is a word beside the heap',
  'src/parts/text.ts': 'asks for a view of a block, as users do',
  'src/parts/record.ts': 'reads users’ fields through a view of the buffer, which is theirs',
  'src/parts/atomic.ts': 'does the same to them with Atomics, as users do to their own words',
  'src/heap/roots.ts': 'encodes names in small arrays of its own, which nobody shares',
};

/** Files in workers/ that are not programs for one worker thread, so may be longer, and why. */
export const NOT_A_WORKER: Readonly<Record<string, string>> = {
  'workers/replay.ts': 'the command behind `npm start`, which runs on the main thread',
};

const ROOT_FILES = ['package.json', 'tsconfig.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
const ROOT: readonly string[] = [...ROOT_FILES, 'package-lock.json', '.gitignore', '.ci', ...ROOMS];
const MAX_FILE_LINES = 300;
const MAX_WORKER_LINES = 80;
const MAX_COLUMNS = 100;

export const rules: Readonly<Record<string, Rule>> = {
  'every file has its room': ({ files }) =>
    files.filter((file) => !hasRoom(file.path)).map((file) => at(file, 1, 'has no room')),

  'the law of imports': lawOfImports,

  'no import cycles': importCycles,

  'only the listed files touch shared words': ({ sources }) =>
    sources
      .filter(inside('src'))
      .filter((source) => !(source.path in MAY_TOUCH_WORDS))
      .flatMap((source) => flag(source, touchesWords, 'go through src/word/memory.ts')),

  'files are short': ({ sources }) => sources.flatMap((source) => tooLong(source, MAX_FILE_LINES)),

  'worker programs are shorter': ({ sources }) =>
    sources
      .filter(inside('workers'))
      .filter((source) => !(source.path in NOT_A_WORKER))
      .flatMap((source) => tooLong(source, MAX_WORKER_LINES)),

  'lines are narrow': ({ sources }) =>
    sources.flatMap((source) => linesWhere(source, isWide, `over ${MAX_COLUMNS} columns`)),

  'no function is long': noneOver(40, ['src', 'workers', 'bench']),

  'most functions are short': shareWithin(0.9, 25),

  'half the functions are tiny': shareWithin(0.5, 8),

  'no enum': noSyntax(/^TSEnumDeclaration$/, 'use a frozen record'),

  'no parameter properties': noSyntax(/^TSParameterProperty$/, 'declare the field, then assign it'),

  'no any': noSyntax(/^TSAnyKeyword$/, 'say unknown, or say what it is'),

  'no default exports': ({ sources }) =>
    sources.flatMap((source) => flag(source, isDefaultExport, 'export it by its name')),

  'no unfinished business in comments': ({ sources }) => sources.flatMap(unfinished),

  'names say what a thing is': ({ sources }) =>
    sources
      .filter((source) => wordsOf(source.path).some((word) => VAGUE.test(word)))
      .map((source) => at(source, 1, 'utils, helpers, core and manager say nothing')),

  'every file opens with what it is': ({ sources }) =>
    sources
      .filter((source) => openingLines(source.text) < (inside('src', 'workers')(source) ? 2 : 1))
      .map((source) => at(source, 1, 'open with a comment that says what the thing is')),

  'nothing tells where it was made': ({ files }) => files.flatMap(tracesOfMachines),
};

function noSyntax(type: RegExp, message: string): Rule {
  return ({ sources }) =>
    sources.flatMap((source) => flag(source, (node) => type.test(node.type), message));
}

type Wrong = (node: Node, parent: Node | undefined) => boolean;

function flag(source: Source, wrong: Wrong, message: string): Violation[] {
  return [...walk(source.program)]
    .filter(([node, parent]) => wrong(node, parent))
    .map(([node]) => at(source, lineAt(source, node.start), message));
}

function tooLong(file: TextFile, limit: number): Violation[] {
  const count = file.text.replace(/\n$/, '').split('\n').length;
  return count > limit ? [at(file, limit + 1, `${count} lines, limit ${limit}`)] : [];
}

function linesWhere(file: TextFile, wrong: (line: string) => boolean, message: string) {
  const lines = file.text.split('\n');
  return lines.flatMap((line, index) => (wrong(line) ? [at(file, index + 1, message)] : []));
}

function isWide(line: string): boolean {
  return line.length > MAX_COLUMNS;
}

function hasRoom(path: string): boolean {
  const [room = ''] = path.split('/');
  return room === 'src' ? rankOf(path) >= 0 : ROOT.includes(room);
}

const SHARED = /^Atomics$|^DataView$|^rawArrays$|^(Big)?(Int|Uint|Float)\d+(Clamped)?Array$/;

/** Naming one as a value is enough: a constructor can be handed on and called elsewhere. */
function touchesWords(node: Node, parent: Node | undefined): boolean {
  if (node.type !== 'Identifier' || parent?.type.startsWith('TSType')) return false;
  return SHARED.test(String(node['name']));
}

function isDefaultExport(node: Node): boolean {
  if (node.type === 'ExportDefaultDeclaration') return true;
  const exported = node.type === 'ExportSpecifier' ? node['exported'] : undefined;
  return isNode(exported) && exported['name'] === 'default';
}

function unfinished(source: Source): Violation[] {
  return source.comments.flatMap((comment) => {
    const found = /\b(TODO|FIXME|XXX|HACK)\b/.exec(comment.value);
    if (!found) return [];
    return [at(source, lineAt(source, comment.start + found.index), `${found[0]} in a comment`)];
  });
}

const VAGUE = /^(utils?|helpers?|core|managers?)$/;

function wordsOf(path: string): string[] {
  const spaced = path.replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  return spaced.toLowerCase().split(/[^a-z]+/);
}

/** How many lines of the comment at the very top have a word in them. */
function openingLines(text: string): number {
  const code = text.replace(/^#!.*\n/, '');
  const comment = /^(?:\/\*[^]*?\*\/|(?:\/\/.*\n)+)/.exec(code)?.[0] ?? '';
  return comment.split('\n').filter((line) => /[a-z]{2}/i.test(line)).length;
}

const TRACES = [
  /(?<![\w.})\]])\/(?:home|root|Users|mnt|opt|srv|work|workspace)\/[\w.-]/,
  /\b[A-Z]:\\+Users\b/,
  /\b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+\b/,
  /https?:\/\/(?:registry\.|[\w.-]+\.(?:local|internal|lan|corp)\b|(?!localhost)[\w-]+(?![\w.-]))/,
  /"resolved"\s*:/,
];

function tracesOfMachines(file: TextFile): Violation[] {
  const named = (line: string) => TRACES.some((trace) => trace.test(line));
  const outside = (line: string) => [...line.matchAll(/(?:\.\.\/)+/g)].some(([up]) => leaves(up));
  const leaves = (up: string) => posix.join(posix.dirname(file.path), up).startsWith('..');
  return [
    ...linesWhere(file, named, 'names a machine, a private host or a registry'),
    ...(file.path.endsWith('.ts') ? [] : linesWhere(file, outside, 'points out of the repository')),
  ];
}
