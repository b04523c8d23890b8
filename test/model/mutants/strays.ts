// Wrongs done to what keeps the entries of a simultaneous double free harmless.

import { mutant, type Mutant } from './mutant.ts';

const DEPOT = 'src/block/depot.ts';
const SHELF = 'src/block/shelf.ts';
const STRAYS = 'src/block/strays.ts';

const STILL_SHELVED = 'if (memory.getByte(origin + granule) !== SHELVED) continue;';

export const ofStrays: readonly Mutant[] = [
  {
    name: 'what lies in the depot keeps the tag of its giver, strays and all',
    edits: [
      {
        path: SHELF,
        from: 'const count = this.shelve(magazine, top, tag);',
        to: 'const count = (top & MASK) - NONE;\n    memory.set(magazine + 2, tag);',
      },
      {
        path: DEPOT,
        from: STILL_SHELVED,
        to: 'if (memory.getByte(origin + granule) !== memory.get((top & ~MASK) + 2)) continue;',
      },
      {
        path: 'src/block/drain.ts',
        from: 'bottom + count - 1, SHELVED, SHELVED);',
        to: 'bottom + count - 1, this.memory.get(magazine + 2), SHELVED);',
      },
    ],
    shownBy: 'a stray in the depot is not good again when its slot takes the twin',
  },
  mutant(
    'the depot takes strays for blocks',
    'a stray stays out of the depot',
    SHELF,
    'if (memory.getByte(origin + granule) !== tag) continue;',
    '',
  ),
  mutant(
    'whoever takes from the depot does not look',
    'a stray that the depot hands over is dropped',
    DEPOT,
    STILL_SHELVED,
    '',
  ),
  mutant(
    'pages change their class with strays into them',
    'a stray is not good again by a block of another class in its place',
    STRAYS,
    'memory.cas(at, granule, nothing);',
    'void [granule, nothing];',
  ),
];
