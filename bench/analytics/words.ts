// Counting the words of a document by its bytes, wherever these are: nothing is made for a word but
// when it comes for the first time. A word has 3 to 32 letters, digits and underscores, the first
// of them a letter; great letters count as small ones, and all bytes beyond ASCII end a word.

const SHORTEST = 3;
const LONGEST = 32;
const FIRST_SLOTS = 1024;
const NEWLINE = 10;

/** Of each byte: what it is in a word, or 0 where it ends one. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[\w]/.test(character) ? character.toLowerCase().charCodeAt(0) : 0;
});
const LETTER_A = 97;

/** How often each word stands there, with the hash of its letters. */
export class WordCounts {
  lines = 0;
  words = 0;
  private readonly bytes: Uint8Array;
  private distinct = 0;
  /** An open hash table: where a word stands first, how often in all, and its hash. */
  private slots = FIRST_SLOTS;
  private starts = new Int32Array(FIRST_SLOTS);
  private lengths = new Uint8Array(FIRST_SLOTS);
  private counts = new Int32Array(FIRST_SLOTS);
  private hashes = new Int32Array(FIRST_SLOTS);

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    for (let at = 0; at < bytes.length;) at = this.run(at) + 1;
  }

  /** Every word and its count. */
  toMap(): Map<string, number> {
    const { buffer, byteOffset, length } = this.bytes;
    const text = Buffer.from(buffer, byteOffset, length);
    const map = new Map<string, number>();
    for (let slot = 0; slot < this.slots; slot++) {
      const from = this.starts[slot]!;
      if (this.lengths[slot] === 0) continue;
      const word = text.toString('latin1', from, from + this.lengths[slot]!).toLowerCase();
      map.set(word, this.counts[slot]!);
    }
    return map;
  }

  /** Reads to the end of what may be a word; where that is. */
  private run(start: number): number {
    const { bytes } = this;
    let [at, hash] = [start, 0];
    for (; at < bytes.length; at++) {
      const folded = FOLDED[bytes[at]!]!;
      if (folded === 0) break;
      hash = Math.imul(hash ^ folded, 0x01000193);
    }
    if (bytes[at] === NEWLINE) this.lines++;
    const isWord = at - start >= SHORTEST && at - start <= LONGEST;
    if (isWord && FOLDED[bytes[start]!]! >= LETTER_A) this.add(start, at - start, hash);
    return at;
  }

  private add(start: number, length: number, hash: number): void {
    this.words++;
    const slot = this.find(start, length, hash);
    if (this.counts[slot]!++ > 0) return;
    this.starts[slot] = start;
    this.lengths[slot] = length;
    this.hashes[slot] = hash;
    if (++this.distinct * 2 > this.slots) this.grow();
  }

  /** The word's slot, or the free one where it belongs. */
  private find(start: number, length: number, hash: number): number {
    const mask = this.slots - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.counts[slot] !== 0 && !this.isAt(slot, start, length, hash)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private isAt(slot: number, start: number, length: number, hash: number): boolean {
    if (this.hashes[slot] !== hash || this.lengths[slot] !== length) return false;
    const { bytes } = this;
    const other = this.starts[slot]!;
    let i = 0;
    while (i < length && FOLDED[bytes[start + i]!] === FOLDED[bytes[other + i]!]) i++;
    return i === length;
  }

  private grow(): void {
    const { starts, lengths, counts, hashes } = this;
    this.slots *= 2;
    this.starts = new Int32Array(this.slots);
    this.lengths = new Uint8Array(this.slots);
    this.counts = new Int32Array(this.slots);
    this.hashes = new Int32Array(this.slots);
    for (const [old, count] of counts.entries()) {
      if (count === 0) continue;
      const slot = this.find(starts[old]!, lengths[old]!, hashes[old]!);
      this.starts[slot] = starts[old]!;
      this.lengths[slot] = lengths[old]!;
      this.hashes[slot] = hashes[old]!;
      this.counts[slot] = count;
    }
  }
}
