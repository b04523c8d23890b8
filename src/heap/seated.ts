// What a SharedHeap is made of besides its calls: one thread's session, and what happens when it
// has none. Slow paths come through here: they attend to the dead first, and if they are themselves
// cut by an exception, which can only be a stack overflow, the seat is given up: locks that the
// thread still holds are taken over by others, and it takes a new seat at its next call.

import { GRANULE } from '../word/layout.ts';
import { allocError, HeapError, type AllocError } from '../word/errors.ts';
import { startOf, wordOf } from '../slot/latency.ts';
import { COMMIT, type Part } from '../tx/part.ts';
import type { Magazines } from '../block/magazine.ts';
import type { ZoneName } from '../page/zone.ts';
import { currentHost, identityOf, type AttachedHeaps } from './attached.ts';
import type { Attachment } from './attachment.ts';
import { DOOR, type Inside } from './door.ts';
import type { Leak } from './inspect.ts';
import { noSlot, type Formatted, type HeapHandle } from './open.ts';
import type { Notices } from './notices.ts';
import { nobodysMagazines, Session, type Asked } from './session.ts';
import { HeapViews } from './views.ts';

const { BYTES } = GRANULE;
/** What `allocOnce` says when memory may be had later. */
export const SHORT = -1;

export abstract class Seated extends HeapViews {
  /** @internal */ readonly [DOOR]: Inside = (work) => this.inside(work); // for src/parts
  protected magazines: Magazines;
  protected refusal: AllocError | null = null;
  private session: Session;
  private readonly formatted: Formatted;
  private readonly nobodys: Magazines;
  private readonly registry: AttachedHeaps<Seated>;
  private detached = false;
  private lost = false;
  private affinity: ZoneName | null = null;
  /** An exception that nobody has looked at yet: there was no stack left for that. */
  private cut: unknown = null;

  protected constructor(formatted: Formatted, session: Session, registry: AttachedHeaps<Seated>) {
    super(formatted.memory.buffer, formatted.geometry.byteEnd);
    this.formatted = formatted;
    this.registry = registry;
    this.session = session;
    this.magazines = session.on.magazines;
    this.nobodys = nobodysMagazines(session.on);
  }

  /** What other threads attach with: a frozen plain object, for workerData or postMessage. */
  get handle(): HeapHandle {
    currentHost()?.handsOut(this.formatted);
    return this.formatted.handle;
  }

  /** This thread's seat. A thread that has crashed inside the heap comes back on another one. */
  get slot(): number {
    return this.session.on.seat.slot;
  }

  /** Gives this slot's magazines back and leaves. Blocks stay as they are. Idempotent. */
  detach(): void {
    this.leave(false);
  }

  /**
   * As `detach`; in a heap that tracks owners the blocks in this thread's name are freed. What a
   * worker does by itself when it ends without having detached.
   */
  detachAndFree(): void {
    this.leave(true);
  }

  /**
   * This thread's blocks come from that zone as long as it has any, and then from the others, until
   * it is told otherwise; null, the default, is Normal, High, DMA, and whatever others have freed.
   * What it has cached goes home at once. Blocks that it frees may still come back to it from
   * wherever they are. Throws BAD_OPTION for what is no zone.
   */
  setAffinity(zone: ZoneName | null): void {
    this.inside(({ allocation, on }) => {
      allocation.flush();
      on.zones.settleIn(zone);
    });
    this.affinity = zone;
  }

  private leave(freesItsOwn: boolean): void {
    if (this.cut !== null) this.crashed();
    if (this.detached) return;
    if (!this.lost) this.beforeLeaving();
    this.detached = true;
    this.magazines = this.nobodys;
    this.registry.delete(identityOf(this.formatted.memory));
    let leaks: readonly Leak[] = [];
    try {
      if (this.lost) this.session.abandon();
      else leaks = this.session.leave(freesItsOwn, this.wantsLeaks);
    } catch (error) {
      this.magazines = this.nobodys;
      this.cut = error;
      throw this.crashed();
    } finally {
      currentHost()?.isOut(this.formatted);
    }
    this.tellFindings();
    if (leaks.length > 0) this.tellLeaks(leaks);
  }

  /** As `detach`. */
  [Symbol.dispose](): void {
    this.detach();
  }

  /** What of this thread's goes with it. */
  protected abstract beforeLeaving(): void;

  /** Debug heaps (debugged.ts): what is told to those who listen. No lock is held then. */
  protected abstract readonly wantsLeaks: boolean;
  protected abstract tellLeaks(leaks: readonly Leak[]): void;
  protected abstract tellFindings(): void;

  /** The layers as this thread sees them; also when it has left, to read from. */
  protected get attachment(): Attachment {
    return this.session.on;
  }

  /** What needs a lock needs a seat to hold it: throws DETACHED when this thread has left. */
  protected present(): Session {
    if (this.cut !== null) this.crashed();
    if (this.detached) throw new HeapError('DETACHED', allocError('DETACHED', 0).message);
    if (this.lost && !this.rejoin()) throw noSlot(this.formatted);
    return this.session;
  }

  /**
   * Runs what may take locks; if it is cut, this thread's seat is given up. What is to run in the
   * name of the session `only` does not when this thread has sat down anew: then it is `over`.
   */
  protected inside<T>(work: (session: Session) => T, only?: Session, over?: T): T {
    const session = this.present();
    if (only !== undefined && session !== only) return over as T;
    let done: T;
    try {
      done = work(session);
    } catch (error) {
      this.magazines = this.nobodys;
      this.cut = error;
      throw this.crashed();
    }
    if (session.on.debug !== null) this.tellFindings();
    return done;
  }

  /** See `Seating.step`. Who has lost the seat of that session has other magazines. */
  protected step({ on, tx }: Session, part: Part, size: number): number {
    if (this.magazines !== on.magazines) return 0;
    try {
      if (size > 0) return tx.solo.alloc(part, size);
      return (size === COMMIT ? tx.solo.commit(part) : tx.solo.abort(part)) ? 1 : 0;
    } catch (error) {
      this.magazines = this.nobodys;
      this.cut = error;
      throw this.crashed();
    }
  }

  /**
   * A pointer; 0 when that is refused, and `refusal` says why; SHORT when there is no memory.
   * `again` when this request was SHORT before. Now and then one is timed (slot/latency.ts).
   */
  protected allocOnce(asked: Asked, again?: boolean): number {
    const refusal = this.refusalToEnter(asked.size);
    if (refusal !== null) return this.refuse(refusal);
    let granule: number | AllocError;
    try {
      const startMs = startOf(this.session.exchange.calls);
      this.attend();
      granule = this.session.find(asked, again);
      if (startMs >= 0) this.session.on.counters.bump(wordOf(performance.now() - startMs));
    } catch (error) {
      this.magazines = this.nobodys;
      this.cut = error;
      throw this.crashed();
    }
    if (this.session.on.debug !== null) this.tellFindings();
    return typeof granule === 'number' ? granule * BYTES || SHORT : this.refuse(granule);
  }

  /** As `Exchange.alloc`; 0 for what is to take the slow path. */
  protected exchanged(size: number): number {
    const { exchange, on } = this.session;
    if (this.magazines !== on.magazines) return 0;
    try {
      return exchange.alloc(size);
    } catch (error) {
      this.magazines = this.nobodys;
      this.cut = error;
      throw this.crashed();
    }
  }

  /** Into another magazine of this thread's, or by the slow path. */
  protected freeNext(ptr: number): boolean {
    const { exchange, on } = this.session;
    try {
      if (this.magazines === on.magazines && exchange.free(ptr)) return true;
    } catch (error) {
      this.magazines = this.nobodys;
      this.cut = error;
      throw this.crashed();
    }
    return this.freeSlow(ptr);
  }

  protected freeSlow(ptr: number, generation?: number): boolean {
    const refusal = this.refusalToEnter(ptr);
    if (refusal !== null) return this.refuse(refusal) !== 0;
    let error: AllocError | null;
    try {
      this.attend();
      const { release, allocation, on } = this.session;
      error = release.free(ptr, generation);
      if (on.waits.isLong()) {
        allocation.answer();
        on.waits.rouse();
      }
    } catch (thrown) {
      this.magazines = this.nobodys;
      this.cut = thrown;
      throw this.crashed();
    }
    if (this.session.on.debug !== null) this.tellFindings();
    if (error !== null) this.refusal = error;
    return error === null;
  }

  protected refuse(error: AllocError): 0 {
    this.refusal = error;
    return 0;
  }

  protected get isPresent(): boolean {
    return !this.detached;
  }

  protected get isSeated(): boolean {
    return !this.detached && !this.lost;
  }

  protected get notices(): Notices {
    return this.session.recovery.notices;
  }

  /** The dead first; now and then this thread looks for them itself. */
  private attend(): void {
    const { recovery, exchange } = this.session;
    recovery.attend();
    if (exchange.countCall()) recovery.look();
  }

  protected refusalToEnter(requested: number): AllocError | null {
    if (this.cut !== null) this.crashed();
    if (this.detached) return allocError('DETACHED', requested);
    return this.lost && !this.rejoin() ? allocError('NO_SLOT', requested) : null;
  }

  /** Sits down again after a crash, and recovers what it left on its old seat. */
  private rejoin(): boolean {
    this.session.abandon();
    const session = Session.begin(this.formatted, (begun) => {
      begun.recovery.sweep();
      return begun;
    });
    if (session === null) return false;
    this.session = session;
    this.magazines = session.on.magazines;
    this.lost = false;
    session.on.zones.settleIn(this.affinity);
    return true;
  }

  /**
   * The seat is a dead one's from here on. What is thrown by design (misuse, told by a HeapError)
   * is no crash, save the one that says that this thread holds a lock already. When the stack is
   * too short for this call, as for the one that was cut, the next one that enters makes it.
   */
  private crashed(): unknown {
    const { cut } = this;
    if (cut instanceof HeapError && cut.code !== 'CRASHED') {
      if (!this.lost && !this.detached) this.magazines = this.session.on.magazines;
    } else {
      this.lost = true;
      this.session.abandon();
    }
    this.cut = null;
    return cut;
  }
}
