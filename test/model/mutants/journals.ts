// Wrongs done to journals: protected bytes, arrays of entries, savepoints, records.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const ENGINE = 'src/tx/engine.ts';
const FAST = 'src/block/fastpath.ts';
const ENDING = 'src/tx/ending.ts';
const RECORD = 'src/tx/record.ts';
const JOURNAL = 'src/tx/journal.ts';

const LED = 'tx, a leader and a participant commit';
const HASTE = 'tx, a leader that does not wait for the vote';
const MANY = 'tx, a journal of more than one array';
const PROTECTED = 'tx, protected bytes come back';
const AT_ROLLBACK = 'tx, protected bytes come back at a rollback';

export const ofJournals: readonly Mutant[] = [
  mutant(
    'a rollback begins with the first entry',
    'tx, the same bytes protected twice',
    ENDING,
    'entries.reverse()',
    'entries',
  ),
  mutant(
    'bytes are protected before their copy is made',
    PROTECTED,
    ENGINE,
    'copyBytes(memory, copy * GRANULE_BYTES, ptr, bytes);\n' +
      '      memory.store(entry.at + KIND, kindWord(part.number, KINDS.PROTECT)); // COMMIT',
    'memory.store(entry.at + KIND, kindWord(part.number, KINDS.PROTECT));\n' +
      '      copyBytes(memory, copy * GRANULE_BYTES, ptr, bytes);',
    dying,
  ),
  mutant(
    'a copy is freed before its bytes are back',
    AT_ROLLBACK,
    ENDING,
    'if (kind === KINDS.PROTECT) this.copyBack(at);\n' +
      '    if (kind !== KINDS.FREE) this.giveBlock(record, at, kind);',
    'if (kind !== KINDS.FREE) this.giveBlock(record, at, kind);\n' +
      '    if (kind === KINDS.PROTECT) this.copyBack(at);',
    dying,
  ),
  mutant(
    'bytes are not copied back',
    AT_ROLLBACK,
    ENDING,
    'if (kind === KINDS.PROTECT) this.copyBack(at);',
    '',
  ),
  mutant(
    'entries of the transaction before count',
    'tx, one after another in one record',
    JOURNAL,
    'if (word !== 0 && kindNumber(word) === number) found',
    'if (word !== 0) found',
    dying,
  ),
  mutant(
    'entries of an array that was a magazine count',
    'tx, a journal in an array that was a magazine',
    JOURNAL,
    'for (let i = 0; i < IN_ARRAY; i++) memory.store(array + FIRST + i * ENTRY_WORDS + KIND, 0);',
    '',
  ),
  mutant(
    'a new array is not noted',
    MANY,
    JOURNAL,
    'this.pool.take(this.holder, record + NOTE)',
    'this.pool.take(this.holder, link)',
    dying,
  ),
  mutant(
    'an array that goes is not noted',
    MANY,
    JOURNAL,
    'memory.set(record + NOTE, array);\n      memory.set(record + CHUNK,',
    'memory.set(record + CHUNK,',
    dying,
  ),
  mutant('an array on its way is forgotten', MANY, RECORD, 'this.journal.settle();', '', dying),
  mutant('arrays of a journal stay', MANY, ENGINE, 'record.journal.clear();', ''),
  mutant(
    'a savepoint undoes too little',
    'tx, savepoints',
    ENGINE,
    'for (let i = part.length - 1; i >= length; i--) {',
    'for (let i = part.length - 1; i > length; i--) {',
  ),
  mutant(
    'a savepoint undoes too much',
    'tx, savepoints',
    ENGINE,
    'for (let i = part.length - 1; i >= length; i--) {',
    'for (let i = part.length - 1; i >= length - 1 && i >= 0; i--) {',
  ),
  mutant(
    'what was undone counts again',
    'tx, back to the same mark twice',
    ENGINE,
    'part.length = length;',
    '',
  ),
  mutant(
    'a record is open before it says whose it is',
    LED,
    RECORD,
    'memory.set(at + LEADER, leader);',
    'memory.store(at + STATE, (number << STATE_BITS) | OPEN);\n' +
      '    memory.set(at + LEADER, leader);',
    { walk: 'kill' },
  ),
  mutant(
    'a participant is named before it names the next',
    'tx, one joins while another has voted',
    RECORD,
    'memory.set(participant.at + NEXT, memory.get(at + JOINED));\n' +
      '    memory.set(at + JOINED, participant.index + 1); // COMMIT',
    'const first = memory.get(at + JOINED);\n' +
      '    memory.set(at + JOINED, participant.index + 1);\n' +
      '    memory.set(participant.at + NEXT, first);',
    dying,
  ),
  mutant(
    'a vote counts when all is over',
    HASTE,
    ENGINE,
    'const voted = leader.is(leaderNumber, OPEN) && record',
    'const voted = record',
  ),
  mutantOf('a journal that others know is written without its lock', HASTE, ENGINE, [
    ['if (part.known) record.lock.lock();', ''],
    ['if (part.known) part.record.lock.unlock();', ''],
  ]),
  mutant(
    'who leaves has its transactions committed',
    'tx, open when its thread leaves',
    'src/heap/session.ts',
    'for (let left = this.tx.recover(seat.slot); left > 0; left--) ' +
      'counters.bump(COUNTER.ROLLBACKS);',
    '',
  ),
  mutant(
    'a block out of a magazine is live before its entry names it',
    'tx, two threads commit',
    FAST,
    'words[entry + BLOCK] = granule;\n' +
      '    words[entry + KIND] = kind;\n' +
      '    bytes[state] = id; // LIVE, then the top, as in `pop`',
    'bytes[state] = id;\n' +
      '    words[entry + BLOCK] = granule;\n' +
      '    words[entry + KIND] = kind;',
    dying,
  ),
  mutant(
    'an entry counts before it names its block out of a magazine',
    'tx, one after another in one record',
    FAST,
    'words[entry + BLOCK] = granule;\n    words[entry + KIND] = kind;',
    'words[entry + KIND] = kind;\n    words[entry + BLOCK] = granule;',
    dying,
  ),
];
