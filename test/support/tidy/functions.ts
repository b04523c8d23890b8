// How long functions are, in lines from the first of the signature to the closing brace. A
// function is whatever has a body in braces, nested ones included; `(x) => x + 1` is an
// expression, and would only flatter the median.

import { inside, isNode, lineAt, walk } from './source.ts';
import type { Node, Source } from './source.ts';
import { at } from './violation.ts';
import type { Rule } from './violation.ts';

interface Measured {
  readonly source: Source;
  readonly line: number;
  readonly lines: number;
}

const FUNCTION = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;

export function noneOver(limit: number, rooms: readonly string[]): Rule {
  return ({ sources }) =>
    sources
      .filter(inside(...rooms))
      .flatMap(functionsOf)
      .filter((fn) => fn.lines > limit)
      .map((fn) => at(fn.source, fn.line, `${fn.lines} lines, limit ${limit}`));
}

/** That share of the functions of src/ must fit the limit. The five longest are named if not. */
export function shareWithin(share: number, limit: number): Rule {
  return ({ sources }) => {
    const sorted = sources.filter(inside('src')).flatMap(functionsOf);
    sorted.sort((a, b) => a.lines - b.lines);
    const reached = sorted[Math.ceil(share * sorted.length) - 1]?.lines ?? 0;
    if (reached <= limit) return [];
    const goal = `${share * 100} % should have at most ${limit} lines, they have up to ${reached}`;
    return sorted.slice(-5).map((fn) => at(fn.source, fn.line, `${fn.lines} lines: ${goal}`));
  };
}

function functionsOf(source: Source): Measured[] {
  return [...walk(source.program)].flatMap(([node, parent]) => {
    if (!hasBraces(node)) return [];
    const named = parent?.type === 'MethodDefinition' || parent?.type === 'Property';
    const line = lineAt(source, named ? parent.start : node.start);
    return [{ source, line, lines: lineAt(source, node.end) - line + 1 }];
  });
}

function hasBraces(node: Node): boolean {
  const body = node['body'];
  return FUNCTION.test(node.type) && isNode(body) && body.type === 'BlockStatement';
}
