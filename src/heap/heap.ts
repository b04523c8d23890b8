// SharedHeap: what users see. One object per thread and heap.
//
// An ordinary alloc reads the class table, pops the slot's magazine and writes one state byte; an
// ordinary free reads the state byte and pushes (block/magazine.ts). No Atomics, no allocation, no
// branch for modes, checks or detachment: each of those leaves the fast path a table of zeroes, an
// empty magazine or a full one, and so sends it to the slow path, which asks why.
// Budget: alloc 5 loads, 3 stores; free 4 loads, 4 stores.

import { GRANULE } from '../word/layout.ts';
import { allocError, err, HeapError, ok, type AllocError, type Result } from '../word/errors.ts';
import { copyBytes } from '../word/memory.ts';
import { usedPages } from '../page/zone.ts';
import { granuleOfRef, type Ref } from '../block/generations.ts';
import { AttachedHeaps, currentHost, identityOf } from './attached.ts';
import { create, type HeapOptions } from './create.ts';
import { extentsOf, type HeapExtent } from './extents.ts';
import { checkMode, modeIn, writeMode, type Mode } from './mode.ts';
import { open, type Formatted, type HeapHandle } from './open.ts';
import { giveBlock, type Owner } from './owners.ts';
import { Roots } from './roots.ts';
import { noSlot } from './seated.ts';
import { Session } from './session.ts';
import { isHealthy, statsOf, type HeapStats } from './stats.ts';
import { Survivor } from './survivor.ts';
import { buddyinfo, slabinfo, summary } from './text.ts';
import { stillOpen, Transaction } from './transaction.ts';
import type { TransactionHandle } from './txpart.ts';
import { validate, type Finding } from './validate.ts';
import { blockView, type ViewType } from './views.ts';

const { BYTES } = GRANULE;

/** A block: a byte offset into the buffer. 0 is null. */
export type Ptr = number;

const attached = new AttachedHeaps<SharedHeap>();

export class SharedHeap extends Survivor implements Disposable {
  /** Named pointers: how threads find shared structures. */
  readonly roots: Roots = new Roots((work) => this.inside(work));
  /** Transactions that may still be open. */
  private parts: readonly Transaction[] = [];

  private constructor(formatted: Formatted, session: Session) {
    super(formatted, session, attached);
  }

  /** Makes a heap and attaches this thread. Throws a HeapError when an option cannot be had. */
  static create(options: HeapOptions = {}): SharedHeap {
    return SharedHeap.enter(create(options));
  }

  /**
   * Attaches this thread to the heap that a handle names; once per thread, further calls return
   * the same object. Throws a HeapError for a handle that is none, and NO_SLOT when all are taken.
   */
  static attach(handle: HeapHandle): SharedHeap {
    const formatted = open(handle);
    return attached.get(identityOf(formatted.memory)) ?? SharedHeap.enter(formatted);
  }

  private static enter(formatted: Formatted): SharedHeap {
    currentHost()?.comesIn(formatted); // before it takes a seat in which to die
    const heap = Session.begin(formatted, (session) => new SharedHeap(formatted, session));
    if (heap === null) throw noSlot(formatted);
    attached.add(formatted, heap, () => heap.rounds());
    return heap;
  }

  /** A block of at least `size` bytes, aligned to 16, or 0: then `lastError` says why. */
  alloc(size: number): Ptr {
    return this.magazines.alloc(size) || this.allocSlow(size);
  }

  /** Frees a block, of whichever thread. Anything but a live block is a counted, harmless false. */
  free(ptr: Ptr): boolean {
    return this.magazines.free(ptr) || this.freeSlow(ptr);
  }

  /**
   * The block's bytes in a block of `size`: the same block where it fits or can grow in place, else
   * a new one. 0 leaves the old block untouched. `realloc(0, size)` is `alloc(size)`.
   */
  realloc(ptr: Ptr, size: number): Ptr {
    if (ptr === 0) return this.alloc(size);
    const bytes = this.usableSize(ptr);
    const why = this.isPresent ? 'INVALID_POINTER' : 'DETACHED';
    if (bytes === 0) return this.refuse(allocError(why, ptr));
    if (this.inside(({ resize }) => resize.inPlace(ptr / BYTES, size))) return ptr;
    const moved = this.alloc(size);
    if (moved === 0) return 0;
    copyBytes(this.attachment.memory, moved, ptr, Math.min(bytes, size));
    this.free(ptr);
    return moved;
  }

  /** Bytes that the live block at `ptr` holds; 0 if none starts there. */
  usableSize(ptr: Ptr): number {
    const granule = this.isPresent ? this.attachment.states.granuleOf(ptr) : -1;
    return granule < 0 ? 0 : this.inside(({ resize }) => resize.bytesOf(granule));
  }

  /** Fills `out` with blocks of `size` from its first entry on; returns how many there were. */
  allocMany(out: { length: number; [index: number]: number }, size: number): number {
    for (let i = 0; i < out.length; i++) {
      const ptr = this.alloc(size);
      if (ptr === 0) return i;
      out[i] = ptr;
    }
    return out.length;
  }

  /** Frees every pointer; returns how many were live blocks. */
  freeMany(ptrs: ArrayLike<number>): number {
    let freed = 0;
    for (let i = 0; i < ptrs.length; i++) if (this.free(ptrs[i] as number)) freed++;
    return freed;
  }

  /**
   * In a heap that tracks owners: the live block at `ptr` is the thread's on that slot from now on,
   * or, 'shared', nobody's in particular: then it outlives whoever dies. False if no live block
   * starts there, or if nobody sits on the slot.
   */
  give(ptr: Ptr, to: Owner): boolean {
    return this.inside(({ on }) => giveBlock(on, ptr, to));
  }

  /**
   * Runs `work` and commits what it did through the transaction, or undoes all of it: when a step
   * fails (then the result says why) or when `work` throws (then that is thrown on). Not for async
   * functions.
   */
  transaction<T>(work: (tx: Transaction) => T): Result<T> {
    const tx = this.partIn(null);
    return tx === null ? err(allocError('JOURNAL_FULL', 0)) : tx.runIn(work);
  }

  /**
   * Begins a transaction that ends with its `commit` or `rollback`; other threads may join it. A
   * thread may have four at once; throws NO_JOURNAL beyond that.
   */
  beginTransaction(): Transaction {
    const tx = this.partIn(null);
    if (tx === null) throw new HeapError('NO_JOURNAL', allocError('JOURNAL_FULL', 0).message);
    return tx;
  }

  /** Takes part in another thread's transaction; an error when it is over. */
  joinTransaction(handle: TransactionHandle): Result<Transaction> {
    if (
      handle?.kind !== 'atomalloc-transaction' ||
      handle.heap !== identityOf(this.attachment.memory)
    ) {
      throw new HeapError('BAD_HANDLE', 'this is no handle of a transaction in this heap');
    }
    const tx = this.partIn(handle);
    return tx === null ? err(allocError('ABORTED', handle.number)) : ok(tx);
  }

  /**
   * Sends home what lies idle in this thread's magazines and in all depots, and gives empty slabs'
   * pages back; returns how many pages that freed. Happens by itself before an alloc fails.
   */
  reclaim(): number {
    return this.inside(({ on, allocation, recovery }) => {
      const before = usedPages(on.memory, on.layout.zones);
      recovery.sweep();
      allocation.reclaim();
      return Math.max(0, before - usedPages(on.memory, on.layout.zones));
    });
  }

  /** A typed array over the live block at `ptr`. Throws BAD_VIEW when it does not fit. */
  view<T>(ptr: Ptr, type: ViewType<T>, length: number): T {
    return blockView(type, this.attachment.memory.buffer, ptr, length, this.usableSize(ptr));
  }

  /** Checked heaps: the live block at `ptr` with its generation; 0 if there is none. */
  ref(ptr: Ptr): Ref {
    const { states } = this.attachment;
    const live = states.checked && this.usableSize(ptr) > 0;
    return live ? states.generations.refTo(ptr / BYTES) : 0;
  }

  /** The pointer of a ref, or 0 once its block has been freed, also if it is in use again. */
  deref(ref: Ref): Ptr {
    return this.generationOf(ref) === 0 ? 0 : granuleOfRef(ref) * BYTES;
  }

  /** Frees the block of a ref; false, and nothing happens, if another free was first. */
  freeRef(ref: Ref): boolean {
    const generation = this.generationOf(ref);
    return this.freeSlow(generation === 0 ? 0 : granuleOfRef(ref) * BYTES, generation);
  }

  /** Changes which tiers serve new allocations, for all threads; live blocks stay valid. */
  setMode(mode: Mode): void {
    checkMode(mode);
    this.inside(({ on }) => {
      on.slotLock.lock();
      writeMode(on.memory, on.geometry, mode);
      on.slotLock.unlock();
    });
  }

  get mode(): Mode {
    return modeIn(this.attachment.memory);
  }

  /** Why this thread's last refused operation was refused; null before the first. */
  get lastError(): AllocError | null {
    return this.refusal;
  }

  /** One snapshot of all counts; exact when no thread is inside the heap. Takes no lock. */
  stats(): HeapStats {
    return statsOf(this.attachment);
  }

  /** Failure rate under 5 %, fewer than 10 times out of memory, no damage seen. */
  isHealthy(): boolean {
    return isHealthy(this.stats());
  }

  /** Walks everything; the list of what is wrong, empty when the heap is sound. */
  validate(): Finding[] {
    return this.inside(({ on, recovery }) => {
      recovery.sweep(); // what the dead hold is nothing to find fault with
      return validate(on);
    });
  }

  /** What each stretch of pages is used for, in address order. */
  extents(): HeapExtent[] {
    return this.inside(({ on }) => extentsOf(on));
  }

  /** Free blocks per order and zone, as /proc/buddyinfo. */
  buddyinfo(): string {
    return buddyinfo(this.attachment);
  }

  /** Blocks and slabs per class, as /proc/slabinfo shows them. */
  slabinfo(): string {
    return slabinfo(this.stats());
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return summary(this.stats(), this.slot);
  }

  /** A part in that transaction, or a new one; null when it is over, or no record is left. */
  private partIn(handle: TransactionHandle | null): Transaction | null {
    this.parts = stillOpen(this.parts);
    return this.inside((session) => {
      session.recovery.attend();
      const { tx: engine } = session;
      const part = handle === null ? engine.begin() : engine.join(handle.record, handle.number);
      if (part === null) return null;
      const tx = new Transaction(
        (work, only, over) => this.inside(work, only, over),
        session,
        part,
      );
      this.parts = [...this.parts, tx];
      return tx;
    });
  }

  private generationOf(ref: Ref): number {
    const { states } = this.attachment;
    return states.checked && this.isPresent ? states.generations.match(ref) : 0;
  }
}
