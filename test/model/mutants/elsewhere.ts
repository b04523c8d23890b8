// Wrongs done to what is told of ends that the system does not tell, or not yet.

import { mutant, type Mutant } from './mutant.ts';

const SLOT = 'src/slot/slot.ts';
const TOLD_OF =
  'if (who !== -thread && (who < 0 || memory.load(record + THREAD) !== thread)) continue;';

export const ofEnds: readonly Mutant[] = [
  mutant(
    'when one has ended, whoever has a seat is marked',
    'elsewhere: an end is told twice, and the seat changes hands',
    SLOT,
    TOLD_OF,
    '',
    { walk: 'nobody' },
  ),
  mutant(
    'who sees a death just after another has does not recover',
    'elsewhere: the end of one who has the lock is told while another waits for it',
    SLOT,
    'return this.stateOf(slot) >= DEAD; // another',
    'return false; // another',
    { walk: 'nobody' },
  ),
  mutant(
    'the end of a thread that the system knows is left to the system',
    'the system is late: an end is told twice, and the seat changes hands',
    SLOT,
    TOLD_OF,
    'if (who !== -thread) continue;',
    { walk: 'nobody' },
  ),
];
