// Who the threads of a schedule are, what has become of them, and what they were about to do: the
// part of the machine that its sources ask, and stop in.

import type * as Threads from '../../src/slot/thread.ts';
import { endOf, NOBODY } from '../../src/slot/thread.ts';
import { Access } from './access.ts';
import { MAX_THREADS } from './races.ts';
import type { Site } from './sites.ts';

export const IDLE = 0;
export const READY = 1;
export const ASLEEP = 2;
export const DONE = 3;
export const DEAD = 4;

/** What thread 0 is called; the real threads of this process have smaller numbers. */
const FIRST_WHO = 1_000_000_000;

/** The time of day, which does not pass: the first who looks for the dead by it finds it late. */
const DAY_MS = 1_000_000;

/** When a thread was started; no two at once, for the model has no clock. */
function startOf(t: number): number {
  return t + 1;
}

export class Lives extends Access {
  readonly status = new Uint8Array(MAX_THREADS);
  readonly pendingSite = new Int32Array(MAX_THREADS);
  readonly crashes: Uint32Array;
  readonly throws: Uint32Array;
  readonly freezes: Uint32Array;
  /** Deaths of those who came to recover. */
  readonly again: Uint32Array;
  /** Set-up sits down in the name of this thread. */
  sitting = 0;
  /** The system cannot be asked about threads, or is late: who sees an end has to say so. */
  elsewhere: boolean | 'late' = false;
  /** Each thread's own milliseconds: as many as its waits lasted that nobody ended. */
  protected readonly clock = new Float64Array(MAX_THREADS);
  /** Threads that are gone; one whose stack has overflowed is not. */
  readonly killed = new Uint8Array(MAX_THREADS);
  /** How threads are called that an overflow has ended: they may have kept their seats. */
  readonly threw = new Set<number>();
  threads = 0;
  protected seen = 0;
  protected cellSite = 0;
  protected cellIndex = 0;
  protected cellFirst = 0;
  protected cellSecond = 0;

  constructor(sites: readonly (Site | undefined)[]) {
    super(sites);
    this.crashes = new Uint32Array(sites.length);
    this.throws = new Uint32Array(sites.length);
    this.freezes = new Uint32Array(sites.length);
    this.again = new Uint32Array(sites.length);
  }

  /** What the transformed sources call: $y stops in front of an access, $d makes it at once. */
  hooks() {
    const stop = (site: number, index: number, first: number, second: number) => {
      this.cellSite = site;
      this.cellIndex = index;
      this.cellFirst = first;
      this.cellSecond = second;
    };
    return {
      $y0: (site: number) => stop(site, 0, 0, 0),
      $y1: (site: number, index: number) => stop(site, index, 0, 0),
      $y2: (site: number, index: number, a: number) => stop(site, index, a, 0),
      $y3: stop,
      $d0: (site: number) => this.execute(site, 0, 0, 0),
      $d1: (site: number, index: number) => this.execute(site, index, 0, 0),
      $d2: (site: number, index: number, a: number) => this.execute(site, index, a, 0),
      $d3: (site: number, index: number, a: number, b: number) => this.execute(site, index, a, b),
      performance: { now: () => this.clock[this.current] },
      $l: (change: number) => void ((this.licence[this.current] as number) += change),
    };
  }

  /** Whether nobody has died there, or nobody who was recovering, as `t` may be. */
  isNewToDie(t: number): boolean {
    if (t < 0 || this.status[t] !== READY) return false;
    const site = this.pendingSite[t] as number;
    return (t >= this.undertakers ? this.again : this.crashes)[site] === 0;
  }

  /** The thread is put aside for a long time: nothing happens to it, but it is counted. */
  freeze(t: number): void {
    (this.freezes[this.pendingSite[t] as number] as number)++;
  }

  protected whoIs(t: number): number {
    return this.elsewhere === true ? -(t + 1) : FIRST_WHO + t;
  }

  /** What src/slot/thread.ts tells the threads here: who they are, and who of them is dead. */
  threadModule(): typeof Threads {
    const nameOf = (t: number) => {
      const who = this.whoIs(t);
      return { who, start: who < 0 ? 0 : startOf(t), thread: t + 1 };
    };
    return {
      thisThread: () => nameOf(this.unwatched ? this.sitting : this.current),
      isGone: (who: number, start: number) =>
        who === NOBODY || start === endOf(who) || (who > 0 && this.isGone(who - FIRST_WHO, start)),
      endOf,
      canAsk: (who: number) => who > 0,
      clockMs: () => DAY_MS,
      beBlind: () => undefined,
      drawLeased: () => 0,
      isLeased: () => false,
      goBy: () => false,
      isNumbered: () => true,
      NOBODY,
    };
  }

  /**
   * Whether a thread was killed; who is told so comes after all it did. One that has the name and
   * was started at another time has taken the place of one that is gone. Where START is not there
   * the name alone is asked for, as thread.ts does.
   */
  private isGone(t: number, start: number): boolean {
    if (this.killed[t] === undefined) return false;
    if (start > 0 && start !== startOf(t)) return true;
    if (this.elsewhere === 'late' && this.current < this.undertakers) return false;
    if (!this.unwatched) this.hashes.step(this.current, this.lifeOf(t), false);
    if (this.killed[t] === 0) return false;
    this.seeEnd(t);
    return true;
  }

  /** The running thread sees which threads were killed, and comes after all they did. */
  seeEnds(): number[] {
    const ended = [...this.killed.keys()].filter((t) => this.killed[t] === 1);
    for (const t of ended) this.seeEnd(t);
    this.seen = ended.length;
    return ended;
  }

  /** Whether somebody was killed since somebody saw who was. */
  anyUnseen(): boolean {
    return this.killed.reduce((sum, it) => sum + it) > this.seen;
  }

  private seeEnd(t: number): void {
    const clock = new Int32Array(MAX_THREADS);
    this.races.publish(t, clock, 0);
    if (!this.unwatched) this.races.join(this.current, clock, 0);
  }

  /** A location for whether a thread lives: the last of the channels are nobody's. */
  protected lifeOf(t: number): number {
    return this.hashes.locations - 1 - t;
  }
}
