// Contents that tell whose they are: a block is filled from end to end with a stretch of a sequence
// that does not repeat within a block's alignment, so bytes that were lost, moved or written by
// another block's owner do not pass for its own.

const PERIOD = 65521;
const LONGEST = 2 ** 23;

const sequence = new Uint8Array(LONGEST + PERIOD);
for (let i = 0, value = 1; i < PERIOD; i++) {
  value = (Math.imul(value, 1103515245) + 12345) | 0;
  sequence[i] = value >>> 16;
}
for (let i = PERIOD; i < sequence.length; i += PERIOD) sequence.copyWithin(i, 0, PERIOD);

function stretch(seed: number, bytes: number): Uint8Array {
  const from = (seed * 7919) % PERIOD;
  return sequence.subarray(from, from + bytes);
}

/** Fills `bytes` bytes at `ptr`. */
export function stamp(buffer: SharedArrayBuffer, ptr: number, bytes: number, seed: number): void {
  new Uint8Array(buffer, ptr, bytes).set(stretch(seed, bytes));
}

/** Whether the first `bytes` bytes at `ptr` are still those of that seed. */
export function hasStamp(
  buffer: SharedArrayBuffer,
  ptr: number,
  bytes: number,
  seed: number,
): boolean {
  return Buffer.from(buffer, ptr, bytes).equals(stretch(seed, bytes));
}

/** Whether the first `bytes` bytes at `ptr` are zero. */
export function isZero(buffer: SharedArrayBuffer, ptr: number, bytes: number): boolean {
  return new Uint8Array(buffer, ptr, bytes).every((byte) => byte === 0);
}
