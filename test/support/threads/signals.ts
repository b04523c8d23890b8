// Signals between a test and its workers: four shared words that say how many workers are at work,
// how many have finished, whether all shall stop, and how often one has gone round.

export const SIGNAL = Object.freeze({ STARTED: 0, FINISHED: 1, STOP: 2, TURNS: 3, WORDS: 4 });

export type Signals = Int32Array<SharedArrayBuffer>;

export function signalWords(): Signals {
  return new Int32Array(new SharedArrayBuffer(SIGNAL.WORDS * 4));
}

/** Counts one more. */
export function signal(signals: Signals, word: number): void {
  Atomics.add(signals, word, 1);
  Atomics.notify(signals, word);
}

export function isSet(signals: Signals, word: number): boolean {
  return Atomics.load(signals, word) !== 0;
}

/** Blocks this thread until the count is reached; false when it is not after `timeoutMs`. */
export function blockUntil(
  signals: Signals,
  word: number,
  count: number,
  timeoutMs: number,
): boolean {
  for (;;) {
    const seen = Atomics.load(signals, word);
    if (seen >= count) return true;
    if (Atomics.wait(signals, word, seen, timeoutMs) === 'timed-out') return false;
  }
}
