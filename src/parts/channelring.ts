// The ring of a channel: a bounded queue of blocks in a block of the heap, under a lock of its own.
// A sender puts as many blocks in under one lock as it has and as there is room for, a receiver
// takes as many out as it wants and as there are: the lock's two atomics, and the wake-up, are
// shared by all of them. An item costs some plain words, and in a checked heap one atomic read.
//
// Whose an item is. In a heap that tracks owners a block in the channel is nobody's: it outlives
// its sender. One byte decides, that of its owner, and it is written once on each way:
//
//   put in     entry, COMING, owner := nobody, TAIL      take out   GOING, owner := receiver, HEAD
//
// A sender that dies before that byte had the block still, and it dies with it; one that dies
// behind it has sent it, and whoever takes the lock over says so in TAIL. A receiver that dies
// before the byte has got nothing, and the item stays; one that dies behind it has it, and HEAD
// moves on. Only the dead's recovery frees what is in its name, so no block is freed that is in the
// channel, and none is handed out that was freed: also not when the recovery was first and the
// block is in use again, for the entry has the block's generation, and that is another one then.
// The owner is read before the generation: if that is the same still, so it was when the owner was
// read.
//
// In a heap that does not track owners nothing is freed on account of a death: what was being put
// in is in, what was being taken out stays.
//
// An item that is not the channel's any more, because its block was freed or given away by mistake
// while it was in, is left out. In a heap that is not checked nobody can tell.

import { GRANULE, LOCK } from '../word/layout.ts';
import { Locks, slotOfToken, tokenOf, type Deaths, type Guarded, type Lock } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import { generationIn } from '../block/generations.ts';
import { isLive, type StateMap } from '../block/statemap.ts';
import type { SlotTable } from '../slot/slot.ts';
import type { Attachment } from '../heap/attachment.ts';
import { ALL, Bell } from './bell.ts';
import { CHANNEL } from './channelwords.ts';

const { BYTES } = GRANULE;
const { CAPACITY, MASK, CLOSED, HEAD, GOING, TAIL, COMING, ITEMS, ROOM, ENTRIES } = CHANNEL;
const { ENTRY_WORDS } = CHANNEL;

/** What a turn comes to when it is no number of items. */
export const OVER = Object.freeze({ CLOSED: -1, INVALID: -2, RETAINED: -3 });

/** One try of a thread, of which it may make several. */
export interface Turn {
  /** It has slept since the last one. */
  readonly slept: boolean;
  /** It is going to sleep if there is nothing to be done. */
  readonly waits: boolean;
}

/** What a turn has come to. */
interface Outcome {
  /** There was nothing to be done yet. */
  readonly isVain: boolean;
  /** So many items went in, or out. */
  readonly moved: number;
  /** So many more could. */
  readonly left: number;
}

/**
 * Nobody looks through all channels when a slot is recovered: so a token of which there is another
 * incarnation by now is a dead one's too.
 */
class Past implements Deaths {
  private readonly table: SlotTable;

  constructor(table: SlotTable) {
    this.table = table;
  }

  isDead(token: number): boolean {
    const slot = slotOfToken(token);
    if (tokenOf(slot, this.table.incarnationOf(slot)) !== token) return true;
    return this.table.isDead(token);
  }
}

/** A channel as one seat sees it. */
export class ChannelRing implements Guarded {
  readonly lock: Lock;
  readonly items: Bell;
  readonly room: Bell;
  /** What to sleep on, after a turn that was to wait and came to nothing. */
  expected = 0;
  private readonly memory: Memory;
  private readonly at: number;
  private readonly states: StateMap;
  private readonly capacity: number;
  private readonly mask: number;

  /** A channel whose words begin at `at` in `memory`, with blocks of the heap that `on` sees. */
  constructor({ states, table, seat }: Attachment, memory: Memory, at: number) {
    this.memory = memory;
    this.at = at;
    this.states = states;
    const locks = new Locks(memory, seat.token, new Past(table));
    this.lock = locks.at(at + CHANNEL.LOCK + LOCK.WORD, this);
    this.items = new Bell(memory, at + ITEMS);
    this.room = new Bell(memory, at + ROOM);
    this.capacity = memory.get(at + CAPACITY);
    this.mask = memory.get(at + MASK);
  }

  /**
   * The blocks at `ptrs[from]` and behind it are the channel's from now on: as many as there is
   * room for, up to one that cannot be sent. How many; 0 if it is full; one of OVER if it is
   * closed, or if the first cannot be sent.
   */
  send(ptrs: ArrayLike<number>, from: number, turn: Turn): number {
    this.lock.lock();
    const sent = this.has(CLOSED) ? OVER.CLOSED : this.putLocked(ptrs, from);
    const left = this.capacity - this.countLocked();
    this.endTurn(turn, { isVain: sent === 0, moved: sent, left }, this.room, this.items);
    return sent;
  }

  /**
   * Up to `most` blocks are this thread's from now on, the oldest first, and stand in `out` from
   * its first entry on. How many; 0 if there are none; OVER.CLOSED if there never will be.
   */
  receive(out: { [index: number]: number }, most: number, turn: Turn): number {
    this.lock.lock();
    const before = this.countLocked();
    const taken = this.takeLocked(out, most);
    const left = this.countLocked();
    const over = taken === 0 && this.has(CLOSED);
    const came = { isVain: taken === 0 && !over, moved: before - left, left };
    this.endTurn(turn, came, this.items, this.room);
    return over ? OVER.CLOSED : taken;
  }

  /** Nothing is sent any more; false if that was so before. */
  close(): boolean {
    this.lock.lock();
    const first = !this.has(CLOSED);
    this.memory.set(this.at + CLOSED, 1);
    const bells = [this.items, this.room].filter((bell) => bell.ringLocked());
    this.lock.unlock();
    for (const bell of bells) bell.wake(ALL);
    return first;
  }

  count(): number {
    this.lock.lock();
    const count = this.countLocked();
    this.lock.unlock();
    return count;
  }

  isClosed(): boolean {
    this.lock.lock();
    const closed = this.has(CLOSED);
    this.lock.unlock();
    return closed;
  }

  /** The one item that was under way is where its owner says that it is. */
  repairLocked(): void {
    const { memory, at } = this;
    const [head, tail] = [memory.get(at + HEAD), memory.get(at + TAIL)];
    if (memory.get(at + COMING) !== tail) {
      if (this.isOurs(this.entryOf(tail))) memory.set(at + TAIL, (tail + 1) | 0);
      else memory.set(at + COMING, tail);
    }
    if (memory.get(at + GOING) === head) return;
    if (this.isOurs(this.entryOf(head))) memory.set(at + GOING, head);
    else memory.set(at + HEAD, (head + 1) | 0);
  }

  private putLocked(ptrs: ArrayLike<number>, from: number): number {
    const room = this.capacity - this.countLocked();
    const most = Math.min(room, ptrs.length - from);
    let sent = 0;
    for (; sent < most; sent++) {
      const ptr = ptrs[from + sent] as number;
      const why = this.refusalOf(ptr);
      if (why !== 0) return sent || why;
      this.putOneLocked(ptr / BYTES);
    }
    return sent;
  }

  private refusalOf(ptr: number): number {
    const { states } = this;
    const granule = states.granuleOf(ptr);
    if (granule < 0 || !isLive(states.get(granule))) return OVER.INVALID;
    return states.isRetained(granule) ? OVER.RETAINED : 0;
  }

  private putOneLocked(granule: number): void {
    const { memory, at, states } = this;
    const tail = memory.get(at + TAIL);
    const entry = this.entryOf(tail);
    memory.set(entry, granule);
    if (states.checked) memory.set(entry + 1, generationIn(states.generations.current(granule)));
    memory.set(at + COMING, (tail + 1) | 0);
    states.setOwner(granule, 0); // who dies from here on has sent it
    memory.set(at + TAIL, (tail + 1) | 0); // COMMIT
  }

  private takeLocked(out: { [index: number]: number }, most: number): number {
    let taken = 0;
    for (let count = this.countLocked(); count > 0 && taken < most; count--) {
      const granule = this.takeOneLocked();
      if (granule !== 0) out[taken++] = granule * BYTES;
    }
    return taken;
  }

  /** A granule; 0 if the item was not the channel's any more. */
  private takeOneLocked(): number {
    const { memory, at, states } = this;
    const head = memory.get(at + HEAD);
    const entry = this.entryOf(head);
    const granule = this.isOurs(entry) ? memory.get(entry) : 0;
    memory.set(at + GOING, (head + 1) | 0);
    if (granule !== 0) states.setOwner(granule, states.slot + 1); // who dies from here on has it
    memory.set(at + HEAD, (head + 1) | 0); // COMMIT
    return granule;
  }

  /** Whether the block of an entry is nobody's, and the one that was put in. */
  private isOurs(entry: number): boolean {
    const { memory, states } = this;
    const granule = memory.get(entry);
    if (!states.checked) return true;
    if (states.tracked && states.ownerOf(granule) !== 0) return false; // first, see above
    return generationIn(states.generations.current(granule)) === memory.get(entry + 1);
  }

  /**
   * Unlocks, and wakes: as many of the others as items were moved; and of those on this side, if
   * this thread was woken and others were not, as many as can go on.
   */
  private endTurn(
    { slept, waits }: Turn,
    { isVain, moved, left }: Outcome,
    own: Bell,
    other: Bell,
  ) {
    const rings = moved > 0 && other.ringLocked();
    let more = 0;
    if (isVain && waits) this.expected = own.expectLocked();
    else if (slept && own.resumeLocked()) more = left;
    this.lock.unlock();
    if (rings) other.wake(moved);
    if (more > 0) own.wake(more);
  }

  private countLocked(): number {
    return (this.memory.get(this.at + TAIL) - this.memory.get(this.at + HEAD)) | 0;
  }

  private entryOf(position: number): number {
    return this.at + ENTRIES + (position & this.mask) * ENTRY_WORDS;
  }

  private has(word: number): boolean {
    return this.memory.get(this.at + word) !== 0;
  }
}
