// Wrongs done to pleas for memory, and to what a thread says about its own end.

import { mutant, mutantOf, type Mutant } from './mutant.ts';

const PLEAS = 'src/heap/pleas.ts';
const TWO = 'two plead at once, and a third hears one of them';

export const ofOom: readonly Mutant[] = [
  mutant(
    'a plea is made by a load and a store',
    TWO,
    PLEAS,
    'if (memory.cas(MS, last, now()) !== last) return false;',
    'memory.store(MS, now());',
  ),
  mutantOf('a plea is told before it says who it is', TWO, PLEAS, [
    ['memory.store(SLOT, slot + 1);', 'memory.add(COUNT, 1);'],
    ['memory.add(COUNT, 1); // COMMIT', 'memory.store(SLOT, slot + 1); // COMMIT'],
  ]),
  mutantOf('a plea has a name before it says how much', TWO, PLEAS, [
    ['memory.store(GRANULES, Math.ceil(bytes / GRANULE.BYTES));', 'memory.store(SLOT, slot + 1);'],
    [
      'memory.store(SLOT, slot + 1);\n',
      'memory.store(GRANULES, Math.ceil(bytes / GRANULE.BYTES));\n',
    ],
  ]),
  mutant(
    'who has its memory takes back whatever plea there is',
    'who has its memory takes back its own plea alone',
    PLEAS,
    'this.memory.cas(SLOT, slot + 1, NOBODY);',
    'this.memory.store(SLOT, NOBODY);',
  ),
  mutant(
    'the next on a seat is what the one before said of its end',
    'what a thread says about its end goes with it',
    'src/slot/slot.ts',
    'memory.store(record + OOM_ADJ, 0);\n',
    '',
  ),
  mutantOf(
    'a seat is another’s before what was said of its end is wiped out',
    'what a thread says about its end goes with it',
    'src/slot/slot.ts',
    [
      ['memory.store(record + OOM_ADJ, 0);\n', ''],
      [
        'memory.store(record + WHO, 0); // COMMIT: pairs',
        'memory.store(record + WHO, 0);\n    memory.store(record + OOM_ADJ, 0); // pairs',
      ],
    ],
  ),
];
