// The async waits of one thread on one side of a channel, in the order in which they came. One loop
// serves them as long as there are any; it sleeps on the side's bell as one thread. A wait that is
// over by its time or its signal leaves without a word to the others; when the loop ends, whatever
// wake-up it may have been given is passed on.

import type { Signal } from '../heap/asyncline.ts';
import type { Turn } from './channelring.ts';

/** The longest that a timer of the platform can be set to; beyond it none is needed. */
const LONGEST_MS = 2 ** 31 - 1;

/** How long an async call waits. */
export interface Patience {
  /** Milliseconds from 0 on; as long as it takes when not given. */
  readonly timeoutMs?: number;
  /** An AbortSignal. */
  readonly signal?: Signal;
}

/** One try; 0 is to be tried again. */
export type Attempt = (turn: Turn) => number;

/** The side on which the waits are. */
export interface Side {
  /** Resolves when it is worth trying again. */
  rest(): Promise<void>;
  passOn(): void;
}

interface Waiter {
  readonly attempt: Attempt;
  readonly done: (moved: number) => void;
  readonly fail: (error: unknown) => void;
}

export class ChannelLine {
  private readonly side: Side;
  private waiters: readonly Waiter[] = [];
  private serving = false;

  constructor(side: Side) {
    this.side = side;
  }

  /** What the attempt came to; 0 when the time is over, or the signal has said so. */
  wait(attempt: Attempt, { timeoutMs = Infinity, signal }: Patience): Promise<number> {
    return new Promise((resolve, reject) => {
      const over = () => this.dismiss(waiter, () => waiter.done(0));
      const timer = timeoutMs > LONGEST_MS ? undefined : setTimeout(over, timeoutMs);
      const ended = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', over);
      };
      const waiter: Waiter = {
        attempt,
        done: (moved) => void (ended(), resolve(moved)),
        fail: (error) => void (ended(), reject(error)),
      };
      signal?.addEventListener('abort', over);
      this.waiters = [...this.waiters, waiter];
      if (!this.serving) void this.serve();
    });
  }

  /** Whether anybody is waiting already, who is to be served first. */
  isLong(): boolean {
    return this.waiters.length > 0;
  }

  private async serve(): Promise<void> {
    this.serving = true;
    for (let slept = false; this.serveAll(slept); slept = true) await this.side.rest();
    this.serving = false;
    this.side.passOn();
  }

  /** Whether somebody is left, who goes on waiting. */
  private serveAll(slept: boolean): boolean {
    for (const waiter of this.waiters) {
      try {
        const moved = waiter.attempt({ slept, waits: true });
        if (moved === 0) return true;
        this.dismiss(waiter, () => waiter.done(moved));
      } catch (error) {
        this.dismiss(waiter, () => waiter.fail(error)); // its stack was at its end
      }
    }
    return false;
  }

  private dismiss(waiter: Waiter, end: () => void): void {
    if (!this.waiters.includes(waiter)) return;
    this.waiters = this.waiters.filter((it) => it !== waiter);
    end();
  }
}
