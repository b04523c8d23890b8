// Wrongs done to what a debug heap writes around blocks: each makes it tell of damage that there is
// none of, or do some itself.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const DEBUG_HEAP = 'src/heap/debugheap.ts';
const FROM_HAND = 'debug: a block from hand to hand';
const BESIDE = 'debug: validate beside a round';

export const ofDebug: readonly Mutant[] = [
  mutantOf(
    'a red zone counts before it stands',
    FROM_HAND,
    DEBUG_HEAP,
    [
      ['fillBytes(memory, granule * BYTES + size, bytes - size, FENCE);', ''],
      [
        'map.describe(granule, bytes - size, this.taker, this.siteHere());',
        'map.describe(granule, bytes - size, this.taker, this.siteHere());\n' +
          '    fillBytes(memory, granule * BYTES + size, bytes - size, FENCE);',
      ],
    ],
    dying,
  ),
  mutant(
    'what is known of a block outlives it',
    BESIDE,
    'src/block/statemap.ts',
    'this.debug?.begin(granule); // before it is live, see debugmap.ts',
    '',
  ),
  mutantOf(
    'validate does not ask whether the block is still the same one',
    BESIDE,
    'src/heap/debugaudit.ts',
    [
      ['return same ? found : null;', 'return found;'],
      ['this.look(from, end) === null ? null : this.look(from, end);', 'this.look(from, end);'],
    ],
  ),
  mutant(
    'who comes second to free a block poisons it too',
    'debug: a block freed by two at once: exactly one, and taken again',
    'src/heap/release.ts',
    'if (won) debug?.end(granule);',
    'debug?.end(granule);',
  ),
  mutant(
    'recovery looks at a red zone that the dead has poisoned',
    FROM_HAND,
    'src/heap/release.ts',
    'if (owed) this.on.debug?.poison(granule);',
    'if (owed) this.on.debug?.end(granule);',
    dying,
  ),
  mutant(
    'two texts have room at the same place',
    'debug: texts of two threads',
    'src/block/texts.ts',
    'const number = 1 + memory.add(first + USED, need);',
    'const used = memory.load(first + USED);\n' +
      '    memory.store(first + USED, used + need);\n' +
      '    const number = 1 + used;',
  ),
];
