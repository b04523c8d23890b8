// Random numbers that come out the same for the same seed on every engine: xorshift32 (Marsaglia
// 2003), scrambled first so that seeds 1, 2, 3 … give unrelated sequences.

export class Random {
  #state: number;

  constructor(seed: number) {
    let state = Math.imul(seed ^ (seed >>> 16), 0x7feb352d);
    state = Math.imul(state ^ (state >>> 15), 0x846ca68b);
    this.#state = (state ^ (state >>> 16)) | 0 || 1;
  }

  /** A number in [0, 1). */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, end). */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number in [least, most]: as often from 10 to 20 as from 1000 to 2000. */
  logUniform(least: number, most: number): number {
    const exponent = Math.log(least) + this.next() * Math.log((most + 1) / least);
    return Math.min(most, Math.max(least, Math.floor(Math.exp(exponent))));
  }
}
