// When memory is out for good: who waits pleads, and who has registered is told which worker to
// stop. The heap stops nobody itself; whose end it is, and how, is the program's to say.
//
//   who      a thread that waits for memory (`waitMs`, `allocAsync`, `setFailFast(false)`)
//   when     half a second in vain, in which each thread whose event loop turns has sent home what
//            it cached; or the end of its patience, if that comes first
//   again    each second, by whoever still waits
//
// A handler runs on the thread that has registered it: as soon as its event loop turns, or, while
// it waits for memory itself, in that wait. Where an event loop cannot wait for a word (a browser
// without Atomics.waitAsync) it is told by its timer, twice a second.

import { COUNTER } from '../word/records.ts';
import { throwLater } from './attached.ts';
import { Pleas } from './pleas.ts';
import { Debugged } from './debugged.ts';
import { adjustScore, victimsOf, type Victim } from './victims.ts';

/** What others send home because somebody waits has come by then (attached.ts). */
const ANSWERED_MS = 500;

/** Memory is out, and a thread waits for it. */
export interface OutOfMemory {
  /** Who could be stopped, the best first. Not this thread, and none that is immune. */
  readonly victims: readonly Victim[];
  /** Bytes that are waited for, rounded up to 16. */
  readonly requested: number;
  /** The slot that waits for them. */
  readonly slot: number;
}

/** Stops one of the victims, or does not. Called on the threads that listen. */
export type OutOfMemoryHandler = (event: OutOfMemory) => void;

export abstract class Pleading extends Debugged {
  private readonly handlers = new Set<OutOfMemoryHandler>();
  /** The plea that was heard last. */
  private heard = 0;
  private listening = false;
  private telling = false;

  /**
   * Calls `handler` on this thread when memory is out and a thread has waited for it in vain: it
   * may stop a worker (`worker.terminate()`), whose memory is then brought home, and the wait goes
   * on. Once for each shortage, and again each second while that lasts. One thread should do it.
   * In a heap without `trackOwners` a worker's live blocks do not come back by its death: see
   * `returnedBytes`. Keeps no thread alive. Returns what ends it.
   */
  onOutOfMemory(handler: OutOfMemoryHandler): () => void {
    if (this.handlers.size === 0) this.heard = this.pleas.made();
    this.handlers.add(handler);
    if (!this.listening) void this.listen();
    return () => void this.handlers.delete(handler);
  }

  /**
   * Adds to this thread's score as a victim when memory is out: -1000, never, to 1000, first of
   * all; thousandths of the heap, beside the share that it holds. 0 to begin with, and again after
   * it has left, or crashed inside the heap. Throws BAD_OPTION for any other number.
   */
  setOomScoreAdj(adj: number): void {
    this.inside((session) => adjustScore(session, adj));
  }

  /** This thread has waited so long for so much, and is at the end of its patience, or not. */
  protected plead(bytes: number, waitedMs: number, isOver: boolean): void {
    if (!this.isSeated || (!isOver && waitedMs < ANSWERED_MS)) return;
    const { counters, seat } = this.attachment;
    if (this.pleas.make(seat.slot, bytes)) counters.bump(COUNTER.PLEAS);
    this.hear();
  }

  /** This thread has its memory. */
  protected relieved(): void {
    this.pleas.withdraw(this.attachment.seat.slot);
  }

  /** Tells the handlers of a plea that they have not been told of. */
  protected hear(): void {
    const { pleas } = this;
    const count = pleas.made();
    if (this.handlers.size === 0 || !this.isSeated || count === this.heard) return;
    if (this.telling) return; // a handler waits for memory: it is told when it is done
    this.heard = count;
    const plea = pleas.holding();
    if (plea === null) return;
    const victims = this.inside((session) => victimsOf(session));
    const event = { victims, requested: plea.bytes, slot: plea.slot };
    this.telling = true;
    for (const handler of [...this.handlers]) callSafely(handler, event);
    this.telling = false;
  }

  private get pleas(): Pleas {
    return new Pleas(this.attachment.memory);
  }

  /** As long as there is somebody to tell. */
  private async listen(): Promise<void> {
    this.listening = true;
    for (let seen = this.heard; this.handlers.size > 0 && this.isPresent;) {
      const next = this.pleas.next(seen);
      if (next === null) break; // the timer does it
      await next;
      seen = this.pleas.made();
      try {
        this.hear();
      } catch (error) {
        throwLater(error);
      }
    }
    this.listening = false;
  }
}

/** What a handler throws is its program's affair, and does not make the allocation fail. */
function callSafely(handler: OutOfMemoryHandler, event: OutOfMemory): void {
  try {
    handler(event);
  } catch (error) {
    throwLater(error);
  }
}
