// A spatial index that somebody else wrote (flatbush), on a block of the heap: boxes and windows
// drawn from a seed, the index built once by an ordinary program and copied into a block, and what
// an index answers, to compare one with another.
import Flatbush from 'flatbush';
import type { Ptr, SharedHeap } from '../../src/index.ts';
import { Dice } from '../../test/support/dice.ts';

export type Window = readonly [minX: number, minY: number, maxX: number, maxY: number];

export interface Answers {
  readonly counts: readonly number[];
  /** Over all boxes found: (number of the window + 1) × number of the box, modulo 2^32. */
  readonly sum: number;
}

const WORLD = 10_000;

export function windowsOf(seed: number, count: number, edge: number): Window[] {
  const dice = new Dice(seed);
  return Array.from({ length: count }, () => {
    const [x, y] = [dice.below(WORLD), dice.below(WORLD)];
    return [x, y, x + dice.below(edge), y + dice.below(edge)] as const;
  });
}

/** All of the world: an index that answers this has been read whole. */
export const EVERYWHERE: Window = [0, 0, 2 * WORLD, 2 * WORLD];

export function indexOf(boxes: readonly Window[]): Flatbush {
  const index = new Flatbush(boxes.length);
  for (const box of boxes) index.add(...box);
  index.finish();
  return index;
}

/** A block with the index in it, for `Flatbush.from(heap.u8.buffer, ptr)` on any thread; or 0. */
export function share(heap: SharedHeap, index: Flatbush): Ptr {
  const bytes = index.data.byteLength;
  const ptr = heap.alloc(bytes);
  if (ptr !== 0) heap.view(ptr, Uint8Array, bytes).set(new Uint8Array(index.data));
  return ptr;
}

export function answersOf(index: Flatbush, windows: readonly Window[]): Answers {
  let sum = 0;
  const counts = windows.map((window, turn) => {
    let found = 0;
    index.search(...window, (box) => {
      sum = (sum + (turn + 1) * box) >>> 0;
      found++;
      return false; // no list of them, which would be memory as well
    });
    return found;
  });
  return { counts, sum };
}
