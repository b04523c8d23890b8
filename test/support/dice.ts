// Numbers at random that come out the same for the same seed on every engine (mulberry32), for
// mixes of many steps and for schedules.

export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `sides` - 1. */
  below(sides: number): number {
    return Math.floor(this.next() * sides);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** A whole number in [least, most]: as often from 10 to 20 as from 1000 to 2000. */
  logUniform(least: number, most: number): number {
    const exponent = Math.log(least) + this.next() * Math.log((most + 1) / least);
    return Math.min(most, Math.max(least, Math.floor(Math.exp(exponent))));
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}
