// Wrongs done to the line of those who wait for memory.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const LINE = 'src/slot/waitlist.ts';
const PATIENT = 'src/heap/patient.ts';
const CACHED = 'a wait for memory, and what another has cached';
const FREED = 'a wait for memory, and a free';
const LEAVES = 'the line: one joins, one leaves, one brings';
const DEAD = 'the line: of the dead nobody is left in it';
const ALL = 'the line: two wait, and one brings for all of them';

export const ofWaits: readonly Mutant[] = [
  mutant(
    'who waits tries before it stands in line',
    CACHED,
    PATIENT,
    '        this.stand(size);\n        if (passed === 0) ptr = this.allocOnce(asked, true);\n',
    '        if (passed === 0) ptr = this.allocOnce(asked, true);\n        this.stand(size);\n',
  ),
  mutantOf('WAITING is set before the ticket', LEAVES, LINE, [
    [
      '    memory.store(mine + WAKE, TRYING);\n',
      '    memory.store(WAITING, 1);\n    memory.store(mine + WAKE, TRYING);\n',
    ],
    ['    memory.store(WAITING, 1); // COMMIT: pairs with who brings memory back\n', ''],
  ]),
  mutant(
    'WAITING is cleared after the last look',
    LEAVES,
    LINE,
    '      memory.store(WAITING, 0); // before the last look\n      next = this.next(0, Infinity);',
    '      next = this.next(0, Infinity);\n      memory.store(WAITING, 0);',
  ),
  mutant(
    'WAITING stays cleared although the last look finds somebody',
    LEAVES,
    LINE,
    '    memory.store(WAITING, 1); // also for one that died between clearing and looking\n',
    '',
  ),
  mutant(
    'who was woken seems asleep when it tries',
    'the line: one looks up while another is woken',
    LINE,
    'this.memory.swap(this.mine + WAKE, TRYING) === WOKEN',
    'this.memory.swap(this.mine + WAKE, ASLEEP) === WOKEN',
    { walk: 'nobody' },
  ),
  mutant(
    'who looks up does not ask whose turn it is',
    'the line: one looks up while another is woken',
    LINE,
    'if (memory.load(record + WAKE) !== ASLEEP) return true;',
    '',
    { walk: 'nobody' },
  ),
  mutant(
    'who leaves the line wakes nobody',
    ALL,
    LINE,
    '    this.memory.store(this.record(slot) + TICKET, 0);\n    this.rouse();',
    '    this.memory.store(this.record(slot) + TICKET, 0);',
  ),
  mutant(
    'who is woken in vain keeps it to itself',
    'the line: the first wants more than there is',
    LINE,
    '    if (next >= 0) this.wake(next);\n  }\n\n  private awake',
    '    void next;\n  }\n\n  private awake',
  ),
  mutant(
    'a wake-up is told to the sleeper only',
    CACHED,
    LINE,
    '    this.memory.store(word, WOKEN);\n    this.memory.wake(word, 1);',
    '    this.memory.wake(word, 1);',
  ),
  mutant(
    'a wake-up is not told to the sleeper',
    CACHED,
    LINE,
    '    this.memory.store(word, WOKEN);\n    this.memory.wake(word, 1);',
    '    this.memory.store(word, 1);',
  ),
  mutant(
    'a free rouses nobody',
    FREED,
    'src/heap/seated.ts',
    '        allocation.answer();\n        on.waits.rouse();',
    '        allocation.answer();',
  ),
  mutant(
    'who reclaims rouses nobody',
    FREED,
    'src/heap/allocate.ts',
    '    if (blocks > 0 && pages === 0 && this.on.waits.isLong()) this.on.waits.rouse();',
    '',
    { preemptions: 1 },
  ),
  mutant(
    'a block that shrinks rouses nobody',
    'a wait for memory, and a block that shrinks',
    'src/heap/resize.ts',
    '    if (done && pages < from && this.on.waits.isLong()) this.on.waits.rouse();\n',
    '',
  ),
  mutant(
    'a rolled back block rouses nobody',
    'a wait for memory, and a transaction that is rolled back',
    'src/heap/journalled.ts',
    '    if (this.waits.isLong()) this.waits.rouse();\n',
    '',
  ),
  mutant(
    'the dead stay in line',
    DEAD,
    'src/heap/recovery.ts',
    '    waits.forget(slot);\n',
    '',
    dying,
  ),
];
