// Who holds which block, as the threads themselves would say. A block is booked when `alloc` has
// returned it and signed off before `free` is called, so at no time may two threads hold it. The
// operations are kept as a history too, each with the moments of its begin and end.

export interface Operation {
  readonly thread: number;
  readonly kind: 'alloc' | 'free' | 'try' | 'resize';
  ptr: number;
  readonly from: number;
  /** Infinity while it goes on, or when its thread died in it. */
  to: number;
  /** What it returned: an alloc's success, or a free's answer. */
  done: boolean;
}

/** What one transaction has made and wants to free, and how it ended as its threads were told. */
export interface Pact {
  readonly made: number[];
  readonly freed: number[];
  ended: 'open' | 'committed' | 'rolled back';
}

/** Where the old block of a realloc was. */
const MOVED = -1;

export class Book {
  readonly pacts: Pact[] = [];
  /** Pointer → the transaction that was given it last. */
  readonly makers = new Map<number, Pact>();
  /** Pointer → the thread that holds it. */
  readonly held = new Map<number, number>();
  /** Pointer → bytes asked for. */
  readonly sizes = new Map<number, number>();
  /** Pointer → the thread that was given it last. */
  readonly takers = new Map<number, number>();
  readonly history: Operation[] = [];
  private readonly first = new Map<number, number>();
  private readonly firstSizes = new Map<number, number>();
  /** Blocks that were handed out since the schedule began. */
  readonly retaken = new Set<number>();
  private readonly open = new Map<number, Operation>();
  private readonly seats = new Map<number, number>();
  private clock = 0;

  /** Forgets the schedule before. */
  begin(): void {
    this.held.clear();
    this.sizes.clear();
    this.takers.clear();
    this.retaken.clear();
    for (const [ptr, thread] of this.first) {
      this.held.set(ptr, thread);
      this.takers.set(ptr, thread);
    }
    for (const [ptr, size] of this.firstSizes) this.sizes.set(ptr, size);
    this.history.length = 0;
    this.pacts.length = 0;
    this.makers.clear();
    this.open.clear();
    this.seats.clear();
    this.clock = 0;
  }

  /** A block that every schedule begins with. */
  has(thread: number, ptr: number, size: number): void {
    this.first.set(ptr, thread);
    this.firstSizes.set(ptr, size);
  }

  /** An alloc begins. */
  asks(thread: number): void {
    this.enter({ thread, kind: 'alloc', ptr: 0, from: this.clock++, to: Infinity, done: false });
  }

  /** An alloc has returned; 0 is a refusal. */
  took(thread: number, ptr: number, size: number): void {
    this.leave(thread, ptr, ptr !== 0);
    if (ptr === 0) return;
    const holder = this.held.get(ptr);
    if (holder !== undefined && !this.hasMoved(holder, ptr)) {
      throw new Error(`${ptr} was handed to thread ${thread} while thread ${holder} holds it`);
    }
    this.held.set(ptr, thread);
    this.takers.set(ptr, thread);
    this.retaken.add(ptr);
    this.sizes.set(ptr, size);
  }

  /** A thread of a heap that tracks owners has died: what it took and had not given is nobody's. */
  loses(thread: number): void {
    for (const [ptr, taker] of this.takers) {
      if (taker !== thread) continue;
      this.held.delete(ptr);
      this.sizes.delete(ptr);
    }
    for (const it of this.history) if (this.takers.get(it.ptr) === thread) it.ptr = 0;
  }

  /** A free begins. */
  gives(thread: number, ptr: number): void {
    this.enter({ thread, kind: 'free', ptr, from: this.clock++, to: Infinity, done: false });
    this.held.delete(ptr);
    this.sizes.delete(ptr);
  }

  /** A free begins that has no right to succeed: of a reference that may be stale. */
  tries(thread: number, ptr: number): void {
    this.enter({ thread, kind: 'try', ptr, from: this.clock++, to: Infinity, done: false });
  }

  /** A realloc begins; `passes` and `kept` end it. */
  resizes(thread: number, ptr: number): void {
    this.enter({ thread, kind: 'resize', ptr, from: this.clock++, to: Infinity, done: false });
  }

  /** A realloc that has not returned yet may have freed the old block, which is another's now. */
  private hasMoved(thread: number, ptr: number): boolean {
    const operation = this.open.get(thread);
    if (operation?.kind !== 'resize' || operation.ptr !== ptr) return false;
    operation.ptr = MOVED;
    return true;
  }

  kept(thread: number, ptr: number): void {
    this.leave(thread, ptr, true);
  }

  /** A transaction begins; blocks that it frees are held by nobody else. */
  pact(): Pact {
    const pact: Pact = { made: [], freed: [], ended: 'open' };
    this.pacts.push(pact);
    return pact;
  }

  /** A transaction was given a block. */
  makes(pact: Pact, ptr: number): void {
    pact.made.push(ptr);
    this.makers.set(ptr, pact);
  }

  /** A block is a transaction's to free from here on. */
  joins(pact: Pact, ptr: number): void {
    this.held.delete(ptr);
    this.sizes.delete(ptr);
    pact.freed.push(ptr);
  }

  /** A thread has taken a seat of its own. */
  sits(thread: number, slot: number): void {
    this.seats.set(slot, thread);
  }

  /** The thread that sits on a slot; -1 for no slot. */
  threadAt(slot: number): number {
    return this.seats.get(slot) ?? slot;
  }

  /** A free has returned. */
  gave(thread: number, ptr: number, freed: boolean): void {
    const tried = freed && this.open.get(thread)?.kind === 'try';
    if (tried && !this.retaken.has(ptr)) this.held.delete(ptr); // it was no stale one
    this.leave(thread, ptr, freed);
  }

  /** A block has another size, place or holder now: after a realloc, or a message. */
  passes(thread: number, from: number, to: number, size: number): void {
    if (to === 0) return;
    if (this.open.get(thread)?.ptr !== MOVED) {
      this.held.delete(from);
      this.sizes.delete(from);
    }
    const holder = this.held.get(to);
    if (holder !== undefined) throw new Error(`${to} is held by thread ${holder} already`);
    this.held.set(to, thread);
    this.sizes.set(to, size);
    if (to !== from && this.open.get(thread)?.kind === 'resize') this.takers.set(to, thread);
  }

  /** Blocks that every schedule begins with. */
  get heldFirst(): Iterable<number> {
    return this.first.keys();
  }

  /** Threads that are, or died, inside an operation. */
  inside(thread: number): Operation | undefined {
    return this.open.get(thread);
  }

  private enter(operation: Operation): void {
    this.history.push(operation);
    this.open.set(operation.thread, operation);
  }

  private leave(thread: number, ptr: number, done: boolean): void {
    const operation = this.open.get(thread);
    if (operation === undefined) throw new Error(`thread ${thread} is in no operation`);
    operation.ptr = ptr;
    operation.done = done;
    operation.to = this.clock++;
    this.open.delete(thread);
  }
}

/**
 * Whether the history could have happened one operation after another (Wing and Gong 1993): an
 * alloc gives a block that nobody has, a free succeeds exactly on a block that somebody has (a try
 * may always fail).
 * Operations of the dead may have happened or not. For histories of a few operations.
 */
export function isLinear(history: readonly Operation[], heldFirst: Iterable<number>): boolean {
  if (history.some((it) => it.kind === 'resize')) return true; // that is two operations in one
  return search([...history], new Set(heldFirst));
}

function search(left: Operation[], held: Set<number>): boolean {
  if (left.every((it) => it.to === Infinity)) return true;
  const end = Math.min(...left.map((it) => it.to));
  for (const next of left) {
    if (next.from > end) continue;
    const rest = left.filter((it) => it !== next);
    if (next.to === Infinity && search(rest, held)) return true;
    const after = apply(next, held);
    if (after !== null && search(rest, after)) return true;
  }
  return false;
}

function apply(it: Operation, held: Set<number>): Set<number> | null {
  if (it.kind === 'alloc') {
    if (it.ptr === 0) return held;
    return held.has(it.ptr) ? null : new Set(held).add(it.ptr);
  }
  if (it.kind === 'try' && !it.done) return held;
  const frees = it.to === Infinity || it.done;
  if (frees !== held.has(it.ptr)) return it.to === Infinity ? held : null;
  const after = new Set(held);
  after.delete(it.ptr);
  return after;
}
