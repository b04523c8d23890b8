// Wrongs done to budgets.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const BUDGETS = 'src/heap/budgets.ts';
const RELEASE = 'src/heap/release.ts';
const THREE = 'budget: taken by two, freed by a third';
const LAST = 'budget: the last of it goes to one of two';
const RESIZED = 'budget: a block resized where it stands, beside a round';

export const ofBudgets: readonly Mutant[] = [
  mutantOf('a charge takes no lock', THREE, BUDGETS, [
    [
      'if (id === 0) return true;\n    this.lock.lock();\n    const used = ',
      'if (id === 0) return true;\n    const used = ',
    ],
    [
      'this.useLocked(id, used);\n    }\n    this.lock.unlock();',
      'this.useLocked(id, used);\n    }',
    ],
  ]),
  mutantOf(
    'a budget is made under no lock',
    'budget: a name that two open at once is one budget',
    BUDGETS,
    [
      [
        'this.lock.lock();\n    const id = this.find(name) || this.madeLocked(name);\n' +
          '    this.lock.unlock();',
        'const id = this.find(name) || this.madeLocked(name);',
      ],
    ],
  ),
  mutant(
    'whether a charge fits is not asked under the lock',
    LAST,
    BUDGETS,
    'const fits = used <= this.get(id, MAX);',
    'const fits = true;',
  ),
  mutant(
    'a block that is given back keeps its budget',
    THREE,
    BUDGETS,
    'this.memory.setByte(this.origin + granule, 0); // COMMIT',
    '// COMMIT',
  ),
  mutant(
    'what a dead thread left of a sum is believed',
    THREE,
    BUDGETS,
    'this.set(id, USED, this.sumOf(id, []));',
    '',
    { ...dying, preemptions: 1 },
  ),
  mutant(
    'what goes home past the magazines stays charged',
    'budget: a transaction that is rolled back beside another’s round',
    RELEASE,
    'const { states, depots, large, simple, budgets } = this.on;\n    budgets.discharge(granule);',
    'const { states, depots, large, simple } = this.on;',
  ),
  mutant(
    'what goes home into a magazine stays charged',
    THREE,
    RELEASE,
    'const { states, depots, magazines, budgets } = this.on;\n    budgets.discharge(granule);',
    'const { states, depots, magazines } = this.on;',
  ),
  mutant(
    'a resize is not charged',
    RESIZED,
    BUDGETS,
    'if (done && id !== 0)',
    'if (done && id < 0)',
  ),
  mutant(
    'nobody takes over the budgets of the dead',
    THREE,
    'src/heap/recovery.ts',
    'all.push(budgets.lock, slotLock);',
    'all.push(slotLock);',
    dying,
  ),
  mutant(
    'the next on a seat has the budget of the one before',
    'budget: a thread’s budget goes with it',
    'src/slot/slot.ts',
    'memory.set(record + BUDGET, 0);',
    '',
  ),
];
