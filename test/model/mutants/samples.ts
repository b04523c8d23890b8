// Wrongs done to the time for which somebody waits for memory, and to samples.

import { mutant, type Mutant } from './mutant.ts';

const LINE = 'src/slot/waitlist.ts';
const STALL = 'src/slot/stall.ts';
const SAMPLES = 'src/slot/samples.ts';
const COMES = 'the line: one comes as the last one goes';
const FALLS = 'the time of stalls never falls, whoever begins and ends them';
const WHOLE = 'a sample is read whole or not at all';

export const ofSamples: readonly Mutant[] = [
  mutant(
    'a stall ends after the last look',
    COMES,
    LINE,
    '      stall.end();\n' +
      '      memory.store(WAITING, 0); // before the last look\n' +
      '      next = this.next(0, Infinity);\n',
    '      memory.store(WAITING, 0);\n      next = this.next(0, Infinity);\n      stall.end();\n',
  ),
  mutant(
    'a stall stays ended although the last look finds somebody',
    COMES,
    LINE,
    '    stall.begin();\n    return next;',
    '    return next;',
  ),
  mutant(
    'who begins a stall for another does not look whether it is still there',
    'the line: the only one goes while another looks',
    LINE,
    '    while (next >= 0 && !this.stands(next)) next = this.lookOver();\n',
    '',
  ),
  mutant(
    'who joins the line begins no stall',
    COMES,
    LINE,
    '    this.stall.begin();\n    return true;',
    '    return true;',
  ),
  mutant('who leaves the line ends no stall', COMES, LINE, '      stall.end();\n', ''),
  mutant(
    'a stall begins by a store',
    FALLS,
    STALL,
    'memory.cas(STALL, word, (this.turned(word) << 1) | 1);',
    'memory.store(STALL, (this.turned(word) << 1) | 1);',
    { preemptions: 3 },
  ),
  mutant(
    'a stall ends by a store',
    FALLS,
    STALL,
    'memory.cas(STALL, word, this.turned(word) << 1);',
    'memory.store(STALL, this.turned(word) << 1);',
    { preemptions: 3 },
  ),
  mutant(
    'a sample is claimed by a load and a store',
    'a sample is taken by one of two',
    SAMPLES,
    'if (memory.cas(SAMPLED, last, stamp) !== last) return false;',
    'memory.store(SAMPLED, stamp);',
  ),
  mutant(
    'a sample keeps its stamp while it is written',
    WHOLE,
    SAMPLES,
    '    memory.store(record + STAMP, 0);\n',
    '',
  ),
  mutant(
    'a sample has its stamp before it is written',
    WHOLE,
    SAMPLES,
    '    memory.store(record + STAMP, 0);\n',
    '    memory.store(record + STAMP, ms);\n',
  ),
  mutant(
    'who reads a sample does not look at its stamp again',
    WHOLE,
    SAMPLES,
    'return memory.load(record + STAMP) === ms ? { ms, stallMs, failures, ooms, attempts } : null;',
    'return { ms, stallMs, failures, ooms, attempts };',
  ),
];
