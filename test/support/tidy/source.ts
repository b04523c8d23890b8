// The repository as the rules of tidiness see it: a tree of text files, of which the TypeScript
// ones are parsed as well. A tree is built from any table of paths and texts, so that a rule can
// be shown a sample that never touches the disk. The parser is the one that comes with the test
// runner.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface Source extends TextFile {
  readonly program: Node;
  readonly comments: readonly { value: string; start: number; end: number }[];
}

export interface Tree {
  readonly files: readonly TextFile[];
  readonly sources: readonly Source[];
}

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** The folders that hold code. Everything the rules say about code is said about these. */
export const ROOMS = ['src', 'workers', 'bench', 'test'] as const;

export function treeOf(texts: Readonly<Record<string, string>>): Tree {
  const files = Object.entries(texts).map(([path, text]) => ({ path, text }));
  return { files, sources: files.filter((file) => file.path.endsWith('.ts')).map(parse) };
}

/** Every file git tracks, and every source git does not track yet. Binary files have no text. */
export function readRepository(root: string): Tree {
  const sources = ROOMS.flatMap((room) => sourcesUnder(root, room));
  const paths = new Set([...trackedFiles(root), ...sources]);
  const texts: Record<string, string> = {};
  for (const path of [...paths].sort()) {
    if (!existsSync(join(root, path))) continue;
    const text = readFileSync(join(root, path), 'utf8');
    texts[path] = text.includes('\0') ? '' : text;
  }
  return treeOf(texts);
}

/** A test of paths: does the file lie in one of these rooms? */
export function inside(...rooms: string[]): (file: TextFile) => boolean {
  return (file) => rooms.includes(file.path.split('/')[0] ?? '');
}

export function lineAt(file: TextFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length;
}

/** Every node below `node` and itself, each with its parent, in source order. */
export function* walk(node: Node, parent?: Node): Generator<[Node, Node | undefined]> {
  yield [node, parent];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) yield* walk(child, node);
    }
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function parse(file: TextFile): Source {
  const { program, comments, errors } = parseSync(file.path, file.text);
  if (errors.length > 0) throw new SyntaxError(`${file.path}: ${errors[0]?.message}`);
  return { ...file, program: program as unknown as Node, comments };
}

function sourcesUnder(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'));
}

/** Empty where there is no git or no checkout: then the sources alone are looked at. */
function trackedFiles(root: string): string[] {
  try {
    const listing = execFileSync('git', ['ls-files', '-z'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listing.split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
