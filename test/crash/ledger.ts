// The ledger: who has which block, in shared memory of the test's own, so that it outlives whoever
// wrote it. One record a block. Every step of a client is announced before it is taken and struck
// off after, so a death at any moment leaves at most one record of the dead in between, and that
// record says what was under way.
//
//   STATE   owner << 4 | phase: one word, so that a record changes hands in one store or CAS
//   PTR     the block, in granules
//   SIZE    the bytes that were asked for
//   KEY     of the stamp that fills them
//
//   EMPTY      no block
//   TAKING     being allocated: there may be a block that nobody knows
//   RAW        PTR is a live block; what is in it is not known
//   HELD       PTR is a live block with its stamp
//   GIVING     being freed: PTR may be live or not
//   SHARED     PTR is a live block with its stamp, which its owner holds by a reference
//   RESIZING   both: PTR may be live or not, and there may be a block that nobody knows
//
// Owner 0 is nobody: such a record is for whoever takes it first.

export const EMPTY = 0;
export const TAKING = 1;
export const RAW = 2;
export const HELD = 3;
export const GIVING = 4;
export const RESIZING = 5;
export const SHARED = 6;

const WORDS = 4;
const [STATE, PTR, SIZE, KEY] = [0, 1, 2, 3];
const PHASE_BITS = 4;
const PHASE_MASK = 15;

export interface Entry {
  readonly record: number;
  readonly owner: number;
  readonly phase: number;
  readonly ptr: number;
  readonly size: number;
  readonly key: number;
}

export type LedgerWords = Int32Array<SharedArrayBuffer>;

export class Ledger {
  readonly words: LedgerWords;

  constructor(words: LedgerWords) {
    this.words = words;
  }

  static of(records: number): Ledger {
    return new Ledger(new Int32Array(new SharedArrayBuffer(records * WORDS * 4)));
  }

  get length(): number {
    return this.words.length / WORDS;
  }

  read(record: number): Entry {
    const at = record * WORDS;
    const state = Atomics.load(this.words, at + STATE);
    const [ptr, size, key] = [PTR, SIZE, KEY].map((word) => Atomics.load(this.words, at + word));
    return {
      record,
      owner: state >>> PHASE_BITS,
      phase: state & PHASE_MASK,
      ptr: (ptr as number) * 16,
      size: size as number,
      key: key as number,
    };
  }

  /** All records that are not empty. */
  entries(): Entry[] {
    const all = Array.from({ length: this.length }, (_, record) => this.read(record));
    return all.filter((entry) => entry.phase !== EMPTY);
  }

  phaseOf(record: number): number {
    return Atomics.load(this.words, record * WORDS + STATE) & PHASE_MASK;
  }

  ownerOf(record: number): number {
    return Atomics.load(this.words, record * WORDS + STATE) >>> PHASE_BITS;
  }

  /** A record is taken by who has it, or by who is the first to claim it. */
  mark(record: number, owner: number, phase: number): void {
    Atomics.store(this.words, record * WORDS + STATE, (owner << PHASE_BITS) | phase);
  }

  /** Takes a stamped block that is nobody's; false if another was first. */
  claim(record: number, owner: number): boolean {
    const mine = (owner << PHASE_BITS) | HELD;
    return Atomics.compareExchange(this.words, record * WORDS + STATE, HELD, mine) === HELD;
  }

  /** Takes a block over that is nobody's and on its way; false if another was first. */
  takeOver(record: number, owner: number): boolean {
    const mine = (owner << PHASE_BITS) | GIVING;
    return Atomics.compareExchange(this.words, record * WORDS + STATE, GIVING, mine) === GIVING;
  }

  /** A stamped block is for whoever claims it. */
  release(record: number): void {
    this.mark(record, 0, HELD);
  }

  /** Before the block is allocated, and again when it is: see `mark`. */
  write(record: number, ptr: number, size: number, key: number): void {
    const at = record * WORDS;
    Atomics.store(this.words, at + PTR, ptr / 16);
    Atomics.store(this.words, at + SIZE, size);
    Atomics.store(this.words, at + KEY, key);
  }
}
