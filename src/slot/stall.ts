// For how long somebody has been waiting for memory, all in all: the time during which the line
// (waitlist.ts) was not empty, however many stood in it. Linux calls the share of such time in the
// time that passes "some" pressure.
//
//   word   writers           readers  access  if its writer dies midway
//   STALL  who begins; ends  all      atomic  valid: each change is one CAS
//
//   STALL, nobody waits      the milliseconds so far << 1
//   STALL, somebody waits    what the clock showed when it began, less those before, << 1 | 1
//
// So the total is what STALL says, or the clock less that, and a stall begins and ends in one step:
// a death leaves it on or off, and loses no part of it. Which of the two is right the line says:
// who joins it begins the stall afterwards; who finds it empty ends the stall and looks again; and
// who begins one for others looks again, too. Who dies before that second look is a slot whose
// recovery looks.
//
// The CAS is made once. Who fails to begin was overtaken by one who ended a stall, and looks after
// that: it finds who stands in line. Who fails to end was overtaken by one who ended it as well.
//
// The clock is read after the word, so that it never shows less than when the stall began. It is
// the day's, which all threads have in common (performance.now begins at another time in each), and
// which somebody may set: a stall during which it is set is off by as much. Milliseconds come round
// after 24 days: samples.ts counts how often.

import { HEADER } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { clockMs } from './thread.ts';

const { STALL } = HEADER;

export class Stall {
  private readonly memory: Memory;
  private readonly clock: () => number;

  constructor(memory: Memory, clock: () => number = clockMs) {
    this.memory = memory;
    this.clock = clock;
  }

  /** Somebody waits from here on, if nobody did. */
  begin(): void {
    const { memory } = this;
    const word = memory.load(STALL);
    if ((word & 1) === 0) memory.cas(STALL, word, (this.turned(word) << 1) | 1); // COMMIT
  }

  /** Nobody waits any more, if somebody did. */
  end(): void {
    const { memory } = this;
    const word = memory.load(STALL);
    if ((word & 1) !== 0) memory.cas(STALL, word, this.turned(word) << 1); // COMMIT
  }

  /** Milliseconds so far, in 31 bits. */
  total(): number {
    const word = this.memory.load(STALL);
    return (word & 1) === 0 ? word >>> 1 : this.turned(word) & 0x7fffffff;
  }

  /** The clock less what the word says: from the one of its two meanings to the other. */
  private turned(word: number): number {
    return this.clock() - (word >>> 1);
  }
}
