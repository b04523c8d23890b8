// Stamps: what a block is filled with while it is live, and how the damage is read.
//
// Each time a block is allocated or reallocated it gets a key of its own, a number that names the
// block and which of its events stamped it. Through the whole length of the block, its odd tail
// bytes included, stand
//
//   word 0   key        word 2   key        …      the same in every even word
//   word 1   key ^ 1·C  word 3   key ^ 3·C  …      tied to its place in every odd one
//
// so a prefix of a stamp is a stamp, as realloc must keep it, and contents that moved by a few
// words are seen. Blocks begin on multiples of 16 bytes: where two overlap, even words fall on even
// words, and a damaged even word that names another block is the other block's stamp.
const SPREAD = 0x9e3779b1;

/** What a stamper needs of a heap: its whole views, and a view of one block beyond them. */
export interface Ground {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  view<T>(ptr: number, type: ViewType<T>, length: number): T;
}

type ViewType<T> = new (buffer: SharedArrayBuffer, byteOffset: number, length: number) => T;

export interface BlockName {
  readonly record: number;
  readonly step: number;
}

// Every (record, step) pair has one number, every number one key and back. 0 is no pair's number:
// zeroed memory names nobody.
export function keyOf(record: number, step: number, records: number): number {
  return scramble((Math.imul(step, records + 1) + record + 1) | 0);
}

export function namedBy(key: number, records: number): BlockName | null {
  const number = unscramble(key) >>> 0;
  const record = (number % (records + 1)) - 1;
  return record < 0 ? null : { record, step: Math.floor(number / (records + 1)) };
}

function scramble(number: number): number {
  let x = number;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function unscramble(key: number): number {
  let x = key;
  x = Math.imul(x ^ (x >>> 16), 0x43021123);
  x = Math.imul(x ^ (x >>> 15) ^ (x >>> 30), 0x1d69e2a5);
  return x ^ (x >>> 16);
}

function wordAt(key: number, index: number): number {
  return index & 1 ? key ^ Math.imul(index, SPREAD) : key;
}

/** Writes and reads stamps anywhere in a heap, by the whole views as far as they reach. */
export class Stamper {
  readonly #ground: Ground;
  readonly #covered: number;
  #words: Int32Array;
  #bytes: Uint8Array;
  #word = 0; // where the block at hand begins in #words
  #byte = 0; // and in #bytes

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#words = ground.i32;
    this.#bytes = ground.u8;
    this.#covered = Math.min(ground.i32.length * 4, ground.u8.length);
  }

  write(ptr: number, size: number, key: number): void {
    this.#aim(ptr, size);
    const words = this.#words;
    const first = this.#word;
    const count = Math.floor(size / 4);
    let index = 0;
    for (; index + 1 < count; index += 2) {
      words[first + index] = key;
      words[first + index + 1] = key ^ Math.imul(index + 1, SPREAD);
    }
    if (index < count) words[first + index] = key;
    if (size & 3) this.#writeTail(count, size, key);
  }

  /** The offset of the first byte that is not as it was stamped, or −1. */
  check(ptr: number, size: number, key: number): number {
    this.#aim(ptr, size);
    const words = this.#words;
    const first = this.#word;
    const count = Math.floor(size / 4);
    let index = 0;
    for (; index + 1 < count; index += 2) {
      if (words[first + index] !== key) return index * 4;
      if (words[first + index + 1] !== (key ^ Math.imul(index + 1, SPREAD))) return index * 4 + 4;
    }
    if (index < count && words[first + index] !== key) return index * 4;
    return size & 3 ? this.#checkTail(count, size, key) : -1;
  }

  /** Damaged even words from `offset` on: what stands in them, at most `limit`. */
  oddities(ptr: number, size: number, key: number, offset: number, limit: number): number[] {
    this.#aim(ptr, size);
    const found: number[] = [];
    for (let index = (offset >> 3) * 2; index * 4 + 4 <= size; index += 2) {
      const word = this.#words[this.#word + index]!;
      if (word !== key) found.push(word);
      if (found.length === limit) break;
    }
    return found;
  }

  #aim(ptr: number, size: number): void {
    const covered = ptr + size <= this.#covered;
    this.#word = covered ? ptr / 4 : 0;
    this.#byte = covered ? ptr : 0;
    this.#words = covered
      ? this.#ground.i32
      : this.#ground.view(ptr, Int32Array, Math.ceil(size / 4));
    this.#bytes = covered ? this.#ground.u8 : this.#ground.view(ptr, Uint8Array, size);
  }

  #writeTail(word: number, size: number, key: number): void {
    const value = wordAt(key, word);
    for (let at = word * 4; at < size; at++) {
      this.#bytes[this.#byte + at] = value >>> ((at & 3) * 8);
    }
  }

  #checkTail(word: number, size: number, key: number): number {
    const value = wordAt(key, word);
    for (let at = word * 4; at < size; at++) {
      if (this.#bytes[this.#byte + at] !== ((value >>> ((at & 3) * 8)) & 255)) return at;
    }
    return -1;
  }
}
