// The async waits of one thread for memory. They stand in the heap's line together, by the one
// ticket of the thread's slot (slot/waitlist.ts), and among themselves in the order in which they
// came; one loop serves them all, as long as there are any. A wait that is over by its time or its
// signal leaves without a word to the others.

import { allocError, type AllocError } from '../word/errors.ts';
import { SHORT } from './seated.ts';
import type { Asked } from './session.ts';

/** What this needs of an AbortSignal, which is not in every program's library. */
export interface Signal {
  readonly aborted: boolean;
  addEventListener(event: 'abort', listener: () => void): void;
  removeEventListener(event: 'abort', listener: () => void): void;
}

/** A pointer, SHORT when there is no memory yet, or why the request is refused. */
export type Answer = number | AllocError;

/** What the thread's heap does for its line. */
export interface Stand {
  alloc(asked: Asked): Answer;
  enter(): void;
  stand(size: number): void;
  passOn(): void;
  /** How often in a row others go first, if they do now; 0 if it is worth trying. */
  standsBack(passed: number): number;
  /** A wait has been in vain so far. */
  plead(size: number, waitedMs: number): void;
  /** Resolves when it is worth looking again; whether that is because this thread was woken. */
  rest(): Promise<boolean>;
  leave(): void;
  /** One wait is over. */
  count(waitedMs: number, served: boolean): void;
}

interface Waiter {
  readonly asked: Asked;
  readonly since: number;
  readonly done: (answer: Answer) => void;
}

export class AsyncLine {
  private readonly heap: Stand;
  private waiters: readonly Waiter[] = [];
  private serving = false;

  constructor(heap: Stand) {
    this.heap = heap;
  }

  /** SHORT when the time is over, or the signal has said so. */
  wait(asked: Asked, timeoutMs: number, signal?: Signal): Promise<Answer> {
    return new Promise((resolve) => {
      const start = performance.now();
      const over = () => this.dismiss(waiter, SHORT);
      const timer = setTimeout(over, timeoutMs);
      const waiter: Waiter = {
        asked,
        since: start,
        done: (answer) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', over);
          this.heap.count(performance.now() - start, typeof answer === 'number' && answer > 0);
          resolve(answer);
        },
      };
      signal?.addEventListener('abort', over);
      this.waiters = [...this.waiters, waiter];
      if (!this.serving) void this.serve();
    });
  }

  private async serve(): Promise<void> {
    const { heap } = this;
    this.serving = true;
    heap.enter();
    for (let woken = true, passed = 0; ; woken = await heap.rest()) {
      passed = woken ? 0 : heap.standsBack(passed);
      if (passed === 0) this.serveAll();
      if (this.waiters.length === 0) break;
      if (woken) heap.passOn();
    }
    this.serving = false;
    heap.leave();
  }

  private serveAll(): void {
    const [first] = this.waiters;
    if (first === undefined) return;
    try {
      this.heap.stand(first.asked.size);
      for (const waiter of this.waiters) this.serveOne(waiter);
    } catch {
      // This thread has left the heap, or its stack is at its end.
      for (const waiter of this.waiters) {
        this.dismiss(waiter, allocError('DETACHED', waiter.asked.size));
      }
    }
  }

  private serveOne(waiter: Waiter): void {
    const answer = this.heap.alloc(waiter.asked);
    if (answer !== SHORT) this.dismiss(waiter, answer);
    else this.heap.plead(waiter.asked.size, performance.now() - waiter.since);
  }

  private dismiss(waiter: Waiter, answer: Answer): void {
    if (!this.waiters.includes(waiter)) return;
    this.waiters = this.waiters.filter((it) => it !== waiter);
    waiter.done(answer);
  }
}
