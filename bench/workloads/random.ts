// Numbers at random, the same here and in bench/native: Marsaglia's xorshift with 32 bits.

const FIRST_SEED = 0x9e3779b9;
const SIZES = 8192;
const LEAST = 8;

/** Each thread has a sequence of its own; none is 0, from which xorshift never comes back. */
export function seedOf(thread: number): number {
  return (FIRST_SEED ^ Math.imul(thread + 1, 0x85ebca6b)) | 0;
}

export function nextRandom(x: number): number {
  x ^= x << 13;
  x ^= x >>> 17;
  return x ^ (x << 5);
}

/** A number below `limit`, at most 32,768, from the upper half of a random one. */
export function below(x: number, limit: number): number {
  return ((x >>> 16) * limit) >>> 16;
}

/** A table of sizes from 8 to `most`, as many in each doubling; SIZES_MASK picks from it. */
export function logUniformSizes(most: number): Int32Array {
  const doublings = Math.log2(most / LEAST);
  return table((u) => Math.floor(LEAST * 2 ** (u * doublings)));
}

/** A table of sizes from 8 to `most`, each as likely. */
export function uniformSizes(most: number): Int32Array {
  return table((u) => LEAST + Math.floor(u * (most - LEAST)));
}

export const SIZES_MASK = SIZES - 1;

function table(sizeAt: (u: number) => number): Int32Array {
  let x = seedOf(0);
  return Int32Array.from({ length: SIZES }, () => {
    x = nextRandom(x);
    return sizeAt((x >>> 0) / 2 ** 32);
  });
}

/** The numbers from 0 to `count` − 1 in random order. */
export function shuffle(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  let x = seedOf(0);
  for (let last = count - 1; last > 0; last--) {
    x = nextRandom(x);
    const other = Math.floor(((x >>> 0) / 2 ** 32) * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
