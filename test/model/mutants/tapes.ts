// Wrongs done to recordings: the order of events, what may be read of a tape, and who ends one.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const TAPE = 'src/slot/tape.ts';
const RELEASE = 'src/heap/release.ts';
const RECORDING = 'src/heap/recording.ts';

const TWO = 'tapes: two write at once, and one reads';
const AGAIN = 'tapes: a block that is freed, and taken by another';
const HANDED = 'tapes: a block handed over, and freed there';
const ROOM = 'tapes: more events than one has room for';
const ENDS = 'tapes: a recording that ends, beside a round';
const LEAVES = 'tapes: who records leaves, beside a free';

export const ofTapes: readonly Mutant[] = [
  mutantOf('a free draws its ticket when its block is free', AGAIN, RELEASE, [
    ['const { tape } = this.on;\n    tape.open();', 'const { tape } = this.on;'],
    [
      '    tape.close(freed, granule);\n    return freed ?',
      '    tape.open();\n    tape.close(freed, granule);\n    return freed ?',
    ],
  ]),
  mutant(
    'a ticket is drawn before it is announced',
    TWO,
    TAPE,
    'memory.store(mine + ANNOUNCED, memory.load(TAPE_TICKETS) | 1);\n' +
      '    this.ticket = memory.add(TAPE_TICKETS, 2) | 1;',
    'this.ticket = memory.add(TAPE_TICKETS, 2) | 1;\n' +
      '    memory.store(mine + ANNOUNCED, this.ticket);',
  ),
  mutant('what has been announced holds nobody up', TWO, TAPE, 'bound = announced;', ''),
  mutantOf(
    'the tickets are read after who has announced one',
    TWO,
    TAPE,
    [
      [
        'let bound = memory.load(TAPE_TICKETS);',
        'const seen = memory.load(TAPE_TICKETS);\n    let bound = seen;',
      ],
      ['return bound;', 'return bound === seen ? memory.load(TAPE_TICKETS) : bound;'],
    ],
    { walk: 'nobody' },
  ),
  mutant(
    'an announcement ends before its entry is there',
    TWO,
    TAPE,
    'if (happened) this.write(op, granule, size, align);\n      memory.store(mine + ANNOUNCED, 0);',
    'memory.store(mine + ANNOUNCED, 0);\n      if (happened) this.write(op, granule, size, align);',
  ),
  mutant(
    'an event is written twice',
    ROOM,
    TAPE,
    'if (happened) this.write(op, granule, size, align);',
    'this.write(op, granule, size, align);\n      this.write(op, granule, size, align);',
  ),
  mutant(
    'an entry is published before it is written',
    HANDED,
    TAPE,
    'memory.set(at + TICKET, this.ticket);',
    'memory.store(mine + HEAD, (head + 1) | 0);\n    memory.set(at + TICKET, this.ticket);',
  ),
  mutant(
    'there is room before it has been read',
    ROOM,
    TAPE,
    'let tail = from;',
    'let tail = from;\n    memory.store(tape + TAIL, head);',
  ),
  mutant(
    'the announcement of the dead stays',
    HANDED,
    TAPE,
    'memory.store(layout.tapes + slot * WORDS + ANNOUNCED, 0);',
    '',
    dying,
  ),
  mutant(
    'the recording of the dead goes on',
    ENDS,
    'src/heap/recovery.ts',
    'endRecording(this.on, tokenOf(slot, incarnation));',
    '',
    dying,
  ),
  mutant(
    'who records and leaves lets it go on',
    LEAVES,
    'src/heap/session.ts',
    'endRecording(this.on, seat.token);',
    '',
  ),
  mutantOf(
    'a recording is nobody’s before it is over',
    LEAVES,
    RECORDING,
    [
      [
        'if (memory.load(RECORDER) !== token) return;',
        'if (memory.load(RECORDER) !== token) return;\n  memory.store(RECORDER, 0);',
      ],
      ['memory.store(RECORDER, 0); // COMMIT: last, for it names who is to be mourned', ''],
    ],
    dying,
  ),
];
