// Allocation that does not take the first no for an answer. When all that this thread could bring
// home has come home (allocate.ts) and it is still not enough, and the caller or the heap's setting
// says so, then in this order: this thread's shrinkers give up what they can do without; other
// threads are asked to send home what they cache, by standing in line for memory
// (slot/waitlist.ts), and run their shrinkers; and this thread waits its turn, trying again
// whenever it is woken. When that is in vain, it pleads for some worker to be stopped
// (pleading.ts).
//
// Others answer at their next slow path, which for their frees is the very next one (limits.ts), or
// when their event loop turns, within half a second. A thread that does neither keeps what it
// caches: at most what two magazines of each class may hold (block/rack.ts).

import { GRANULE, HEADER } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import { allocError, err, HeapError, ok, type AllocError, type Result } from '../word/errors.ts';
import { zeroBytes } from '../word/memory.ts';
import type { ZoneName } from '../page/zone.ts';
import { AsyncLine, type Answer, type Signal } from './asyncline.ts';
import type { Budget } from './budget.ts';
import { slowFrees } from './detour.ts';
import { checkTag } from './debugged.ts';
import { Thrifty } from './thrifty.ts';
import { SHORT } from './seated.ts';
import type { Asked } from './session.ts';
import { isShort } from './watermarks.ts';

const { WAITS, WAITED_MS, SERVED } = COUNTER;

/** How long an allocation that is not to fail fast waits for others to answer. */
const ANSWER_MS = 20;
/** Who waits looks for the dead as often. */
const SLICE_MS = 50;
/** So often in a row it lets those before it go first that were woken and do not come. */
const MOST_PASSED = 4;
/** For `allocAsync`. */
const DEFAULT_MS = 10_000;

/** What an allocation may ask for besides its size. */
export interface AllocOptions {
  /** A power of two; blocks are always aligned to 16. */
  readonly align?: number;
  /** 'dma' is strict; 'normal' and 'high' fall back downward. */
  readonly zone?: ZoneName;
  /** Zeroes the block's first `size` bytes. */
  readonly zero?: boolean;
  /** Whether to fail at once where this thread alone finds no memory; else as the heap is set. */
  readonly failFast?: boolean;
  /**
   * Milliseconds to wait for memory, blocking this thread, when there is none: then the error is
   * TIMEOUT. As the heap is set when not given. Where blocking is not allowed (a browser's page) it
   * spins: use `allocAsync` there.
   */
  readonly waitMs?: number;
  /** What it is charged to, null for nothing; this thread's budget when not given. */
  readonly budget?: Budget | null;
  /** In a debug heap: what the block is for, a line of up to 60 characters. Else not looked at. */
  readonly tag?: string;
}

/** What an allocation may ask for that waits without blocking its thread. */
export interface AsyncAllocOptions extends Pick<
  AllocOptions,
  'align' | 'zone' | 'zero' | 'budget' | 'tag'
> {
  /** 10 seconds when not given. */
  readonly timeoutMs?: number;
  /** An AbortSignal. */
  readonly signal?: Signal;
}

export abstract class Patient extends Thrifty {
  private balancing = false;
  /** The ticket for which the shrinkers were called last. */
  private obliged = 0;
  /** Waits of this thread that are in line by the one ticket of its slot. */
  private standing = 0;
  private readonly line = new AsyncLine({
    alloc: (asked) => this.answerTo(asked, true),
    enter: () => void this.standing++,
    stand: (size) => this.stand(size),
    passOn: () => this.passOn(),
    standsBack: (passed) => this.standsBack(passed),
    plead: (size, waitedMs) => this.plead(size, waitedMs, false),
    rest: () => this.rest(),
    leave: () => this.leaveLine(),
    count: (waitedMs, served) => this.countWait(waitedMs, served),
  });

  abstract alloc(size: number): number;

  /** As `alloc`, with options and the reason in the result. */
  tryAlloc(size: number, options: AllocOptions = {}): Result<number> {
    const { align, zone, zero, failFast, waitMs, budget, tag } = options;
    if (tag !== undefined) checkTag(tag);
    const plain = align === undefined && zone === undefined && failFast === undefined;
    const asked = { size, align, zone, budget: numberOf(budget) };
    const ptr =
      plain && waitMs === undefined && budget === undefined
        ? this.alloc(size)
        : this.allocSlow(asked, patienceOf(failFast, waitMs));
    if (ptr === 0) return err(this.refusal ?? allocError('OUT_OF_MEMORY', size));
    if (zero === true) zeroBytes(this.attachment.memory, ptr, size);
    if (tag !== undefined) this.attachment.debug?.setTag(ptr / GRANULE.BYTES, tag);
    return ok(ptr);
  }

  /**
   * As `tryAlloc` with a wait, without blocking the thread. TIMEOUT when the time is over, ABORTED
   * when the signal says so. Waits of all threads are served in the order in which they began.
   */
  async allocAsync(size: number, options: AsyncAllocOptions = {}): Promise<Result<number>> {
    const { align, zone, zero, budget, tag, timeoutMs = DEFAULT_MS, signal } = options;
    checkWait(timeoutMs, 'timeoutMs');
    if (tag !== undefined) checkTag(tag);
    const asked = { size, align, zone, budget: numberOf(budget) };
    let ptr = signal?.aborted === true ? SHORT : this.answerTo(asked);
    if (ptr === SHORT && signal?.aborted !== true) {
      ptr = await this.line.wait(asked, timeoutMs, signal);
    }
    if (ptr === SHORT && !signal?.aborted) this.plead(size, timeoutMs, true);
    if (ptr === SHORT) return err(this.gaveUp(size, signal?.aborted ? 'ABORTED' : 'TIMEOUT'));
    if (typeof ptr !== 'number') return err(ptr);
    if (zero === true) zeroBytes(this.attachment.memory, ptr, size);
    if (tag !== undefined) this.attachment.debug?.setTag(ptr / GRANULE.BYTES, tag);
    return ok(ptr);
  }

  /**
   * Whether every thread's allocations fail at once where that thread alone finds no memory, which
   * is so to begin with, or whether shrinkers are called and others asked, for some 20 ms.
   */
  setFailFast(failFast: boolean): void {
    this.attachment.memory.store(HEADER.PATIENT, failFast ? 0 : 1);
  }

  /** After the fast path's no: a block's first granule, or 0. */
  protected granuleNext(size: number): number {
    return this.exchanged(size) || this.allocSlow({ size }) / GRANULE.BYTES;
  }

  protected allocSlow(asked: Asked, patienceMs = -1): number {
    this.oblige();
    const ptr = this.allocThrifty(asked);
    if (ptr !== SHORT) return ptr;
    const got = this.persist(asked, patienceMs);
    if (got !== SHORT) return got;
    return this.refuse(this.gaveUp(asked.size, patienceMs > 0 ? 'TIMEOUT' : null));
  }

  /** A block of what is free at once, or 0, which counts as a failure of its own. */
  protected allocNow(size: number): number {
    return this.allocSlow({ size }, 0);
  }

  /** What the timer does for those who wait. */
  protected ease(): void {
    if (!this.attachment.waits.isLong()) return;
    this.oblige();
    this.inside(({ allocation, on }) => {
      allocation.answer();
      on.waits.rouse();
    });
  }

  /** What the timer does for zones that run short: what lies idle in the depots goes home. */
  protected balance(): void {
    const { list } = this.attachment.zones;
    this.balancing = list.some((zone) => isShort(zone, this.balancing));
    if (!this.balancing) return;
    this.inside(({ allocation }) => allocation.reclaimDepots());
  }

  /** This thread's shrinkers are called for whoever is first in line, once. */
  private oblige(): void {
    const { waits } = this.attachment;
    if (!this.hasShrinkers || !waits.seemsLong()) return;
    const { ticket, granules } = waits.first();
    if (ticket === this.obliged) return;
    this.obliged = ticket;
    this.shrink(granules * GRANULE.BYTES);
  }

  private persist(asked: Asked, patienceMs: number): number {
    const { memory } = this.attachment;
    const waitMs = patienceMs >= 0 ? patienceMs : memory.load(HEADER.PATIENT) * ANSWER_MS;
    if (waitMs === 0) return SHORT;
    this.shrink(asked.size);
    const ptr = this.allocOnce(asked, true);
    return ptr === SHORT ? this.wait(asked, waitMs) : ptr;
  }

  private answerTo(asked: Asked, again = false): Answer {
    const ptr = this.allocOnce(asked, again);
    return ptr === 0 ? (this.refusal ?? allocError('OUT_OF_MEMORY', asked.size)) : ptr;
  }

  /** In line until there is memory, or the time is over. */
  private wait(asked: Asked, waitMs: number): number {
    const { size } = asked;
    const start = performance.now();
    let ptr = SHORT;
    this.standing++;
    try {
      for (let woken = true, passed = 0; ; woken = this.sleep(start + waitMs)) {
        const waitedMs = performance.now() - start;
        const isOver = waitedMs >= waitMs;
        passed = woken || isOver ? 0 : this.standsBack(passed);
        this.stand(size);
        if (passed === 0) ptr = this.allocOnce(asked, true);
        if (ptr === SHORT) this.plead(size, waitedMs, isOver);
        if (ptr !== SHORT || isOver) return ptr;
        if (woken) this.passOn();
      }
    } finally {
      this.leaveLine();
      this.countWait(performance.now() - start, ptr > 0);
    }
  }

  /** How often in a row it has let others go first, if it does now; 0 if it tries. */
  private standsBack(passed: number): number {
    return passed < MOST_PASSED && this.attachment.waits.isOthersTurn() ? passed + 1 : 0;
  }

  private sleep(end: number): boolean {
    const left = Math.min(end - performance.now(), SLICE_MS);
    return this.inside(({ on, recovery }) => {
      const woken = left > 0 && on.waits.sleep(left);
      recovery.look();
      return woken;
    });
  }

  private async rest(): Promise<boolean> {
    if (!this.isSeated) return false;
    const woken = await this.attachment.waits.rest(SLICE_MS);
    if (this.isSeated) this.inside(({ recovery }) => recovery.look());
    return woken;
  }

  /** In line, if it is not; all slots' frees take the slow path from here on. */
  private stand(size: number): void {
    this.inside(({ on }) => {
      if (on.waits.join(Math.ceil(size / GRANULE.BYTES))) slowFrees(on);
    });
  }

  private passOn(): void {
    this.inside(({ on }) => on.waits.passOn());
  }

  /** Whoever of this thread's is served or gives up last takes the slot out of the line. */
  private leaveLine(): void {
    if (--this.standing === 0 && this.isSeated) this.inside(({ on }) => on.waits.leave());
  }

  private countWait(waitedMs: number, served: boolean): void {
    const { counters } = this.attachment;
    counters.bump(WAITS);
    counters.add(WAITED_MS, waitedMs);
    if (!served) return;
    counters.bump(SERVED);
    this.relieved();
  }

  /** The request has failed for good; the reason, if memory that is out is not all of it. */
  private gaveUp(size: number, why: 'TIMEOUT' | 'ABORTED' | null): AllocError {
    if (!this.isSeated) return allocError('DETACHED', size);
    const error = this.inside(({ allocation }) => allocation.outOfMemory(size));
    return (this.refusal = why === null ? error : allocError(why, size));
  }
}

function numberOf(budget: Budget | null | undefined): number | undefined {
  return budget === null ? 0 : budget?.id;
}

/** How long to wait; -1 is as the heap is set. */
function patienceOf(failFast?: boolean, waitMs?: number): number {
  if (waitMs !== undefined) checkWait(waitMs, 'waitMs');
  if (failFast === undefined) return waitMs ?? -1;
  return failFast ? 0 : (waitMs ?? ANSWER_MS);
}

function checkWait(milliseconds: number, name: string): void {
  if (milliseconds >= 0) return;
  throw new HeapError('BAD_OPTION', `${name} is a number of milliseconds from 0 on`);
}
