// How a thread waits for another here and in bench/native: it looks again ten thousand times,
// some tens of microseconds, then sleeps for a twentieth of a millisecond each time: a thread that
// spins on a machine with fewer cores than threads only keeps the other from going on.

const SPINS = 10_000;
const SLEEP_MS = 0.05;
const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Returns how often it was called: hand that in again. */
export function pause(spins: number): number {
  if (spins >= SPINS) Atomics.wait(nothing, 0, 0, SLEEP_MS);
  return spins + 1;
}
