// A player under fire: plays one trace over and over, a batch of steps to a transaction, and moves
// value between its accounts in the same transactions. It may be killed anywhere. It keeps nothing
// outside the heap, so the player that is started in its place goes on where the last committed
// batch ended: no step is lost, none is done twice.
//
// A transaction's alloc takes no alignment, so what the trace says of that is not asked for here.
import type { SharedHeap, Transaction } from '../../src/index.ts';
import { keyOf, Stamper } from '../replay/stamp.ts';
import { RECORD } from '../replay/stage.ts';
import { EVENT, OP } from '../replay/trace.ts';
import * as ground from './ground.ts';
import { ACCOUNTS, DEPOSITS, STATE, TALLY, type Ground, type Place } from './ground.ts';

const { GRANULE, SIZE, KEY, STEP, WORDS } = RECORD;
const { POSITION, LAPS, RECORDS } = STATE;

const LEAST_BATCH = 8;
const MOST_BATCH = 64;
const LAP_STEPS = 997; // between two laps' keys of one block
const REGRETS = 1 / 32; // of all batches are undone by the player itself
const MAX_AMOUNT = 100;
const MAX_NOTES = 8;

export class Player {
  readonly #heap: SharedHeap;
  readonly #ground: Ground;
  readonly #number: number;
  readonly #place: Place;
  readonly #state: Int32Array;
  readonly #accounts: Int32Array;
  readonly #stamper: Stamper;
  readonly #count: number; // of all players' blocks
  readonly #first: number; // of them, this player's first
  /** What was wrong, in words: the first few findings. */
  readonly notes: string[] = [];

  constructor(heap: SharedHeap, on: Ground, number: number) {
    const before = on.places.slice(0, number);
    this.#heap = heap;
    this.#ground = on;
    this.#number = number;
    this.#place = on.places[number]!;
    this.#state = ground.stateOf(heap, this.#place);
    this.#accounts = heap.view(this.#place.accounts, Int32Array, ACCOUNTS);
    this.#stamper = new Stamper(heap);
    this.#count = on.places.reduce((sum, { blocks }) => sum + blocks, 0);
    this.#first = before.reduce((sum, { blocks }) => sum + blocks, 0);
  }

  /** Plays until the siege is called off, or a batch fails for lack of memory. */
  play(): void {
    this.checkAccounts();
    while (!ground.isHalted(this.#ground) && this.playBatch());
  }

  /** One transaction; false if it failed. One that the player regrets itself has not failed. */
  playBatch(): boolean {
    const regretted = Math.random() < REGRETS;
    const result = this.#heap.transaction((tx) => {
      this.#perform(tx, LEAST_BATCH + Math.floor(Math.random() * (MOST_BATCH - LEAST_BATCH)));
      this.#transfer(tx);
      if (regretted) tx.rollback();
    });
    if (result.ok) return true;
    if (regretted && result.error.code === 'ABORTED') this.#tally(TALLY.ROLLBACKS);
    else this.#fault(TALLY.FAILED, `a batch failed: ${result.error.message}`);
    return regretted;
  }

  /** Whoever begins knows what its accounts must hold, whatever happened to the one before. */
  checkAccounts(): void {
    const { value } = this;
    if (value !== DEPOSITS) this.#fault(TALLY.MISCOUNTS, `accounts hold ${value} of ${DEPOSITS}`);
  }

  /** Checks the stamps of all blocks that the player holds and gives each to `found`. */
  inspect(found: (ptr: number) => void): void {
    for (let at = RECORDS; at < this.#state.length; at += WORDS) {
      if (this.#state[at + GRANULE] === 0) continue;
      this.#check(at);
      found(this.#ptrAt(at));
    }
  }

  /** What all its accounts hold. */
  get value(): number {
    return this.#accounts.reduce((total, amount) => total + amount, 0);
  }

  /** Events played in all laps. */
  get events(): number {
    const each = this.#place.row.length / EVENT.WORDS;
    return this.#state[LAPS]! * each + Math.min(this.#state[POSITION]!, each);
  }

  #perform(tx: Transaction, batch: number): void {
    const { row, blocks } = this.#place;
    const events = row.length / EVENT.WORDS;
    tx.protect(this.#place.state, RECORDS * 4);
    const from = this.#state[POSITION]!;
    const to = Math.min(from + batch, from < events ? events : events + blocks);
    if (from < events) for (let step = from; step < to; step++) this.#playEvent(tx, step);
    else this.#sweep(tx, from - events, to - events);
    const over = to === events + blocks;
    this.#state[POSITION] = over ? 0 : to;
    if (over) this.#state[LAPS]! += 1;
  }

  #playEvent(tx: Transaction, index: number): void {
    const { row } = this.#place;
    const event = index * EVENT.WORDS;
    const at = RECORDS + row[event + EVENT.BLOCK]! * WORDS;
    const op = row[event + EVENT.WHAT]! & 255;
    const played = this.#state[at + STEP]!;
    const step = row[event + EVENT.STEP]!;
    if (played !== step) this.#fault(TALLY.OUT_OF_TURN, `event ${index} came at step ${played}`);
    tx.protect(this.#place.state + at * 4, WORDS * 4);
    if (op === OP.FREE) this.#release(tx, at);
    else this.#obtain(tx, at, row[event + EVENT.SIZE]! >>> 0, step);
    this.#state[at + STEP] = step + 1;
  }

  // An alloc, or a realloc where the record has a block: what it held must be in the new one.
  #obtain(tx: Transaction, at: number, size: number, step: number): void {
    const old = this.#ptrAt(at);
    const kept = old === 0 ? 0 : Math.min(size, this.#state[at + SIZE]! >>> 0);
    if (old !== 0) this.#check(at);
    const ptr = old === 0 ? tx.alloc(size) : tx.realloc(old, size);
    if (ptr === 0) {
      this.#fault(TALLY.BAD_FREES, `realloc(${old}) of a live block was refused`);
      return;
    }
    this.#checkBytes(at, ptr, kept);
    const lap = this.#state[LAPS]! * LAP_STEPS;
    const key = keyOf(this.#first + (at - RECORDS) / WORDS, lap + step, this.#count);
    this.#stamper.write(ptr, size, key);
    this.#state[at + GRANULE] = ptr / 16;
    this.#state[at + SIZE] = size;
    this.#state[at + KEY] = key;
  }

  #release(tx: Transaction, at: number): void {
    const ptr = this.#ptrAt(at);
    this.#check(at);
    this.#state[at + GRANULE] = 0;
    if (!tx.free(ptr)) this.#fault(TALLY.BAD_FREES, `free(${ptr}) of a live block was refused`);
  }

  // After the last event: frees what the trace leaves behind, and makes the records as new.
  #sweep(tx: Transaction, from: number, to: number): void {
    if (to === from) return;
    const first = RECORDS + from * WORDS;
    const end = RECORDS + to * WORDS;
    tx.protect(this.#place.state + first * 4, (end - first) * 4);
    for (let at = first; at < end; at += WORDS) {
      if (this.#state[at + GRANULE] !== 0) this.#release(tx, at);
      this.#state[at + STEP] = 0;
    }
  }

  #transfer(tx: Transaction): void {
    const [from, to] = [Math.random(), Math.random()].map((x) => Math.floor(x * ACCOUNTS));
    const amount = Math.min(this.#accounts[from!]!, Math.ceil(Math.random() * MAX_AMOUNT));
    tx.protect(this.#place.accounts + from! * 4, 4);
    this.#accounts[from!]! -= amount;
    tx.protect(this.#place.accounts + to! * 4, 4);
    this.#accounts[to!]! += amount;
  }

  #ptrAt(at: number): number {
    return this.#state[at + GRANULE]! * 16;
  }

  #check(at: number): void {
    this.#checkBytes(at, this.#ptrAt(at), this.#state[at + SIZE]! >>> 0);
  }

  #checkBytes(at: number, ptr: number, size: number): void {
    const damage = this.#stamper.check(ptr, size, this.#state[at + KEY]!);
    if (damage < 0) return;
    const block = `block ${(at - RECORDS) / WORDS}, ${size} bytes at ${ptr}`;
    this.#fault(TALLY.MISMATCHES, `byte ${damage} of ${block}, is not as it was stamped`);
  }

  #tally(which: number): void {
    ground.tally(this.#ground, this.#number, which);
  }

  #fault(which: number, what: string): void {
    this.#tally(which);
    const note = `player ${this.#number}, ${this.#place.trace}: ${what}`;
    if (this.notes.length < MAX_NOTES) this.notes.push(note);
  }
}
