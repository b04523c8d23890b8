// A barrier: threads wait here for each other, as often as they like. Two shared words, how many
// have arrived and how often all had; the last to arrive lets everybody go.

const ARRIVED = 0;
const TURN = 1;

/** Looks at the word before sleeping: long enough that threads leave in the same microsecond. */
const SPINS = 5000;
const PATIENCE_MS = 30_000;

export function barrierWords(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(8));
}

export class Barrier {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #parties: number;

  constructor(words: Int32Array<SharedArrayBuffer>, parties: number) {
    this.#words = words;
    this.#parties = parties;
  }

  /** Returns when all parties are here. Throws when one of them does not come at all. */
  meet(): void {
    const words = this.#words;
    const turn = Atomics.load(words, TURN);
    if (Atomics.add(words, ARRIVED, 1) + 1 === this.#parties) this.#open();
    else this.#await(turn);
  }

  #open(): void {
    Atomics.store(this.#words, ARRIVED, 0);
    Atomics.add(this.#words, TURN, 1);
    Atomics.notify(this.#words, TURN);
  }

  /** Woken is not enough to go: the wake-up may be the last turn's, come late. */
  #await(turn: number): void {
    for (let i = 0; i < SPINS; i++) if (Atomics.load(this.#words, TURN) !== turn) return;
    while (Atomics.load(this.#words, TURN) === turn) {
      if (Atomics.wait(this.#words, TURN, turn, PATIENCE_MS) === 'timed-out') {
        const here = Atomics.load(this.#words, ARRIVED);
        throw new Error(`only ${here} of ${this.#parties} threads came to the barrier`);
      }
    }
  }
}
