// What a thread does at a channel, one turn after the other, from its seat in the heap: it sends or
// receives what it can, and if that is nothing it may sleep until the other side has been there.
// Whoever wakes up looks for the dead, as all do who wait (heap/patient.ts), and sends home what it
// has cached if others wait for memory.

import { HeapError } from '../word/errors.ts';
import type { Memory } from '../word/memory.ts';
import type { Inside } from '../heap/door.ts';
import type { Session } from '../heap/session.ts';
import type { Bell } from './bell.ts';
import { ChannelRing, type Turn } from './channelring.ts';

/** What a turn comes to where there is no seat to take it from; see OVER for the others. */
export const OUTSIDE = Object.freeze({ DETACHED: -4, NO_SLOT: -5 });

/** One side of a channel, and what is done there. */
export interface Step {
  tryIn(ring: ChannelRing, turn: Turn): number;
  bellOf(ring: ChannelRing): Bell;
}

export class Sending implements Step {
  private readonly ptrs: ArrayLike<number>;
  private readonly from: number;

  constructor(ptrs: ArrayLike<number>, from: number) {
    this.ptrs = ptrs;
    this.from = from;
  }

  tryIn(ring: ChannelRing, turn: Turn): number {
    return ring.send(this.ptrs, this.from, turn);
  }

  bellOf(ring: ChannelRing): Bell {
    return ring.room;
  }
}

export class Receiving implements Step {
  private readonly out: { [index: number]: number };
  private readonly most: number;

  constructor(out: { [index: number]: number }, most: number) {
    this.out = out;
    this.most = most;
  }

  tryIn(ring: ChannelRing, turn: Turn): number {
    return ring.receive(this.out, this.most, turn);
  }

  bellOf(ring: ChannelRing): Bell {
    return ring.items;
  }
}

export class Turns {
  private readonly inside: Inside;
  private readonly memory: Memory;
  private readonly at: number;
  /** As this thread's session sees it; another one after a crash. */
  private ring: ChannelRing | null = null;
  private session: Session | null = null;

  constructor(inside: Inside, memory: Memory, at: number) {
    this.inside = inside;
    this.memory = memory;
    this.at = at;
  }

  /** Turn after turn until one comes to something, or it is `end`; 0 then. */
  persist(step: Step, end: number): number {
    for (let slept = false; ; slept = true) {
      const left = end === 0 ? 0 : end - performance.now();
      const moved = this.take(step, { slept, waits: left > 0 }, left);
      if (moved !== 0 || left <= 0) return moved;
    }
  }

  /** One turn; when it is to wait and is in vain, a sleep of at most so long. */
  take(step: Step, turn: Turn, sleepMs: number): number {
    try {
      return this.inside((session) => this.takeIn(session, step, turn, sleepMs));
    } catch (error) {
      return outside(error);
    }
  }

  close(): boolean {
    return this.inside((session) => this.ringOf(session).close());
  }

  isClosed(): boolean {
    return this.inside((session) => this.ringOf(session).isClosed());
  }

  count(): number {
    return this.inside((session) => this.ringOf(session).count());
  }

  /** After a turn in vain that was to wait: resolves when it is worth another. */
  async rest(step: Step): Promise<void> {
    if (this.ring === null) return;
    await step.bellOf(this.ring).rest(this.ring.expected);
  }

  /** This thread, which may have been woken, has no use for it. */
  passOn(step: Step): void {
    if (this.ring !== null) step.bellOf(this.ring).wake(1);
  }

  private takeIn(session: Session, step: Step, turn: Turn, sleepMs: number): number {
    const ring = this.ringOf(session);
    const moved = step.tryIn(ring, turn);
    if (moved !== 0 || sleepMs <= 0) return moved;
    step.bellOf(ring).sleep(ring.expected, sleepMs);
    const { recovery, allocation, on } = session;
    recovery.look();
    if (on.waits.isLong() && allocation.answer() > 0) on.waits.rouse();
    return 0;
  }

  private ringOf(session: Session): ChannelRing {
    if (this.ring !== null && this.session === session) return this.ring;
    this.session = session;
    this.ring = new ChannelRing(session.on, this.memory, this.at);
    return this.ring;
  }
}

function outside(error: unknown): number {
  if (error instanceof HeapError && error.code === 'DETACHED') return OUTSIDE.DETACHED;
  if (error instanceof HeapError && error.code === 'NO_SLOT') return OUTSIDE.NO_SLOT;
  throw error;
}
