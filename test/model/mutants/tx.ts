// Wrongs done to transactions: their entries, how they are decided, finished and recovered.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const ENGINE = 'src/tx/engine.ts';
const SOLO = 'src/tx/solo.ts';
const RECORD = 'src/tx/record.ts';
const STATES = 'src/block/statemap.ts';
const SLAB = 'src/block/slab.ts';
const SIMPLE = 'src/block/simple.ts';
const LARGE = 'src/block/large.ts';
const RELEASE = 'src/heap/release.ts';

const TWO = 'tx, two threads commit';
const BARE = 'tx, two threads commit where there is no magazine';
const CHECKED = 'tx, checked: one commits while another rolls back';
const LED = 'tx, a leader and a participant commit';
const HASTE = 'tx, a leader that does not wait for the vote';
const PAGES = 'tx, runs and large runs';
const IN_SIMPLE = 'tx, in the simple heap';

export const ofTx: readonly Mutant[] = [
  mutant(
    'an entry of the dead under a class lock is not settled',
    BARE,
    'src/block/depot.ts',
    'this.states.settleEntry(this.record + CLASS.ENTRY);',
    '',
    dying,
  ),
  mutant(
    'an entry of the dead under a zone’s lock is not settled',
    PAGES,
    'src/page/zone.ts',
    'this.blocks.settleEntry(this.record + ZONE.ENTRY);',
    '',
    dying,
  ),
  mutant(
    'an entry of the dead under the simple lock is not settled',
    IN_SIMPLE,
    SIMPLE,
    'states.settleEntry(SIMPLE_ENTRY);',
    '',
    dying,
  ),
  mutant(
    'an entry is settled that counts',
    BARE,
    STATES,
    'if (!isLive(this.get(this.memory.get(entry + BLOCK)))) this',
    'this',
    dying,
  ),
  mutantOf(
    'an entry is written when its block is live',
    BARE,
    SLAB,
    [
      [
        'this.states.beginEntry(this.record + ENTRY, entry, granule);\n' +
          '    this.states.mark(granule, state); // COMMIT',
        'this.states.mark(granule, state);\n' +
          '    this.states.beginEntry(this.record + ENTRY, entry, granule);',
      ],
    ],
    dying,
  ),
  mutant(
    'a large run’s entry is written when its block is live',
    PAGES,
    LARGE,
    'this.states.beginEntry(zone.record + ENTRY, entry, granule);\n' +
      '    this.states.mark(granule, LARGE); // COMMIT',
    'this.states.mark(granule, LARGE);\n' +
      '    this.states.beginEntry(zone.record + ENTRY, entry, granule);',
    dying,
  ),
  mutant(
    'in the simple heap an entry is written when its block is live',
    IN_SIMPLE,
    SIMPLE,
    'this.states.beginEntry(SIMPLE_ENTRY, entry, block);\n' +
      '    this.states.mark(block, SIMPLE_LIVE); // COMMIT',
    'this.states.mark(block, SIMPLE_LIVE);\n    this.states.beginEntry(SIMPLE_ENTRY, ' +
      'entry, block);',
    dying,
  ),
  mutant(
    'an entry that is written is not named',
    BARE,
    STATES,
    'this.memory.set(at, entry.at);\n    this.memory.set(entry.at + BLOCK, granule);',
    'this.memory.set(entry.at + BLOCK, granule);',
    dying,
  ),
  mutant(
    'an entry counts before it names its block',
    'tx, one after another where there is no magazine',
    STATES,
    'this.memory.set(entry.at + BLOCK, granule);\n' +
      '    this.memory.store(entry.at + KIND, entry.kind);',
    'this.memory.store(entry.at + KIND, entry.kind);\n' +
      '    this.memory.set(entry.at + BLOCK, granule);',
    dying,
  ),
  mutantOf(
    'an entry is void before its block is free',
    BARE,
    SLAB,
    [
      ['states.beginEnd(record + ENTRY, entry);', 'states.endEntry(record + ENTRY, entry);'],
      ['states.endEntry(record + ENTRY, entry);', ''],
    ],
    dying,
  ),
  mutantOf(
    'an entry is void when the class is free for others',
    BARE,
    RELEASE,
    [
      [
        'return this.counted(this.sendHomeNoted(granule, entry)) || this.void(entry);',
        'const freed = this.counted(this.sendHome(granule));\n' +
          '    this.void(entry);\n' +
          '    return freed;',
      ],
    ],
    { dying: true, preemptions: 1 },
  ),
  mutant(
    'an entry that is carried out is not named',
    BARE,
    STATES,
    'if (entry !== undefined) this.memory.set(at, entry.at);',
    '',
    { dying: true, preemptions: 1 },
  ),
  mutant(
    'who does it again puts its own name in the place of who did it',
    CHECKED,
    RELEASE,
    'if (!ours) memory.set(entry.at + BYTES, seat.slot + 1);',
    'memory.set(entry.at + BYTES, seat.slot + 1);',
    { walk: 'hunt' },
  ),
  mutant(
    'who carries an entry out does not say so',
    CHECKED,
    RELEASE,
    'if (!ours) memory.set(entry.at + BYTES, seat.slot + 1);',
    '',
    dying,
  ),
  mutant(
    'a generation is ended before it is said who does',
    CHECKED,
    ENGINE,
    'if (states.checked) memory.set(entry.at + AT, states.generations.current(granule));',
    '',
  ),
  mutant(
    'the leader commits without the others',
    HASTE,
    ENGINE,
    'const decided = ready && record',
    'const decided = record',
  ),
  mutant(
    'a record changes its state by a store',
    'tx, a participant regrets its vote',
    RECORD,
    'return this.memory.cas(this.at + STATE, seen, (number << STATE_BITS) | to) === seen; ' +
      '// COMMIT',
    'if (seen < 0) return false;\n' +
      '    this.memory.store(this.at + STATE, (number << STATE_BITS) | to);\n' +
      '    return true;',
  ),
  mutant(
    'an abort does not look whether it is decided',
    'tx, a participant goes on after its vote',
    ENGINE,
    'if (was < COMMITTED && leader.abort(leaderNumber)) undone++;',
    'leader.change(leaderNumber, OPEN, ABORTED);\n' +
      '      if (leader.change(leaderNumber, COMMITTED, ABORTED)) undone++;',
    dying,
  ),
  mutantOf(
    'the leader is over before its participants',
    LED,
    ENGINE,
    [
      [
        'for (const index of joined) {',
        'this.applyLocked(leader, committed);\n    for (const index of joined) {',
      ],
      ['this.applyLocked(leader, committed);\n    if (joined', 'if (joined'],
    ],
    dying,
  ),
  mutant(
    'participants are not finished',
    LED,
    ENGINE,
    'if (!part.isFree()) this.applyLocked(part, committed);',
    '',
  ),
  mutant(
    'who has crashed goes on with a transaction of its old seat',
    'tx, rolled back by a thread that has crashed since',
    'src/heap/seated.ts',
    'if (only !== undefined && session !== only) return over as T;',
    '',
    dying,
  ),
  mutant(
    'what was undone at a mark still has its entries',
    'tx, back to the same mark twice',
    ENGINE,
    'memory.store(at + KIND, 0); // its block',
    '// its block',
    dying,
  ),
  mutant(
    'what is rolled back alone is over before its blocks are free',
    'tx, one commits while another rolls back',
    SOLO,
    'if (onlyAllocs === true) this.ending.undoNew(record, number, length);\n' +
      '    else this.ending.apply(record, number, false);\n' +
      '    return this.end(record, number, PRIVATE, UNDONE);',
    'const ended = this.end(record, number, PRIVATE, UNDONE);\n' +
      '    this.ending.undoNew(record, number, length);\n' +
      '    return ended;',
    dying,
  ),
  mutant(
    'a rollback alone forgets the entry of a step that failed',
    'budget: the last of it goes to a transaction or to another thread',
    'src/tx/ending.ts',
    'Math.min(length, LAST_INLINE)',
    'length - 1',
  ),
  mutant(
    'what is committed alone frees its blocks before that',
    TWO,
    SOLO,
    'if (!record.change(number, PRIVATE, COMMITTED)) return false;\n' +
      '    this.ending.apply(record, number, true);',
    'this.ending.apply(record, number, true);\n' +
      '    if (!record.change(number, PRIVATE, COMMITTED)) return false;',
    { dying: true, preemptions: 1 },
  ),
  mutant(
    'a commit forgets what it was to free',
    TWO,
    ENGINE,
    'part.onlyAllocs = false;\n    const entry = this.beginStep(part, KINDS.FREE);',
    'const entry = this.beginStep(part, KINDS.FREE);',
  ),
  mutant('a part that no leader knows stays', LED, ENGINE, 'this.finishAlone(record);', '', {
    walk: 'hunt',
  }),
  mutant(
    'a part is known before it is open',
    'tx, a leader and two participants',
    ENGINE,
    'const number = open ? record.open(index, leaderNumber) : 0;\n' +
      '    if (open) leader.addLocked(record);',
    'if (open) leader.addLocked(record);\n' +
      '    const number = open ? record.open(index, leaderNumber) : 0;',
  ),
  mutant(
    'a rollback frees what stands where its new block was',
    'tx, checked: a new block freed past the transaction is another’s at the rollback',
    'src/tx/ending.ts',
    '(kind === KINDS.ALLOC && memory.get(at + AT) !== 0)',
    'false',
  ),
  mutant(
    'a block of a reserve stays in its journal',
    'reserve: two blocks taken of it, and the rest given back',
    'src/tx/journal.ts',
    "this.memory.store(at + KIND, 0); // COMMIT: the block is its thread's",
    '',
  ),
  mutant(
    'a reserve does not count what it has given',
    'reserve: two blocks taken of it, and the rest given back',
    ENGINE,
    'if (granule !== 0) part.length--;',
    '',
  ),
];
