// What a thread does about the deaths of others, besides what its calls do anyway: it looks for
// them when asked, and twice a second; it believes who has seen one; and it tells those who listen,
// of deaths and of what else is news (announce.ts).
//
// Listeners are served by the thread's timer (attached.ts), from the notices in the heap's header:
// every thread that listens hears of every recovery, whoever did it, but none hears of it before
// its event loop turns.

import { HeapError } from '../word/errors.ts';
import { heardNow, tellNews } from './announce.ts';
import { throwLater } from './attached.ts';
import type { Recovered } from './notices.ts';
import { Patient } from './patient.ts';

/**
 * Whether a worker's 'exit' says that its thread runs no more of our code. Not in Deno: there it is
 * told as soon as the worker is to be terminated, which it is when its event loop turns, and never
 * while it does not. The system knows.
 */
export const EXIT_IS_END = !('Deno' in globalThis);

/** Is told of a thread that has died, and of what it left. */
export type RecoveredListener = (recovered: Recovered) => void;

/** A worker of worker_threads, or whatever else has its number and tells its end. */
export interface Watched {
  readonly threadId: number;
  /** Has the listener called when the worker has ended. */
  once(event: 'exit', listener: () => void): unknown;
  /** Takes that back. */
  off?(event: 'exit', listener: () => void): unknown;
}

export abstract class Survivor extends Patient {
  private readonly listeners = new Set<RecoveredListener>();
  private told = 0;
  private news = heardNow(this.attachment);

  /**
   * Looks whether any attached thread has died, and recovers what it left: its locks, its blocks in
   * magazines, its slot. Happens by itself while the heap is used. Returns what was found.
   */
  recover(): Recovered[] {
    return this.inside(({ recovery }) => recovery.sweep());
  }

  /**
   * The caller knows that the threads on these slots are gone, and has them recovered. Those that
   * died together are named in one call: it may have to wait for a lock that any of them holds.
   * False if there was none: where nobody sits, on this thread's slot, or if the system says that
   * they live. Where it cannot be asked the caller's word counts: of a thread that lives it would
   * destroy the heap.
   */
  reap(...slots: number[]): boolean {
    return this.inside(({ on, recovery }) => {
      const over = slots.filter((slot) => slot !== on.seat.slot && on.table.reap(slot));
      if (over.length > 0) recovery.sweep();
      return over.length > 0;
    });
  }

  /**
   * When the worker ends, however it does, what it has left in this heap is recovered at once: for
   * where the system cannot be asked about threads. Returns what ends the watch. A worker that has
   * ended has no number any more: watch it from its start. This thread learns of the end when its
   * event loop turns, so not while it waits for a lock of that worker: what the sentinel is for. In
   * Deno a worker's 'exit' proves nothing, and is only the moment to ask the system.
   */
  watch(worker: Watched): () => void {
    const thread = worker.threadId + 1;
    if (thread === 0 && this.isSeated) this.recover();
    const ended = () => this.mourn(thread);
    worker.once('exit', ended);
    return () => void worker.off?.('exit', ended);
  }

  /**
   * Calls `listener` with each recovery from now on, whichever thread does it, within half a second
   * while this thread's event loop turns. Returns what ends that.
   */
  on(event: 'recovered', listener: RecoveredListener): () => void {
    if (event !== 'recovered') {
      throw new HeapError('BAD_OPTION', "the one event of a heap is 'recovered'");
    }
    if (this.listeners.size === 0) this.told = this.notices.newest();
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** What the timer does. A thread without a seat leaves the dead to others. */
  protected rounds(): void {
    if (this.isSeated) {
      this.inside(({ recovery }) => {
        recovery.attend();
        recovery.look();
      });
      this.ease();
      this.balance();
    }
    this.tell();
    this.news = tellNews(this.attachment, this.news);
    this.hear();
  }

  /** Also when this thread has left: then others see the mark. */
  private mourn(thread: number): void {
    if (EXIT_IS_END) this.attachment.table.markEnded(thread);
    if (this.isSeated) this.recover();
  }

  private tell(): void {
    if (this.listeners.size === 0) return;
    for (const recovered of this.notices.after(this.told)) {
      this.told = recovered.sequence;
      for (const listener of [...this.listeners]) callSafely(listener, recovered);
    }
  }
}

/** What a listener throws is its program's affair, and does not keep others from being told. */
function callSafely(listener: RecoveredListener, recovered: Recovered): void {
  try {
    listener(recovered);
  } catch (error) {
    throwLater(error);
  }
}
