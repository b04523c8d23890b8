// How a crowd is brought to rest: the test asks all its workers to pause, and each, between two
// steps, says that it does and sleeps until the pause is over. One word for the question, and one
// for each worker's answer. A worker that is dead gives none; its test knows that it is.

export const PAUSE = 0;
const ANSWERS = 1;

export const STARTING = 0;
export const WORKING = 1;
export const PAUSED = 2;

export type PauseWords = Int32Array<SharedArrayBuffer>;

export function pauseWords(workers: number): PauseWords {
  return new Int32Array(new SharedArrayBuffer((ANSWERS + workers) * 4));
}

/** What a worker does between two steps. */
export function pauseIfAsked(words: PauseWords, place: number): void {
  if (Atomics.load(words, PAUSE) === 0) {
    Atomics.store(words, ANSWERS + place, WORKING);
    return;
  }
  Atomics.store(words, ANSWERS + place, PAUSED);
  Atomics.wait(words, PAUSE, 1);
}

export function ask(words: PauseWords): void {
  Atomics.store(words, PAUSE, 1);
}

export function goOn(words: PauseWords): void {
  Atomics.store(words, PAUSE, 0);
  for (let at = ANSWERS; at < words.length; at++)
    Atomics.compareExchange(words, at, PAUSED, WORKING);
  Atomics.notify(words, PAUSE);
}

export function answerOf(words: PauseWords, place: number): number {
  return Atomics.load(words, ANSWERS + place);
}

export function newcomer(words: PauseWords, place: number): void {
  Atomics.store(words, ANSWERS + place, STARTING);
}
