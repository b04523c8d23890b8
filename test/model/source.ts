// The checked sources as the loader sees them: text, syntax tree, and which stretches of the text
// carry a RACE argument. A comment block with `RACE:` licenses the statement (or method) that it
// heads, or the line at whose end it stands; in a file's opening essay it licenses every *read* of
// the file, its own and those of what it calls.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';
import { isNode, walk as walkOnce, type Node } from '../support/tidy/source.ts';
import { withMethods } from './elements.ts';

export { isNode, type Node };

export interface Unit {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly licences: readonly Licence[];
  /** Offsets at which lines begin. */
  readonly lines: readonly number[];
}

interface Licence {
  readonly start: number;
  readonly end: number;
  readonly readsOnly: boolean;
}

interface Block {
  start: number;
  end: number;
  text: string;
}

/** Parsed files as they are: a mutant changes one, and the others need no second parse. */
const unitsBefore = new Map<string, Unit>();

type Pair = [node: Node, parent: Node | undefined];
const walkedBefore = new WeakMap<Node, readonly Pair[]>();

/** All nodes of a tree with their parents. A tree is walked once; most are asked for often. */
export function walk(root: Node): readonly Pair[] {
  let pairs = walkedBefore.get(root);
  if (pairs === undefined) walkedBefore.set(root, (pairs = [...walkOnce(root)]));
  return pairs;
}

/** Reads and parses one file; first `edit` changes its text (mutants do), then elements.ts. */
export function readUnit(root: string, path: string, edit?: (text: string) => string): Unit {
  const original = readFileSync(join(root, path), 'utf8');
  const text = withMethods(path, edit === undefined ? original : edit(original));
  const before = unitsBefore.get(path);
  if (before?.text === text) return before;
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${String(errors[0]?.message)}`);
  const tree = program as unknown as Node;
  const lines = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  const blocks = blocksOf(text, comments).filter((block) => block.text.includes('RACE:'));
  const unit = { path, text, program: tree, licences: licencesOf(text, tree, blocks), lines };
  if (before === undefined) unitsBefore.set(path, unit);
  return unit;
}

/** Line and column of an offset, both from 1. */
export function placeOf(unit: Unit, offset: number): { line: number; column: number } {
  let low = 0;
  let high = unit.lines.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((unit.lines[middle] as number) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - (unit.lines[low] as number) + 1 };
}

/** 2 when the place has an argument of its own, 1 when only the file's reads have, else 0. */
export function licenceAt(unit: Unit, offset: number): 0 | 1 | 2 {
  const inside = unit.licences.filter((it) => it.start <= offset && offset < it.end);
  if (inside.some((it) => !it.readsOnly)) return 2;
  return inside.length > 0 ? 1 : 0;
}

/** Comments that follow each other with nothing but space between are one block. */
function blocksOf(text: string, comments: readonly { start: number; end: number }[]): Block[] {
  const blocks: Block[] = [];
  for (const { start, end } of comments) {
    const last = blocks.at(-1);
    const gap = last === undefined ? '' : text.slice(last.end, start);
    if (last !== undefined && /^\s*$/.test(gap) && gap.split('\n').length <= 2) {
      last.end = end;
      last.text = text.slice(last.start, end);
    } else blocks.push({ start, end, text: text.slice(start, end) });
  }
  return blocks;
}

function licencesOf(text: string, program: Node, blocks: readonly Block[]): Licence[] {
  const heads = new Map<number, Node>();
  for (const [node] of walk(program)) {
    if (node !== program && !heads.has(node.start)) heads.set(node.start, node);
  }
  return blocks.map((block) => {
    if (block.start === 0) return { start: 0, end: text.length, readsOnly: true };
    const lineStart = text.lastIndexOf('\n', block.start) + 1;
    const trailing = text.slice(lineStart, block.start).trim() !== '';
    if (trailing) return { start: lineStart, end: block.start, readsOnly: false };
    const next = block.end + (/^\s*/.exec(text.slice(block.end))?.[0].length ?? 0);
    return { start: next, end: heads.get(next)?.end ?? next, readsOnly: false };
  });
}
