// A bell: one word on which threads sleep until something has happened that they may go on with. It
// stands beside a lock, under which it is told who comes and what happens; the sleep itself, and
// the wake-up, are outside of it.
//
//   odd    somebody may sleep          even   whoever sleeps has been woken, or is being woken
//
//   from   to      who
//   even   odd     who is going to sleep, and sleeps while the word is that; who has slept
//   odd    + 1     who brings something: it wakes as many as it brings, after it has unlocked
//
// One atomic write tells everybody who has looked in vain that its look is too old: `wait` compares
// the word. As long as nobody sleeps nothing is woken, and of several things that come before those
// who were woken run, only the first costs a wake-up. So whoever has slept makes the word odd again
// at its next turn, whether it gets something or gives up: others may sleep still; and if the word
// was even and there is more, it wakes as many of them.
//
//   word   writers    readers   access   if its writer dies midway
//   WORD   the lock   any       atomic   valid: a wake-up may be lost, see below
//
// A wake-up that is given to a dying thread, or to one whose event loop is busy, is lost on the
// others until the bound of their sleep: BOUND_MS. Nobody's sleep is longer.

import type { Memory } from '../word/memory.ts';

/** Longest sleep before looking again: for wake-ups that died with whom they were given to. */
export const BOUND_MS = 50;
/** Reads before sleeping: some microseconds; a sleep and its wake-up take many times as long. */
const SPINS = 256;
/** More than there are threads. */
export const ALL = 2 ** 20;

export class Bell {
  private readonly memory: Memory;
  private readonly word: number;

  constructor(memory: Memory, word: number) {
    this.memory = memory;
    this.word = word;
  }

  /** The caller is going to sleep: what to sleep on. */
  expectLocked(): number {
    const odd = this.memory.get(this.word) | 1;
    this.memory.store(this.word, odd);
    return odd;
  }

  /** The caller has slept. Whether nothing was to be woken meanwhile, on account of that. */
  resumeLocked(): boolean {
    const seen = this.memory.get(this.word);
    if ((seen & 1) !== 0) return false;
    this.memory.store(this.word, seen | 1);
    return true;
  }

  /** Something has happened: whether somebody is to be woken, when the lock is free. */
  ringLocked(): boolean {
    const seen = this.memory.get(this.word);
    if ((seen & 1) === 0) return false;
    this.memory.store(this.word, (seen + 1) | 0); // COMMIT: pairs with `sleep`
    return true;
  }

  /** Wakes so many. */
  wake(count: number): void {
    this.memory.wake(this.word, count);
  }

  /** Sleeps until woken, at most so long and at most BOUND_MS. */
  sleep(expected: number, milliseconds: number): void {
    for (let i = 0; i < SPINS; i++) {
      if (this.memory.load(this.word) !== expected) return;
      this.memory.pause();
    }
    this.memory.wait(this.word, expected, Math.min(milliseconds, BOUND_MS));
  }

  /** As `sleep`, without blocking the thread. */
  rest(expected: number): Promise<void> {
    return this.memory.waitAsync(this.word, expected, BOUND_MS);
  }
}
