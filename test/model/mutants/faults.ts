// Wrongs done to requests that are refused on purpose.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const INJECTOR = 'src/heap/injector.ts';

export const ofFaults: readonly Mutant[] = [
  mutantOf(
    'requests are counted without the lock',
    'faults, the second request is refused: of two exactly one',
    INJECTOR,
    [
      [
        'if (!isTaken(memory, FAULTS)) return false;\n    this.lock.lock();',
        'if (!isTaken(memory, FAULTS)) return false;',
      ],
      ['    this.lock.unlock();\n    return refused;', '    return refused;'],
    ],
  ),
  mutant(
    'a plan does not say when its times are over',
    'faults, all are due and two are refused: of three exactly two',
    INJECTOR,
    'if (refused) this.putLong(FAILURES, failures + 1);',
    '',
  ),
  mutant(
    'a plan changes while it is in force',
    'faults, two plans take turns: neither refuses what is in no plan',
    INJECTOR,
    'if (isTaken(memory, FAULTS)) setDetourLocked(this.on, FAULTS, false);',
    '',
    dying,
  ),
  mutant(
    'who comes late for the lock does not look again',
    'faults are switched on and off while another allocates',
    INJECTOR,
    'const stands = isTaken(memory, FAULTS);',
    'const stands = true;',
  ),
  mutantOf(
    'a plan is written without its lock',
    'faults, two plans take turns: neither refuses what is in no plan',
    INJECTOR,
    [
      ['    this.lock.lock(); // who takes it later sees that the detour is gone\n', ''],
      [
        '    if (plan !== null) this.writeLocked(plan);\n    this.lock.unlock();',
        '    if (plan !== null) this.writeLocked(plan);',
      ],
    ],
  ),
  mutant(
    'a plan that ends does not wait for those who are asking',
    'faults are switched on and off while another allocates',
    INJECTOR,
    '    this.lock.lock(); // who takes it later sees that the detour is gone\n' +
      '    if (plan !== null) this.writeLocked(plan);\n    this.lock.unlock();',
    '    if (plan !== null) {\n      this.lock.lock();\n      this.writeLocked(plan);\n' +
      '      this.lock.unlock();\n    }',
  ),
  mutantOf(
    'plans are set without the slot lock',
    'faults, one thread sets a plan while another ends one',
    INJECTOR,
    [
      ['    slotLock.lock();\n', ''],
      ['    slotLock.unlock();\n', ''],
    ],
    { walk: 'freeze' },
  ),
  mutant(
    'a detour leaves the class table as it was',
    'faults are switched on and off while another allocates',
    'src/heap/detour.ts',
    '  writeTable(memory, geometry);\n',
    '',
  ),
  mutant(
    'a transaction tries again what was refused on purpose',
    'faults, tx: of two transactions exactly one is undone',
    'src/heap/transaction.ts',
    ' && injected === undefined',
    '',
  ),
  mutant(
    'the fault lock of the dead is left to them',
    'faults, the second request is refused: of two exactly one',
    'src/heap/recovery.ts',
    ', locks.at(FAULT_LOCK + LOCK.WORD)',
    '',
    dying,
  ),
  mutant(
    'a block grows where it stands whatever the plan says',
    'faults, a block that grows where it stands is one of two requests',
    'src/heap/resize.ts',
    'if (isTaken(on.memory, DETOUR.FAULTS) && size > this.bytesOf(granule)) return false;',
    '',
  ),
];
