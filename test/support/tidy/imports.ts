// The law of imports. The layers of src/ stand in a row, and an import points left or stays in
// its layer; inside a layer, and so anywhere, imports form no cycle. `import type` counts like
// any other: who knows whose types is part of the design. Only src/host knows that there is such
// a thing as Node.

import { posix } from 'node:path';
import { inside, isNode, lineAt, walk } from './source.ts';
import type { Source, Tree } from './source.ts';
import { at } from './violation.ts';
import type { Violation } from './violation.ts';

/**
 * Left to right. Those with public names have a file of that name beside the folders: src/index.ts
 * is nothing else; what users' tests import stands to its right, for it knows what users know.
 */
export const LAYERS = 'word page block slot tx heap parts host index testing'.split(' ');
const PUBLIC = ['index', 'testing'];

/** The place of a path's layer in the row; -1 for a path in none. */
export function rankOf(path: string): number {
  const [, layer = '', ...rest] = path.split('/');
  if (rest.length > 0) return layer === 'index' ? -1 : LAYERS.indexOf(layer);
  const name = /^(\w+)\.ts$/.exec(layer)?.[1] ?? '';
  return PUBLIC.includes(name) ? LAYERS.indexOf(name) : -1;
}

export function lawOfImports({ sources }: Tree): Violation[] {
  return sources.filter(inside('src')).flatMap((source) =>
    importsOf(source).flatMap(({ specifier, line }) => {
      const objection = objectionTo(source.path, specifier);
      return objection === undefined ? [] : [at(source, line, objection)];
    }),
  );
}

/** Depth first; an import of a file that is still being visited closes a cycle. */
export function importCycles({ sources }: Tree): Violation[] {
  const byPath = new Map(sources.filter(inside('src')).map((source) => [source.path, source]));
  const done = new Set<string>();
  const found: Violation[] = [];
  function visit(source: Source, trail: readonly string[]): void {
    if (done.has(source.path)) return;
    for (const { specifier, line } of importsOf(source)) {
      const path = resolve(source.path, specifier);
      const next = byPath.get(path);
      const start = trail.indexOf(path);
      if (start >= 0) found.push(at(source, line, [...trail.slice(start), path].join(' → ')));
      else if (next) visit(next, [...trail, path]);
    }
    done.add(source.path);
  }
  for (const source of byPath.values()) visit(source, [source.path]);
  return found;
}

function objectionTo(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) {
    const host = from.startsWith('src/host/') && specifier.startsWith('node:');
    return host ? undefined : `${specifier}: only src/host may import, and only from node itself`;
  }
  const target = resolve(from, specifier);
  const rank = target.startsWith('src/') ? rankOf(target) : -1;
  if (rank < 0) return `${target} is in no layer of src`;
  return rank <= rankOf(from) ? undefined : `${target} lies to the right in ${LAYERS.join(' ← ')}`;
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** Static and dynamic imports, re-exports and `import('…')` types with a literal specifier. */
function importsOf(source: Source): { specifier: string; line: number }[] {
  return [...walk(source.program)].flatMap(([node]) => {
    if (!/^(Import|Export|TSImportType)/.test(node.type) || !isNode(node['source'])) return [];
    const specifier = node['source']['value'];
    if (typeof specifier !== 'string') return [];
    return [{ specifier, line: lineAt(source, node.start) }];
  });
}
