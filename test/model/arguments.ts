// Races that the sources' design permits and whose argument stands in the essay of another file
// than the access: the loader puts the argument at the end of the line, where the detector looks
// for it. An entry goes when the source says it itself.

import type { Edit } from './loader.ts';

function argue(path: string, code: string, argument: string): Edit {
  return { path, from: code, to: `${code} // RACE: ${argument}` };
}

const MAGAZINE = 'src/block/magazine.ts';
const EITHER = 'two frees of one block: statemap.ts';

export const ARGUED: readonly Edit[] = [
  argue(MAGAZINE, 'const id = this.memory.getByte(this.origin + granule) - LIVE;', EITHER),
  argue(
    MAGAZINE,
    'memory.set(at, top + 1);\n    memory.setByte(this.origin + granule, this.tag);',
    EITHER,
  ),
  argue(MAGAZINE, 'if (memory.getByte(state) !== this.tag) return 0;', EITHER),
  argue(
    'src/block/audit.ts',
    'const granule = memory.get(at);',
    'entries below a past top are, or were, blocks of the class',
  ),
  argue(
    'src/heap/validate.ts',
    'for (const top of magazines.tops(sums.id)) {',
    'the fast paths of others go on; any past top bounds entries that are, or were, of the class',
  ),
];
