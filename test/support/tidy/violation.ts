// What a broken rule leaves behind: a place and a message. A rule takes a tree and returns all
// of its violations; it knows nothing of the test runner.

import type { TextFile, Tree } from './source.ts';

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export type Rule = (tree: Tree) => Violation[];

export function at(file: TextFile, line: number, message: string): Violation {
  return { path: file.path, line, message };
}
