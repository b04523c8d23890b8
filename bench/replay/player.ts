// A player: plays recorded threads' events against the heap, on the thread that made the player.
//
// It hosts the cursors of one share and gives each a stretch of events in turn. A cursor whose next
// block has not been published yet stands aside; only when all of them do, the player waits for the
// next publication. Events were recorded in one global order, so of all next events of a copy the
// earliest one never has to wait: with any number of workers, even one, somebody can go on.
import { EVENT, HANDOVER } from './trace.ts';
import { CONTROL, COPY, CURSOR, RECORD, sharesOf, TALLY, type Stage } from './stage.ts';
import { Blocks, type PlayedHeap } from './blocks.ts';

const { WHAT, BLOCK, SIZE, STEP } = EVENT;
const EVENT_WORDS = EVENT.WORDS;
const RECORD_WORDS = RECORD.WORDS;
const RECORD_STEP = RECORD.STEP;
const { NEXT, END } = CURSOR;

const STRETCH_EVENTS = 256;
const WAIT_MS = 50;
const GATHER_MS = 1000;

export class Player {
  readonly #stage: Stage;
  readonly #share: number;
  readonly #blocks: Blocks;

  constructor(heap: PlayedHeap, stage: Stage, share: number) {
    this.#stage = stage;
    this.#share = share;
    this.#blocks = new Blocks(heap, stage, share);
  }

  /** What was wrong, in words: the first few findings. */
  get notes(): readonly string[] {
    return this.#blocks.notes;
  }

  /** Waits, but not for long, until all players are here: so that they begin together. */
  gather(): void {
    const { control } = this.#stage;
    let arrived = Atomics.add(control, CONTROL.ARRIVED, 1) + 1;
    Atomics.notify(control, CONTROL.ARRIVED);
    const until = performance.now() + GATHER_MS;
    while (arrived < sharesOf(this.#stage) && performance.now() < until) {
      Atomics.wait(control, CONTROL.ARRIVED, arrived, WAIT_MS);
      arrived = Atomics.load(control, CONTROL.ARRIVED);
    }
  }

  /** Plays all cursors of this share to their ends, or until the stage is stopped. */
  playShare(): void {
    const { control } = this.#stage;
    let mine = this.#cursors();
    while (mine.length > 0 && Atomics.load(control, CONTROL.STOP) === 0) {
      const seen = Atomics.load(control, CONTROL.PUBLISHED);
      const played = mine.reduce((sum, cursor) => sum + this.play(cursor, STRETCH_EVENTS), 0);
      mine = mine.filter((cursor) => !this.#finish(cursor));
      if (played === 0 && mine.length > 0) this.#wait(seen);
    }
    this.#blocks.settle();
  }

  /** Plays up to `limit` events of a cursor; fewer if it has to wait for a block. */
  play(cursor: number, limit: number): number {
    const { cursors, scripts } = this.#stage;
    const script = scripts[cursors[cursor + CURSOR.TRACE]!]!;
    const first = cursors[cursor + CURSOR.FIRST]!;
    const from = cursors[cursor + NEXT]!;
    const end = Math.min(from + limit, cursors[cursor + END]!);
    let next = from;
    while (next < end && this.#step(script, next * EVENT_WORDS, first)) next++;
    Atomics.store(cursors, cursor + NEXT, next);
    return next - from;
  }

  /** Checks and frees every block that a copy left behind. */
  sweep(copy: number): void {
    const { copies, records } = this.#stage;
    const first = copies[copy + COPY.FIRST]! * RECORD_WORDS;
    const end = first + copies[copy + COPY.RECORDS]! * RECORD_WORDS;
    for (let at = first; at < end; at += RECORD_WORDS) {
      Atomics.load(records, at + RECORD_STEP); // pairs with the store in #step
      if (records[at + RECORD.GRANULE] === 0) continue;
      this.#blocks.release(at);
      this.#blocks.tally(TALLY.LEFTOVERS);
    }
  }

  /** The same for all copies: after a turn that was stopped, for the thread that started it. */
  sweepAll(): void {
    for (let copy = 0; copy < this.#stage.copies.length; copy += COPY.WORDS) this.sweep(copy);
    this.#blocks.settle();
  }

  #cursors(): number[] {
    const { cursors } = this.#stage;
    const mine: number[] = [];
    for (let cursor = 0; cursor < cursors.length; cursor += CURSOR.WORDS) {
      if (cursors[cursor + CURSOR.SHARE] === this.#share) mine.push(cursor);
    }
    return mine;
  }

  // Returns false if the event has to wait for another thread's. One that was played already, by a
  // worker whose share this one took over, is passed by.
  #step(script: Int32Array, event: number, first: number): boolean {
    const { records } = this.#stage;
    const at = (first + script[event + BLOCK]!) * RECORD_WORDS;
    const step = script[event + STEP]!;
    const played = Atomics.load(records, at + RECORD_STEP);
    if (played !== step) return played > step;
    const what = script[event + WHAT]!;
    this.#blocks.perform(what, at, step, script[event + SIZE]! >>> 0);
    Atomics.store(records, at + RECORD_STEP, step + 1); // publishes the record to #step and sweep
    if (what & HANDOVER) this.#announce();
    return true;
  }

  #finish(cursor: number): boolean {
    const { cursors, copies } = this.#stage;
    if (cursors[cursor + NEXT]! < cursors[cursor + END]!) return false;
    if (Atomics.compareExchange(cursors, cursor + CURSOR.DONE, 0, 1) !== 0) return true;
    const copy = cursors[cursor + CURSOR.COPY]! * COPY.WORDS;
    if (Atomics.sub(copies, copy + COPY.UNFINISHED, 1) === 1) this.sweep(copy);
    return true;
  }

  // WAITERS is raised before the wait and PUBLISHED before WAITERS is read: a publication that this
  // wait misses has changed the word that it compares. The bound is for publishers that died.
  #wait(seen: number): void {
    const { control } = this.#stage;
    Atomics.add(control, CONTROL.WAITERS, 1);
    Atomics.wait(control, CONTROL.PUBLISHED, seen, WAIT_MS);
    Atomics.sub(control, CONTROL.WAITERS, 1);
    this.#blocks.tally(TALLY.WAITS);
  }

  #announce(): void {
    const { control } = this.#stage;
    Atomics.add(control, CONTROL.PUBLISHED, 1);
    if (Atomics.load(control, CONTROL.WAITERS) > 0) Atomics.notify(control, CONTROL.PUBLISHED);
  }
}
