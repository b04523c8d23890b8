// The fast path reads and writes the arrays of shared memory themselves (block/fastpath.ts). Here
// these accesses become the calls of Memory that they are in all other files, before anything else
// looks at the text; lines stay where they are.
//
//   words[at]             this.memory.get(at)
//   bytes[state] = id     this.memory.setByte(state, id)

import MagicString from 'magic-string';
import { parseSync } from 'vite';
import { walk, type Node } from '../support/tidy/source.ts';

const PATH = 'src/block/fastpath.ts';
const METHODS: Readonly<Record<string, readonly [read: string, write: string]>> = {
  words: ['get', 'set'],
  bytes: ['getByte', 'setByte'],
};

/** The text of a file with calls for elements; any other file's as it is. */
export function withMethods(path: string, text: string): string {
  if (path !== PATH) return text;
  const edited = new MagicString(text);
  const { program } = parseSync(path, text);
  for (const [node, parent] of walk(program as unknown as Node)) {
    const methods = METHODS[arrayOf(node)];
    if (methods === undefined) continue;
    const index = node['property'] as Node;
    const isWrite = parent?.type === 'AssignmentExpression' && parent['left'] === node;
    const method = methods[isWrite ? 1 : 0];
    edited.overwrite(node.start, index.start, `this.memory.${method}(`);
    if (!isWrite) {
      edited.overwrite(index.end, node.end, ')');
      continue;
    }
    if (parent['operator'] !== '=') throw new Error(`${path}: an element is more than written`);
    const value = parent['right'] as Node;
    edited.overwrite(index.end, value.start, ', ');
    edited.appendRight(value.end, ')');
  }
  return edited.toString();
}

/** The name of the array, or of the field with it, that an element is of; '' for what is none. */
function arrayOf(node: Node): string {
  if (node.type !== 'MemberExpression' || node['computed'] !== true) return '';
  const array = node['object'] as Node;
  const name = array.type === 'MemberExpression' ? (array['property'] as Node) : array;
  return String(name['name']);
}
