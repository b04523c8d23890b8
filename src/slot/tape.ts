// Tapes: where the events of a recording stand until somebody has written them to a file. Each seat
// has a ring of its own, which only its thread fills and only the one reader empties. What makes
// one order of all of them is the ticket that an event draws: a count in the header.
//
//   a block becomes live   then its event draws a ticket: before anybody can have heard of it
//   a block becomes free   its event has drawn its ticket before, and is on the tape afterwards, if
//                          it was that free which freed it
//
// So of one block the tickets are in the order of its history, whoever had it, and a block that is
// used again was freed under an earlier ticket than it is allocated under.
//
//   the seat                                        the reader
//   ANNOUNCED: no ticket to come is before this     TICKETS: what lies before it may be read
//   TICKETS, two more                               ANNOUNCED of each seat: but nothing behind that
//   the entry, then HEAD                            HEAD of each seat, and entries up to it
//   ANNOUNCED: none                                 TAIL: room again
//
// A seat whose ANNOUNCED is seen as none draws what it draws later behind the TICKETS read before;
// what it has drawn is on its tape, for HEAD is written before and read afterwards. A seat that is
// slow holds up those behind it; a dead one does not: it writes nothing any more.
//
// A full tape is waited for, two seconds at most and only as long as it is being read; then the
// event is dropped and counted. Nobody waits here who holds a lock that a free could want, so who
// waits is waited for by the reader only, and that needs no lock.
//
//   word       writers     readers   access  if its writer dies midway
//   ANNOUNCED  the slot    reader    atomic  the reader asks whether it lives; recovery wipes it
//   HEAD       the slot    reader    atomic  valid: an entry behind it is not there
//   TAIL       the reader  the slot  atomic  valid: what was not taken is read again, or dropped
//   STUCK      the slot    the slot  plain   valid: where a wait was in vain: there is one there
//   entries    the slot    reader    plain   valid: HEAD publishes, TAIL gives back
//   TICKETS    any         any       atomic  valid: a ticket that nobody has
//   DROPPED    any         reader    atomic  valid: a count
//   CALL       any         reader    atomic  valid: the reader looks every few milliseconds
//
//   0 <= HEAD - TAIL <= ENTRIES

import type { Layout } from '../word/geometry.ts';
import { HEADER } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import { TAPE } from '../word/records.ts';
import type { Seat, SlotTable } from './slot.ts';

const { RECORDING, RECORDED, TAPE_TICKETS, TAPE_DROPPED, TAPE_CALL } = HEADER;
const { ANNOUNCED, HEAD, TAIL, STUCK, ENTRIES, FIRST, WORDS } = TAPE;
const { TICKET, WHAT, GRANULE, SIZE, ENTRY_WORDS } = TAPE;

/** As in the file (bench/traces). */
export const EVENT = Object.freeze({ ALLOC: 1, FREE: 2, REALLOC: 3 });

/** In WHAT: the event, log2 of an alignment above it, and then the incarnation. */
const OP_BITS = 2;
const ALIGN_BITS = 5;
const SIZE_MAX = 2 ** 32 - 1;
/** Waits of a full tape, and how long each. */
const ATTEMPTS = 200;
const WAIT_MS = 10;
/** How far a tape is filled when its reader is called. */
const CALL_AT = ENTRIES / 2;

/** What close does. */
const OFF = 0;
const DRAWN = 1;
const FULL = 2;

export class Tape {
  private readonly memory: Memory;
  private readonly mine: number;
  private readonly incarnation: number;
  private stage = OFF;
  private ticket = 0;

  constructor(memory: Memory, layout: Layout, { slot, incarnation }: Seat) {
    this.memory = memory;
    this.mine = layout.tapes + slot * WORDS;
    this.incarnation = incarnation;
  }

  /** A block may be about to become free: if it is, that has its place in the order from here. */
  open(): void {
    // RACE: a recording may be beginning or ending: an event more or less.
    if (this.memory.get(RECORDING) <= 0) this.stage = OFF;
    else this.draw();
  }

  /** It has become free, or it has not: then nothing is recorded. */
  close(happened: boolean, granule: number): void {
    if (this.stage !== OFF) this.finish(happened, EVENT.FREE, granule, 0, 0);
  }

  /** A block has become live, or has changed its size where it stands. */
  note(event: number, granule: number, size: number, align = 0): void {
    this.open();
    if (this.stage !== OFF) this.finish(true, event, granule, size, align);
  }

  private draw(): void {
    const { memory, mine } = this;
    this.stage = this.hasRoom() ? DRAWN : FULL;
    if (this.stage === FULL) return;
    memory.store(mine + ANNOUNCED, memory.load(TAPE_TICKETS) | 1);
    this.ticket = memory.add(TAPE_TICKETS, 2) | 1; // odd, so never none
  }

  private finish(happened: boolean, op: number, granule: number, size: number, align: number) {
    const { memory, mine } = this;
    if (this.stage === FULL) {
      if (happened) this.drop();
    } else {
      if (happened) this.write(op, granule, size, align);
      memory.store(mine + ANNOUNCED, 0);
    }
    this.stage = OFF;
  }

  private write(op: number, granule: number, size: number, align: number): void {
    const { memory, mine } = this;
    const head = memory.load(mine + HEAD);
    const at = entryAt(mine, head);
    const log2 = align > 0 ? Math.floor(Math.log2(align)) : 0;
    const what = (((this.incarnation << ALIGN_BITS) | log2) << OP_BITS) | op;
    memory.set(at + TICKET, this.ticket);
    memory.set(at + WHAT, what);
    memory.set(at + GRANULE, granule);
    memory.set(at + SIZE, Math.min(size, SIZE_MAX) | 0);
    memory.store(mine + HEAD, (head + 1) | 0); // COMMIT: pairs with the reader's load
    if (((head + 1 - memory.load(mine + TAIL)) | 0) === CALL_AT) this.call();
  }

  private drop(): void {
    this.memory.add(TAPE_DROPPED, 1);
  }

  private hasRoom(): boolean {
    const { memory, mine } = this;
    const head = memory.load(mine + HEAD);
    return ((head - memory.load(mine + TAIL)) | 0) < ENTRIES || this.waitForRoom(head);
  }

  private waitForRoom(head: number): boolean {
    const { memory, mine } = this;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const tail = memory.load(mine + TAIL);
      if (((head - tail) | 0) < ENTRIES) return true;
      if (~tail === memory.get(mine + STUCK) || memory.load(RECORDING) <= 0) return false;
      this.call();
      memory.wait(mine + TAIL, tail, WAIT_MS);
    }
    memory.set(mine + STUCK, ~memory.load(mine + TAIL));
    return false;
  }

  private call(): void {
    if (this.memory.swap(TAPE_CALL, 1) === 0) this.memory.wake(TAPE_CALL, 1);
  }
}

/** Recovery: the dead will write nothing any more. */
export function forgetTape(memory: Memory, layout: Layout, slot: number): void {
  memory.store(layout.tapes + slot * WORDS + ANNOUNCED, 0);
}

export interface TapeEvent {
  readonly ticket: number;
  readonly slot: number;
  readonly incarnation: number;
  readonly op: number;
  readonly granule: number;
  readonly size: number;
  readonly alignLog2: number;
}

/** Empties all tapes, for one recording. Takes no lock and needs no seat. */
export class TapeReader {
  private readonly memory: Memory;
  private readonly tapes: number;
  private readonly table: SlotTable;
  private readonly number: number;
  private first = 0;
  private stalled = false;

  constructor(memory: Memory, layout: Layout, table: SlotTable, number: number) {
    this.memory = memory;
    this.tapes = layout.tapes;
    this.table = table;
    this.number = number;
  }

  /** What is on the tapes by now is an older recording's: nobody writes for this one yet. */
  begin(): void {
    const { memory } = this;
    this.first = memory.load(TAPE_TICKETS);
    for (const tape of this.all()) memory.store(tape + TAIL, memory.load(tape + HEAD));
  }

  /** Whether the recording is prepared or going on. */
  isOn(): boolean {
    return Math.abs(this.memory.load(RECORDING)) === this.number;
  }

  /** The next events, in order: those before which nothing can come any more. */
  read(): TapeEvent[] {
    const { memory } = this;
    if (memory.load(RECORDED) !== this.number) return []; // another reader has the tapes
    memory.store(TAPE_CALL, 0);
    const bound = this.bound();
    const events: TapeEvent[] = [];
    this.all().forEach((tape, slot) => this.take(slot, tape, bound, events));
    this.stalled = events.length === 0;
    return events.sort((a, b) => (a.ticket - b.ticket) | 0);
  }

  /** Whether there is anything to come, from what was begun before this call. */
  isPending(): boolean {
    const { memory } = this;
    return this.all().some((tape, slot) => {
      const begun = memory.load(tape + ANNOUNCED) !== 0 && !this.table.isOver(slot);
      return begun || memory.load(tape + HEAD) !== memory.load(tape + TAIL);
    });
  }

  /** Until somebody calls, at most so long. */
  rest(milliseconds: number): void {
    this.memory.wait(TAPE_CALL, 0, milliseconds);
  }

  /** Nothing that is drawn and not on its tape yet lies before this ticket. */
  private bound(): number {
    const { memory, table } = this;
    let bound = memory.load(TAPE_TICKETS);
    for (let slot = 0; slot < table.seats; slot++) {
      const announced = memory.load(this.tapes + slot * WORDS + ANNOUNCED);
      if (announced === 0 || ((announced - bound) | 0) >= 0) continue;
      // Then ask, which takes some microseconds: whoever sits there by now came after this load.
      if (this.stalled && table.isOver(slot)) continue;
      bound = announced;
    }
    return bound;
  }

  private take(slot: number, tape: number, bound: number, events: TapeEvent[]): void {
    const { memory } = this;
    const head = memory.load(tape + HEAD);
    const from = memory.load(tape + TAIL);
    let tail = from;
    for (; tail !== head; tail = (tail + 1) | 0) {
      const event = this.eventAt(slot, entryAt(tape, tail));
      if (((event.ticket - bound) | 0) >= 0) break;
      if (((event.ticket - this.first) | 0) >= 0) events.push(event); // else of long ago
    }
    if (tail === from) return;
    memory.store(tape + TAIL, tail); // the entries are copied: pairs with hasRoom
    memory.wake(tape + TAIL, 1);
  }

  private eventAt(slot: number, at: number): TapeEvent {
    const { memory } = this;
    const what = memory.get(at + WHAT);
    return {
      ticket: memory.get(at + TICKET),
      slot,
      incarnation: what >>> (OP_BITS + ALIGN_BITS),
      op: what & ((1 << OP_BITS) - 1),
      granule: memory.get(at + GRANULE),
      size: memory.get(at + SIZE) >>> 0,
      alignLog2: (what >>> OP_BITS) & ((1 << ALIGN_BITS) - 1),
    };
  }

  private all(): number[] {
    return Array.from({ length: this.table.seats }, (_, slot) => this.tapes + slot * WORDS);
  }
}

function entryAt(tape: number, count: number): number {
  return tape + FIRST + (count & (ENTRIES - 1)) * ENTRY_WORDS;
}
