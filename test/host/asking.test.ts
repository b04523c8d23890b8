// Deaths where the system can be asked: who looks, or waits, finds the dead itself.

import { describe } from 'vitest';
import { thisThread } from '../../src/slot/thread.ts';
import { deathsAreSeen } from '../support/threads/deaths.ts';

describe.runIf(thisThread().who > 0)('where the system can be asked about threads', () => {
  deathsAreSeen(false);
});
