// Wrongs done to channels, to the bell that their threads sleep on, and to how a name is added.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const RING = 'src/parts/channelring.ts';
const BELL = 'src/parts/bell.ts';
const ROOTS = 'src/heap/roottable.ts';
const TWO = 'channel: one sends two, one receives two';
const SENT = 'channel: sent, and received by nobody';
const APART = 'channel: one by one for two who wait';
const RECOVERED = 'channel: one recovers the dead while others go on';
const CLOSED = 'channel: closed while one sends and one waits';
const NAMED = 'a name that two add at once is of one block';

export const ofChannels: readonly Mutant[] = [
  mutantOf(
    'a block is in the channel before it is nobody’s',
    SENT,
    RING,
    [
      ['    states.setOwner(granule, 0); // who dies from here on has sent it\n', ''],
      [
        '    memory.set(at + TAIL, (tail + 1) | 0); // COMMIT\n',
        '    memory.set(at + TAIL, (tail + 1) | 0);\n    states.setOwner(granule, 0);\n',
      ],
    ],
    dying,
  ),
  mutantOf(
    'a block is out of the channel before it is the receiver’s',
    TWO,
    RING,
    [
      ['    if (granule !== 0) states.setOwner(granule, states.slot + 1);', '   '],
      [
        '    memory.set(at + HEAD, (head + 1) | 0); // COMMIT\n',
        '    memory.set(at + HEAD, (head + 1) | 0);\n' +
          '    if (granule !== 0) states.setOwner(granule, states.slot + 1);\n',
      ],
    ],
    dying,
  ),
  mutant(
    'what was being put in is in, whosever it is',
    SENT,
    RING,
    'if (this.isOurs(this.entryOf(tail))) memory',
    'if (tail === tail) memory',
    dying,
  ),
  mutant(
    'what was being put in is not in',
    TWO,
    RING,
    'if (this.isOurs(this.entryOf(tail))) memory',
    'if (tail !== tail) memory',
    dying,
  ),
  mutant(
    'what was being taken out stays, whosever it is',
    TWO,
    RING,
    'if (this.isOurs(this.entryOf(head))) memory',
    'if (head === head) memory',
    dying,
  ),
  mutant(
    'what was being taken out is gone',
    TWO,
    RING,
    'if (this.isOurs(this.entryOf(head))) memory',
    'if (head !== head) memory',
    dying,
  ),
  mutant(
    'nothing says that a block is being put in',
    TWO,
    RING,
    '    memory.set(at + COMING, (tail + 1) | 0);\n    states',
    '    states',
    dying,
  ),
  mutant(
    'a dead holder that was recovered is not known as dead',
    RECOVERED,
    RING,
    '    if (tokenOf(slot, this.table.incarnationOf(slot)) !== token) return true;\n',
    '    void slot;\n',
    { ...dying, preemptions: 1 },
  ),
  mutant(
    'who was woken wakes nobody for what is left',
    APART,
    RING,
    '    if (more > 0) own.wake(more);\n',
    '',
  ),
  mutant(
    'who has slept forgets those who still do',
    APART,
    RING,
    '    else if (slept && own.resumeLocked()) more = left;\n',
    '',
  ),
  mutant('nobody is woken by what comes', TWO, RING, '    if (rings) other.wake(moved);\n', ''),
  mutant(
    'a close wakes nobody',
    CLOSED,
    RING,
    '    for (const bell of bells) bell.wake(ALL);\n',
    '    void ALL;\n',
  ),
  mutant(
    'a bell is not another when it was rung',
    TWO,
    BELL,
    '    this.memory.store(this.word, (seen + 1) | 0); // COMMIT: pairs with `sleep`\n',
    '',
  ),
  mutant(
    'nobody is told of who goes to sleep',
    TWO,
    BELL,
    '    const odd = this.memory.get(this.word) | 1;\n',
    '    const odd = this.memory.get(this.word);\n',
  ),
  mutant(
    'a block has the name before it is being given',
    NAMED,
    ROOTS,
    '    this.write(entry, words, -granule);',
    '    this.write(entry, words, granule);',
    dying,
  ),
  mutant(
    'a block that was being named stays its thread’s',
    NAMED,
    ROOTS,
    '      if (target < 0) this.giveLocked(entry, -target);',
    '      if (target < 0) this.memory.set(entry + TARGET, -target);',
    dying,
  ),
  mutant(
    'a block is freed while it is being given',
    'a name that the dead was adding',
    'src/heap/recovery.ts',
    '      if (this.on.states.tracked) new RootTable(this.on).settle();\n',
    '',
    { walk: 'nobody' },
  ),
];
