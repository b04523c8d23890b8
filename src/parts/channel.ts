// Channels: how threads hand blocks to each other, by pointer and with their ownership. Bounded,
// for any number of senders and receivers, in one block of the heap that is found by a named root.
// `atomalloc/channel`.
//
//   const jobs = channel(heap, 'jobs', { capacity: 1024 });       in every thread
//   jobs.value.send(ptr)                                          the block is not ours any more
//   jobs.value.receive()                                          it is ours: use it, free it
//
// Blocks come out in the order in which they went in; those of one sender in its order. What is in
// the channel when its sender dies is received all the same, and what a receiver has not got when
// it dies another gets (channelring.ts says by which write that is decided).
//
// Two threads that make one channel at once both make one, and the second is told of the first's
// when it comes to name its own, which it frees. A maker that dies before its channel has the name
// dies with a block that nobody knows; in a heap that tracks owners that is freed.
//
// A channel stays for as long as its heap. There is no way to destroy one that somebody may be
// using: `close` ends its use, and when no thread calls it any more, `heap.roots.delete(name)` and
// `heap.free(channel.ptr)` give its block back. Receive what is in it first.

import { allocError, err, HeapError, ok } from '../word/errors.ts';
import type { AllocError, AllocErrorCode, Result } from '../word/errors.ts';
import { Memory } from '../word/memory.ts';
import { insideOf, type Inside } from '../heap/door.ts';
import type { SharedHeap } from '../heap/heap.ts';
import { ChannelLine, type Patience } from './channelline.ts';
import { OVER, type Turn } from './channelring.ts';
import { OUTSIDE, Receiving, Sending, Turns, type Step } from './channelturn.ts';
import { capacityIn, CHANNEL, formatRing, wordsFor } from './channelwords.ts';

const WORD_BYTES = 4;
const DEFAULT_CAPACITY = 1024;
const MOST = 2 ** 20;
const AT_ONCE: Turn = Object.freeze({ slept: false, waits: false });
/** On which side an async wait is; what it is for does not matter there. */
const SENDING = new Sending([], 0);
const RECEIVING = new Receiving([], 0);

/** How a channel is made. */
export interface ChannelOptions {
  /**
   * Blocks that it has room for, 1 to 2^20; 1024 when not given. Of a channel that is there already
   * it is what its maker said. Each takes 8 bytes, the next power of two of them.
   */
  readonly capacity?: number;
}

/** How long a call may block its thread. */
export interface Blocking {
  /**
   * Milliseconds to wait, blocking this thread; as long as it takes when not given. Where blocking
   * is not allowed (a browser's page) it spins: use the async calls there.
   */
  readonly waitMs?: number;
}

export type { Patience };

/** The heap’s own codes, and CLOSED. */
export type ChannelErrorCode = AllocErrorCode | 'CLOSED';

/**
 * Why nothing was sent or received. CLOSED: by `close`, and a receiver has all that was in it;
 * TIMEOUT: the channel was full, or empty, for all of the time; ABORTED: the signal said so;
 * INVALID_POINTER: no live block starts there; RETAINED: threads have references to the block;
 * DETACHED, NO_SLOT: this thread is not in the heap.
 */
export interface ChannelError extends Omit<AllocError, 'code' | 'injected'> {
  readonly code: ChannelErrorCode;
}

/**
 * The channel of that name in the heap, made if there is none. OUT_OF_MEMORY if there is no block
 * for it, INVALID_SIZE if it is larger than the heap. Throws BAD_OPTION for a capacity that cannot
 * be; BAD_NAME for a name that roots cannot have, or if that root names something else, or if all
 * 64 names are taken; DETACHED as `heap.roots` does. Costs a lock and a look at the names: keep
 * what it returns.
 */
export function channel(
  heap: SharedHeap,
  name: string,
  { capacity = DEFAULT_CAPACITY }: ChannelOptions = {},
): Result<Channel> {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > MOST) {
    throw new HeapError('BAD_OPTION', 'the capacity of a channel is a whole number from 1 to 2^20');
  }
  const there = heap.roots.get(name);
  return there === 0 ? make(heap, name, capacity) : ok(openAt(heap, name, there));
}

function make(heap: SharedHeap, name: string, capacity: number): Result<Channel> {
  const words = wordsFor(capacity);
  const got = heap.tryAlloc(words * WORD_BYTES, { budget: null });
  if (!got.ok) return got;
  formatRing(memoryAt(heap, got.value, words), 0, capacity);
  const named = heap.roots.add(name, got.value);
  if (named !== got.value) heap.free(got.value);
  if (named !== 0) return ok(openAt(heap, name, named));
  throw new HeapError('BAD_NAME', `all 64 names of roots are taken: delete one for '${name}'`);
}

function openAt(heap: SharedHeap, name: string, ptr: number): Channel {
  const words = heap.usableSize(ptr) / WORD_BYTES;
  const memory = words > 0 ? memoryAt(heap, ptr, words) : null;
  if (memory === null || capacityIn(memory, 0, words) === 0) {
    throw new HeapError('BAD_NAME', `the root '${name}' names no channel: choose another name`);
  }
  return new Channel(insideOf(heap), memory, 0, ptr);
}

/** The words of a block: the channel's, and nobody's to free. */
function memoryAt(heap: SharedHeap, ptr: number, words: number): Memory {
  const endByte = words * WORD_BYTES;
  const extent = { endWords: words, countersByte: endByte, bytesByte: endByte, endByte };
  return new Memory(heap.handle.buffer, ptr, extent);
}

/** One thread's end of a channel. */
export class Channel {
  /** Blocks that it has room for. */
  readonly capacity: number;
  /** The block in which it is. */
  readonly ptr: number;
  private readonly turns: Turns;
  private readonly senders: ChannelLine;
  private readonly receivers: ChannelLine;

  /** @internal See `channel`. */
  constructor(inside: Inside, memory: Memory, at: number, ptr: number) {
    this.ptr = ptr;
    this.capacity = memory.get(at + CHANNEL.CAPACITY);
    this.turns = new Turns(inside, memory, at);
    this.senders = this.lineOf(SENDING);
    this.receivers = this.lineOf(RECEIVING);
  }

  /**
   * Sends the block at `ptr`: it is the channel's from then on, and whoever receives it frees it.
   * TIMEOUT when there is no room. A block that was not sent is the caller's still. Costs a lock.
   */
  trySend(ptr: number): Result<void, ChannelError> {
    return this.send(ptr, { waitMs: 0 });
  }

  /** The oldest block, which is the caller's from then on; TIMEOUT when there is none. */
  tryReceive(): Result<number, ChannelError> {
    return this.receive({ waitMs: 0 });
  }

  /** As `trySend`, when there is room. */
  send(ptr: number, { waitMs = Infinity }: Blocking = {}): Result<void, ChannelError> {
    const sent = this.turns.persist(new Sending([ptr], 0), deadline(waitMs, 'waitMs'));
    return sent > 0 ? ok(undefined) : err(errorOf(sent, ptr));
  }

  /** As `tryReceive`, when there is one. */
  receive({ waitMs = Infinity }: Blocking = {}): Result<number, ChannelError> {
    const out = [0];
    const taken = this.turns.persist(new Receiving(out, 1), deadline(waitMs, 'waitMs'));
    return taken > 0 ? ok(out[0] as number) : err(errorOf(taken, 0));
  }

  /**
   * Sends the blocks in order, waiting for room where it has to: as many as it takes one lock for.
   * How many were sent: all, or those before the time was over, the channel closed, or one that
   * cannot be sent; the others are the caller's still. An error if there are some and none was.
   */
  sendMany(
    ptrs: ArrayLike<number>,
    { waitMs = Infinity }: Blocking = {},
  ): Result<number, ChannelError> {
    const end = deadline(waitMs, 'waitMs');
    for (let sent = 0; ;) {
      if (sent === ptrs.length) return ok(sent);
      const more = this.turns.persist(new Sending(ptrs, sent), end);
      if (more <= 0) return sent > 0 ? ok(sent) : err(errorOf(more, ptrs[0] as number));
      sent += more;
    }
  }

  /**
   * Fills `out` from its first entry on with what there is, the oldest first, under one lock; waits
   * until there is one. How many there were: at least one, if `out` has room for any.
   */
  receiveMany(
    out: { readonly length: number; [index: number]: number },
    { waitMs = Infinity }: Blocking = {},
  ): Result<number, ChannelError> {
    const end = deadline(waitMs, 'waitMs');
    if (out.length === 0) return ok(0);
    const taken = this.turns.persist(new Receiving(out, out.length), end);
    return taken > 0 ? ok(taken) : err(errorOf(taken, 0));
  }

  /**
   * As `send`, without blocking the thread. Waits of one thread are served in the order in which
   * they began. A thread that does not come back to its event loop keeps the wake-up that it is
   * given from others, for up to 50 ms.
   */
  async sendAsync(ptr: number, patience: Patience = {}): Promise<Result<void, ChannelError>> {
    const sent = await this.waitIn(this.senders, new Sending([ptr], 0), patience);
    return sent > 0 ? ok(undefined) : err(errorOf(sent, ptr, patience));
  }

  /** As `receive`, without blocking the thread; see `sendAsync`. */
  async receiveAsync(patience: Patience = {}): Promise<Result<number, ChannelError>> {
    const out = [0];
    const taken = await this.waitIn(this.receivers, new Receiving(out, 1), patience);
    return taken > 0 ? ok(out[0] as number) : err(errorOf(taken, 0, patience));
  }

  /**
   * Nothing is sent from now on; what is in it can still be received. Wakes all who wait. False if
   * it was closed already. Throws DETACHED, as the two below, when this thread is not in the heap.
   */
  close(): boolean {
    return this.turns.close();
  }

  /** Whether somebody has closed it: what was sent before is still received. Costs a load. */
  isClosed(): boolean {
    return this.turns.isClosed();
  }

  /** How many blocks are in it, as of a moment ago. Costs a lock. */
  count(): number {
    return this.turns.count();
  }

  private async waitIn(line: ChannelLine, step: Step, patience: Patience): Promise<number> {
    const { timeoutMs = Infinity, signal } = patience;
    const end = deadline(timeoutMs, 'timeoutMs');
    if (signal?.aborted === true) return 0;
    const attempt = (turn: Turn): number => this.turns.take(step, turn, 0);
    const moved = line.isLong() ? 0 : attempt(AT_ONCE);
    return moved !== 0 || end === 0 ? moved : line.wait(attempt, patience);
  }

  private lineOf(side: Step): ChannelLine {
    return new ChannelLine({
      rest: () => this.turns.rest(side),
      passOn: () => this.turns.passOn(side),
    });
  }
}

/** When a wait of so long is over; 0 for one that is none. */
function deadline(milliseconds: number, name: string): number {
  if (!(milliseconds >= 0)) {
    throw new HeapError('BAD_OPTION', `${name} is a number of milliseconds from 0 on`);
  }
  return milliseconds === 0 ? 0 : performance.now() + milliseconds;
}

const CODES: Readonly<Record<number, AllocErrorCode>> = {
  [OVER.INVALID]: 'INVALID_POINTER',
  [OVER.RETAINED]: 'RETAINED',
  [OUTSIDE.DETACHED]: 'DETACHED',
  [OUTSIDE.NO_SLOT]: 'NO_SLOT',
};

/** Why a turn came to nothing. */
function errorOf(came: number, ptr: number, { signal }: Patience = {}): ChannelError {
  if (came === OVER.CLOSED) {
    return { code: 'CLOSED', requested: ptr, message: 'CLOSED: the channel was closed' };
  }
  if (came === 0 && signal?.aborted === true) {
    return { code: 'ABORTED', requested: ptr, message: 'ABORTED: the signal said so' };
  }
  return allocError(CODES[came] ?? 'TIMEOUT', ptr);
}
