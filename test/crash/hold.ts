// The hold words: how a test stops a thread at one access of its choice. In the hold build
// (build.ts) every access to shared memory goes through `$at` first, with its site's number. The
// words are shared between the test and its worker:
//
//   STATE   0, then PARKED when the thread has arrived, or DONE when it came through
//   SITE    the site at which the thread is to stop
//   NTH     how many times it comes there before it stops, and that one too; 0 is never
//   COUNTS  how often the thread came to each site
//
// A parked thread sleeps for ever: nobody wakes it, and the test terminates it.

export const HOLD = Object.freeze({ STATE: 0, SITE: 1, NTH: 2, COUNTS: 8 });
export const PARKED = 1;
export const DONE = 2;

/** Sites have numbers below this. */
export const MAX_SITES = 256 * 256;

export type HoldWords = Int32Array<SharedArrayBuffer>;

export function holdWords(site = 0, nth = 0): HoldWords {
  if (site >= MAX_SITES) throw new Error(`sites have numbers below ${MAX_SITES}, not ${site}`);
  const words = new Int32Array(new SharedArrayBuffer((HOLD.COUNTS + MAX_SITES) * 4));
  words[HOLD.SITE] = site;
  words[HOLD.NTH] = nth;
  return words;
}

let words: HoldWords = holdWords();
/** For the one site at which to stop, how often to come there; 0 for all others. */
let limits = new Int32Array(MAX_SITES);

/** From now on this thread stops where `to` says, and counts its sites there. */
export function obey(to: HoldWords): void {
  words = to;
  limits = new Int32Array(MAX_SITES);
  limits[to[HOLD.SITE] as number] = to[HOLD.NTH] as number;
}

/** What the hold build calls last before each access: with the access's last argument, if any. */
export function $at<T>(site: number, argument: T): T {
  const at = HOLD.COUNTS + site;
  const count = (words[at] as number) + 1;
  words[at] = count;
  if (count === limits[site]) rest(PARKED);
  return argument;
}

/** Tells the test that this thread has arrived (or `DONE`). */
function tell(state: number): void {
  Atomics.store(words, HOLD.STATE, state);
  Atomics.notify(words, HOLD.STATE);
}

/** Sleeps for ever. */
export function rest(state: number): never {
  tell(state);
  for (;;) Atomics.wait(words, HOLD.STATE, state);
}
