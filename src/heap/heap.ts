// SharedHeap: what users see. One object per thread and heap.
//
// An ordinary alloc reads the class table, pops the slot's magazine and writes one state byte; an
// ordinary free reads the state byte and pushes (block/fastpath.ts). No Atomics, no allocation, no
// branch for modes, checks or detachment: each of those leaves the fast path a table of zeroes, an
// empty magazine or a full one, and so sends it to exchange.ts, and on to the slow path.
// Budget: alloc 5 loads, 3 stores; free 4 loads, 4 stores.
//
// Beneath it stand, one on the other: HeapViews, Seated (a session), Debugged, Pleading (whom to
// stop), Thrifty (shrinkers), Patient (waiting), Survivor (others' deaths), Transacting, Sharing.

import { GRANULE } from '../word/layout.ts';
import { allocError, type AllocError } from '../word/errors.ts';
import { copyBytes } from '../word/memory.ts';
import { usedPages } from '../page/zone.ts';
import { granuleOfRef, type Ref } from '../block/generations.ts';
import { AttachedHeaps, currentHost, identityOf } from './attached.ts';
import { openBudget, type Budget, type BudgetLimits } from './budget.ts';
import { Cold, type ColdHandle } from './cold.ts';
import { create, type HeapOptions } from './create.ts';
import { extentsOf, type HeapExtent } from './extents.ts';
import { Faults } from './faults.ts';
import { healthOf, type HealthReason } from './health.ts';
import { checkMode, modeIn, writeMode, type Mode } from './mode.ts';
import { noSlot, open, type Formatted, type HeapHandle } from './open.ts';
import { giveBlock, type Owner } from './owners.ts';
import { record, type Recorder } from './recording.ts';
import { Roots } from './roots.ts';
import { Session } from './session.ts';
import { statsOf, type HeapStats } from './stats.ts';
import { Sharing } from './sharing.ts';
import { buddyinfo, slabinfo, summary } from './text.ts';
import { validate, type Finding } from './validate.ts';
import { blockView, type ViewType } from './views.ts';

const { BYTES } = GRANULE;

/** A block: a byte offset into the buffer. 0 is null. */
export type Ptr = number;

const attached = new AttachedHeaps<SharedHeap>();

/** A heap as one thread has it: made by `create`, by others found by `attach`. */
export class SharedHeap extends Sharing implements Disposable {
  /** Named pointers: how threads find shared structures. */
  readonly roots: Roots = new Roots((work) => this.inside(work));
  /** Requests that are refused on purpose: how programs test what they do when memory is out. */
  readonly faults: Faults = new Faults((work) => this.inside(work));
  private readonly coldBlocks = new Cold({
    alloc: (size) => this.alloc(size),
    free: (ptr) => this.free(ptr),
    usableSize: (ptr) => this.usableSize(ptr),
    allocNow: (size) => this.allocNow(size),
    attachment: () => this.attachment,
    onPressure: (shrinker) => this.onPressure(shrinker),
  });

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
    return this.magazines.alloc(size) || this.granuleNext(size) * BYTES; // fastpath.ts says why
  }

  /**
   * Frees a block, of whichever thread. Anything but a live block is a counted, harmless false, and
   * so is one that is shared by references (`retain`).
   */
  free(ptr: Ptr): boolean {
    if (this.magazines.free(ptr)) return true;
    return this.freeNext(ptr) === true; // as above
  }

  /**
   * The block's bytes in a block of `size`: the same block where it fits or can grow in place, else
   * a new one. 0 leaves the old block untouched. `realloc(0, size)` is `alloc(size)`. A block that
   * is shared by references stays as it is.
   */
  realloc(ptr: Ptr, size: number): Ptr {
    if (ptr === 0) return this.alloc(size);
    const bytes = this.usableSize(ptr);
    const why = this.isPresent ? 'INVALID_POINTER' : 'DETACHED';
    if (bytes === 0) return this.refuse(allocError(why, ptr));
    if (this.holders(ptr) > 0) return this.refuse(allocError('RETAINED', ptr));
    if (this.inside(({ resize }) => resize.inPlace(ptr / BYTES, size))) return ptr;
    const budget = this.attachment.budgets.of(ptr / BYTES);
    const moved = budget === 0 ? this.alloc(size) : this.allocSlow({ size, budget });
    if (moved === 0) return 0;
    copyBytes(this.attachment.memory, moved, ptr, Math.min(bytes, size));
    this.attachment.debug?.inherit(moved / BYTES, ptr / BYTES);
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
   * In a heap with `budgets`: the one of that name, for all threads, made if need be; limits that
   * are given are set. Throws BAD_OPTION in other heaps, and when there are 64 already.
   */
  budget(name: string, limits: BudgetLimits = {}): Budget {
    return openBudget((work) => this.inside(work), name, limits);
  }

  /** What this thread's allocations are charged to from now on; null is nothing. */
  useBudget(budget: Budget | null): void {
    this.inside(({ on }) => on.budgets.makeUsual(budget?.id ?? 0));
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

  /**
   * Takes the live block at `ptr` out of use until `touch`: under pressure its contents are
   * deflated, where there is Node's zlib. Null if no live block starts there. The handle is this
   * thread's; what is cold when it detaches is freed.
   */
  cold(ptr: Ptr): ColdHandle | null {
    return this.coldBlocks.put(ptr);
  }

  /**
   * The block of a cold handle with its contents, at the same place or another; 0 when there is no
   * memory for it now, and the handle stays good. Throws BAD_HANDLE for one that was touched.
   */
  touch(handle: ColdHandle): Ptr {
    return this.coldBlocks.touch(handle);
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

  /** Which tiers serve new allocations now. */
  get mode(): Mode {
    return modeIn(this.attachment.memory);
  }

  /** Why this thread's last refused operation was refused; null before the first. */
  get lastError(): AllocError | null {
    return this.refusal;
  }

  /**
   * Writes every alloc, free and resize of all threads into `file`, in the format that `npm start`
   * replays, until the recorder is stopped or this thread detaches. All of them take the slow path
   * meanwhile. One recording at a time; throws BAD_OPTION for a second, or a file that cannot be.
   */
  record(file: string): Promise<Recorder> {
    const seat = { inside: this.inside.bind(this), isSeated: () => this.isSeated };
    return record(seat, this.handle, file);
  }

  /** One snapshot of all counts; exact when no thread is inside the heap. Takes no lock. */
  stats(): HeapStats {
    return statsOf(this.attachment);
  }

  /**
   * Failure rate under 5 % and fewer than 10 times out of memory, both since the heap was made and
   * in the last minute; no damage seen. Takes no lock, and some microseconds.
   */
  isHealthy(): boolean {
    return this.health().length === 0;
  }

  /** Every reason why the heap is not healthy; empty when it is. */
  health(): HealthReason[] {
    return healthOf(this.attachment);
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
    return summary(this.stats(), this.slot, this.isHealthy());
  }

  protected override beforeLeaving(): void {
    this.coldBlocks.clear();
  }

  private generationOf(ref: Ref): number {
    const { states } = this.attachment;
    return states.checked && this.isPresent ? states.generations.match(ref) : 0;
  }
}
