// Wrongs done to magazines and slabs.

import { dying, mutant, type Mutant } from './mutant.ts';

const SLAB = 'src/block/slab.ts';
const MAGAZINE = 'src/block/magazine.ts';
const FAST = 'src/block/fastpath.ts';

export const ofMagazines: readonly Mutant[] = [
  mutant(
    'push marks a block cached before it is listed',
    'slab, two rounds of one block',
    FAST,
    'words[next] = granule; // entry, top, then CACHED: never in no place\n',
    'bytes[state] = this.tag;\n    words[next] = granule;\n',
    dying,
  ),
  mutant(
    'pop lowers the top before the block is live',
    'slab, two rounds of one block',
    FAST,
    'bytes[state] = id; // LIVE, then the top: never in no place\n    words[at] = top - 1;',
    'words[at] = top - 1;\n    bytes[state] = id;',
    dying,
  ),
  mutant(
    'pop does not look at the tag',
    'one block freed by two at once is handed out once',
    FAST,
    'if (bytes[state] !== this.tag) return 0;\n    bytes[state] = id; // LIVE, then the top: never',
    'bytes[state] = id; // never',
  ),
  mutant(
    'all slots have one tag',
    'one block freed by two at once is handed out once',
    FAST,
    'this.tag = CACHED + slot;',
    'this.tag = CACHED;',
  ),
  mutant(
    'exchange does not say what it moves',
    'magazines of one slot change places',
    MAGAZINE,
    'this.move(loaded, id);',
    '',
    dying,
  ),
  mutant(
    'the pool gives magazines without its lock',
    'slab, two refills of two classes',
    'src/block/pool.ts',
    'this.lock.lock();\n    const array = this.memory.get(POOL_FREE)',
    'const array = this.memory.get(POOL_FREE)',
  ),
  mutant(
    'fill marks blocks cached before they are listed',
    'slab, two refills at once',
    SLAB,
    'memory.set(at, top + count);\n' +
      '    for (let i = top + 1; i <= top + count; i++) states.put(memory.get(i), tag);',
    'for (let i = top + 1; i <= top + count; i++) states.put(memory.get(i), tag);\n' +
      '    memory.set(at, top + count);',
    dying,
  ),
  mutant(
    'blocks that fill took stay free in their slab',
    'slab, two refills at once',
    SLAB,
    'this.claimed(slab, count);\n    return count;',
    'return count;',
  ),
  mutant(
    'a block that comes home keeps its state',
    'slab, empty ones go back to the zone',
    SLAB,
    'states.put(granule, STATE.FREE); // COMMIT: whoever else still lists it sees that\n      this',
    'this',
  ),
  mutant(
    'a slab that is full again stays on its list',
    'the last block: exactly one gets it',
    SLAB,
    'if (free === count) map.unlink(this.listOf(slab), slab);',
    '',
  ),
];
