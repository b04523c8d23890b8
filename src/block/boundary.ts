// Boundary tags of the simple heap (Knuth, TAOCP 1, 2.5), kept in the state map. A block of n
// granules has its start byte and n - 1 bytes inside, and nobody needs the bytes inside: so its
// length stands there, once behind the start and once before the end, five bits a byte.
//
//   n = 1        S                                  no tag: the next byte starts another block
//   2 … 32       S d … d                            d = n - 1, as DIGIT + d
//   33 …         S 0 d d d d d d … d d d d d d 0    six digits of n behind a zero digit
//
// The start bytes are the truth: a length is the distance to the next start. The digits are
// derived from them. A split writes one start byte, a merge clears one.

import { STATE } from '../word/layout.ts';
import type { StateMap } from './statemap.ts';

const { DIGIT } = STATE;
const DIGITS = 6;

export class Boundary {
  private readonly states: StateMap;

  constructor(states: StateMap) {
    this.states = states;
  }

  /** Granules of the block that starts at `start`. */
  length(start: number): number {
    return this.read(start + 1, 1);
  }

  /** Granules of the block that ends where `start` begins. */
  lengthBefore(start: number): number {
    return this.read(start - 1, -1);
  }

  /** Writes both tags of a block of `length` granules; its start byte is the caller's. */
  write(start: number, length: number): void {
    if (length === 1) return;
    this.writeTag(start + 1, 1, length);
    this.writeTag(start + length - 1, -1, length);
  }

  private read(at: number, step: number): number {
    const digit = this.states.get(at) - DIGIT;
    if (digit < 0 || digit > 31) return 1;
    if (digit > 0) return digit + 1;
    let length = 0;
    for (let i = DIGITS; i > 0; i--) {
      length = length * 32 + ((this.states.get(at + i * step) - DIGIT) & 31);
    }
    return Math.max(length, 1); // a damaged length must not stop whoever walks
  }

  private writeTag(at: number, step: number, length: number): void {
    if (length <= 32) {
      this.states.mark(at, DIGIT + length - 1);
      return;
    }
    this.states.mark(at, DIGIT);
    for (let i = 1, rest = length; i <= DIGITS; i++, rest >>>= 5) {
      this.states.mark(at + i * step, DIGIT + (rest & 31));
    }
  }
}
