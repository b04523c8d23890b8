// A mutex as one would write it in JavaScript, in one shared word (Drepper, "Futexes are tricky"):
// 0 is free, 1 is taken, 2 is taken and others may sleep.

const FREE = 0;
const TAKEN = 1;
const AWAITED = 2;

export class Mutex {
  private readonly word: Int32Array;

  constructor(word: Int32Array) {
    this.word = word;
  }

  lock(): void {
    if (Atomics.compareExchange(this.word, 0, FREE, TAKEN) !== FREE) this.lockSlow();
  }

  private lockSlow(): void {
    while (Atomics.exchange(this.word, 0, AWAITED) !== FREE) Atomics.wait(this.word, 0, AWAITED);
  }

  unlock(): void {
    if (Atomics.exchange(this.word, 0, FREE) === AWAITED) Atomics.notify(this.word, 0, 1);
  }
}
