// Blocks: what one thread does to the blocks of a stage. It allocates, stamps, checks and frees
// them in the heap and keeps their records; the player decides which event comes when.
//
// A failed allocation leaves its record without a block; the events that follow on it are skipped.
// A failed realloc leaves the old block as it was. Neither stops the replay; both are counted.
import { OP } from './trace.ts';
import { CONTROL, COPY, RECORD, TALLY, TALLY_WORDS, type Stage } from './stage.ts';
import { keyOf, namedBy, Stamper, type Ground } from './stamp.ts';

const { GRANULE, SIZE, KEY, STEP } = RECORD;
const RECORD_WORDS = RECORD.WORDS;
const { ALLOC, FREE } = OP;

const LEAST_ACCOUNT_BYTES = 16;
const MOST_ACCOUNT_BYTES = 4096;
const MAX_NOTES = 8;
const MAX_ODDITIES = 16;

/** What is asked of the heap. */
export interface PlayedHeap extends Ground {
  alloc(size: number): number;
  free(ptr: number): boolean;
  realloc(ptr: number, size: number): number;
  tryAlloc(size: number, options: { align: number }): { ok: true; value: number } | { ok: false };
}

export class Blocks {
  readonly #heap: PlayedHeap;
  readonly #stage: Stage;
  readonly #stamper: Stamper;
  readonly #records: Int32Array;
  readonly #count: number;
  readonly #share: number;
  #unaccounted = 0; // bytes made live and not yet added to the stage's sum
  #patience = LEAST_ACCOUNT_BYTES; // how many of them may wait
  /** What was wrong, in words: the first few findings. */
  readonly notes: string[] = [];

  constructor(heap: PlayedHeap, stage: Stage, share: number) {
    this.#heap = heap;
    this.#stage = stage;
    this.#stamper = new Stamper(heap);
    this.#records = stage.records;
    this.#count = stage.records.length / RECORD_WORDS;
    this.#share = share;
  }

  /** Plays one event on the record at `at`. */
  perform(what: number, at: number, step: number, size: number): void {
    const op = what & 255;
    const align = (what >> 8) & 255;
    if (op === ALLOC) this.#allocate(at, step, size, align);
    else if (this.#records[at + GRANULE] === 0) this.tally(TALLY.SKIPPED);
    else if (op === FREE) this.release(at);
    else if (align === 0) this.#resize(at, step, size);
    else this.#resizeAligned(at, step, size, align);
  }

  #allocate(at: number, step: number, size: number, align: number): void {
    const ptr = this.#fetch(size, align);
    if (ptr === 0) return;
    this.#account(size);
    this.#enter(at, step, ptr, size);
  }

  // A block of `size` bytes, or 0, counted.
  #fetch(size: number, align: number): number {
    const ptr = align === 0 ? this.#heap.alloc(size) : this.#fetchAligned(size, 2 ** align);
    if (ptr === 0) this.tally(TALLY.FAILED);
    else if (ptr % 16 !== 0) return this.#refuse(ptr);
    return ptr;
  }

  #fetchAligned(size: number, align: number): number {
    const result = this.#heap.tryAlloc(size, { align });
    if (!result.ok) return 0;
    if (result.value % align !== 0) {
      this.tally(TALLY.MISALIGNED);
      this.#note(`a block asked for at multiples of ${align} came at ${result.value}`);
    }
    return result.value;
  }

  // A pointer that is no multiple of a granule cannot even be recorded: it is given back.
  #refuse(ptr: number): number {
    this.tally(TALLY.MISALIGNED);
    this.#note(`a block came at ${ptr}, which is no multiple of 16`);
    this.#heap.free(ptr);
    return 0;
  }

  #enter(at: number, step: number, ptr: number, size: number): void {
    const records = this.#records;
    const key = keyOf(at / RECORD_WORDS, step, this.#count);
    this.#stamper.write(ptr, size, key);
    records[at + GRANULE] = ptr / 16;
    records[at + SIZE] = size;
    records[at + KEY] = key;
  }

  // The record lets go of the block first: a worker that dies in between has lost it, and does not
  // make its successor free what somebody else may have by then.
  /** Checks the block of a record and frees it. */
  release(at: number): void {
    const records = this.#records;
    const ptr = records[at + GRANULE]! * 16;
    const size = records[at + SIZE]! >>> 0;
    this.#checkWhole(at, ptr, size);
    this.#account(-size);
    records[at + GRANULE] = 0;
    this.#free(ptr);
  }

  #free(ptr: number): void {
    if (this.#heap.free(ptr)) return;
    this.tally(TALLY.BAD_FREES);
    this.#note(`free(${ptr}) of a live block was refused`);
  }

  #resize(at: number, step: number, size: number): void {
    const ptr = this.#records[at + GRANULE]! * 16;
    const old = this.#records[at + SIZE]! >>> 0;
    this.#checkWhole(at, ptr, old);
    const moved = this.#heap.realloc(ptr, size);
    if (moved === 0) this.tally(TALLY.FAILED);
    else if (moved % 16 === 0) this.#replace(at, step, moved, size, old);
    else this.#lose(at, moved);
  }

  #lose(at: number, moved: number): void {
    this.#account(-(this.#records[at + SIZE]! >>> 0));
    this.#records[at + GRANULE] = this.#refuse(moved);
  }

  // No realloc promises an alignment: a program that wants one moves the block itself.
  #resizeAligned(at: number, step: number, size: number, align: number): void {
    const ptr = this.#records[at + GRANULE]! * 16;
    const old = this.#records[at + SIZE]! >>> 0;
    this.#checkWhole(at, ptr, old);
    const moved = this.#fetch(size, align);
    if (moved === 0) return;
    this.#stamper.write(moved, Math.min(old, size), this.#records[at + KEY]!);
    this.#free(ptr);
    this.#replace(at, step, moved, size, old);
  }

  // The block keeps as much of its old stamp as fits, then gets a new one.
  #replace(at: number, step: number, ptr: number, size: number, old: number): void {
    const kept = Math.min(old, size);
    const damage = this.#stamper.check(ptr, kept, this.#records[at + KEY]!);
    if (damage >= 0) {
      this.tally(TALLY.MISMATCHES);
      this.#note(`realloc of ${old} to ${size} bytes lost byte ${damage} of ${this.#name(at)}`);
    }
    this.#account(size - old);
    this.#enter(at, step, ptr, size);
  }

  #checkWhole(at: number, ptr: number, size: number): void {
    const damage = this.#stamper.check(ptr, size, this.#records[at + KEY]!);
    if (damage >= 0) this.#judge(at, ptr, size, damage);
  }

  #judge(at: number, ptr: number, size: number, damage: number): void {
    const key = this.#records[at + KEY]!;
    const odd = this.#stamper.oddities(ptr, size, key, damage, MAX_ODDITIES);
    const others = odd.map((word) => this.#ownerOf(word)).filter((owner) => owner >= 0);
    const other = others.find((owner) => owner !== at);
    this.tally(other === undefined ? TALLY.MISMATCHES : TALLY.OVERLAPS);
    const whose = other === undefined ? 'is nobody’s stamp' : `carries ${this.#name(other)}`;
    this.#note(`byte ${damage} of ${this.#name(at)}, ${size} bytes at ${ptr}, ${whose}`);
  }

  // The record whose stamp a word is, or −1: only a step that has begun can have stamped.
  #ownerOf(word: number): number {
    const name = namedBy(word, this.#count);
    if (name === null) return -1;
    const at = name.record * RECORD_WORDS;
    return Atomics.load(this.#records, at + STEP) >= name.step ? at : -1;
  }

  #name(at: number): string {
    const { copies, names } = this.#stage;
    const record = at / RECORD_WORDS;
    let copy = 0;
    while ((copies[copy + COPY.WORDS + COPY.FIRST] ?? Infinity) <= record) copy += COPY.WORDS;
    const block = record - copies[copy + COPY.FIRST]!;
    return `block ${block} of ${names[copies[copy + COPY.TRACE]!]}.${copies[copy + COPY.NUMBER]}`;
  }

  // Live bytes are added up in steps that grow with the peak, so that threads seldom meet at the
  // sum: it is exact to a thousandth of the peak, or 4 KiB, for each worker.
  #account(bytes: number): void {
    this.#unaccounted += bytes;
    if (Math.abs(this.#unaccounted) >= this.#patience) this.settle();
  }

  /** Adds what is not yet accounted for to the stage's sum. */
  settle(): void {
    const { control } = this.#stage;
    const units = Math.trunc(this.#unaccounted / 16);
    this.#unaccounted -= units * 16;
    const live = Atomics.add(control, CONTROL.LIVE, units) + units;
    const peak = this.#raisePeak(live) * 16;
    this.#patience = Math.min(MOST_ACCOUNT_BYTES, Math.max(LEAST_ACCOUNT_BYTES, peak / 1024));
  }

  #raisePeak(live: number): number {
    const { control } = this.#stage;
    let peak = Atomics.load(control, CONTROL.PEAK);
    while (live > peak) {
      const found = Atomics.compareExchange(control, CONTROL.PEAK, peak, live);
      if (found === peak) return live;
      peak = found;
    }
    return peak;
  }

  tally(tally: number): void {
    this.#stage.tallies[this.#share * TALLY_WORDS + tally]! += 1;
  }

  #note(text: string): void {
    if (this.notes.length < MAX_NOTES) this.notes.push(text);
  }
}
