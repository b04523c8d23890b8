// What threads do in scenarios: each takes, gives and resizes blocks and tells the book, so that
// the oracle knows who holds what.

import type { Scene } from '../scenario.ts';
import { HeapError } from '../../../src/word/errors.ts';
import { SharedHeap } from '../../../src/heap/heap.ts';

export function heapOf(scene: Scene, me: number): SharedHeap {
  return scene.heaps[me] as SharedHeap;
}

/**
 * Comes when all others have ended, and recovers those of them that are dead. Where the living have
 * all seats it goes away again: then nobody's death may be left to recover.
 */
export function undertaker(scene: Scene): void {
  for (const thread of scene.gone()) scene.on[0]?.table.markEnded(thread + 1);
  const heap = enter(scene);
  heap?.recover();
  heap?.detach();
}

/** One more attachment; null when the living have all seats. */
export function enter(scene: Scene): SharedHeap | null {
  try {
    return SharedHeap['enter'](scene.formatted);
  } catch (error) {
    if (!(error instanceof HeapError) || error.code !== 'NO_SLOT') throw error;
    return null;
  }
}

export function take(scene: Scene, me: number, size: number): number {
  scene.book.asks(me);
  const ptr = heapOf(scene, me).alloc(size);
  scene.book.took(me, ptr, size);
  return ptr;
}

/** As `take`, waiting for it as long as it takes. */
export function awaits(scene: Scene, me: number, size: number): number {
  scene.book.asks(me);
  const got = heapOf(scene, me).tryAlloc(size, { waitMs: Infinity });
  const ptr = got.ok ? got.value : 0;
  scene.book.took(me, ptr, size);
  return ptr;
}

/** As `take`; 0 is a failure of the scenario. */
export function must(scene: Scene, me: number, size: number): number {
  const ptr = take(scene, me, size);
  if (ptr === 0 && !scene.mayFail()) throw new Error(`no block of ${size} for thread ${me}`);
  return ptr;
}

export function give(scene: Scene, me: number, ptr: number): boolean {
  scene.book.gives(me, ptr);
  const freed = heapOf(scene, me).free(ptr);
  scene.book.gave(me, ptr, freed);
  return freed;
}

/** As `give`; the block is live, so a refusal is a failure. */
export function giveBack(scene: Scene, me: number, ptr: number): void {
  if (ptr !== 0 && !give(scene, me, ptr)) throw new Error(`thread ${me} could not free ${ptr}`);
}

/** A block that every schedule begins with; for `before`. */
export function prepare(scene: Scene, me: number, size: number): number {
  const ptr = heapOf(scene, me).alloc(size);
  if (ptr === 0) throw new Error(`no block of ${size} bytes to begin with`);
  scene.book.has(me, ptr, size);
  scene.blocks.push(ptr);
  return ptr;
}

export function resize(scene: Scene, me: number, ptr: number, size: number): number {
  scene.book.resizes(me, ptr);
  const moved = heapOf(scene, me).realloc(ptr, size);
  scene.book.passes(me, ptr, moved, size);
  scene.book.kept(me, moved);
  return moved;
}

/** A block taken and given back. */
export function round(scene: Scene, me: number, size: number): void {
  giveBack(scene, me, must(scene, me, size));
}

/** Attaches, takes and gives a block, and leaves; false when the living have all seats. */
export function dropsIn(scene: Scene, me: number): boolean {
  const mine = enter(scene);
  if (mine === null) return false;
  scene.book.sits(me, mine.slot);
  try {
    const ptr = mine.alloc(64);
    if (ptr !== 0 && !mine.free(ptr)) throw new Error('a visitor cannot free its block');
  } finally {
    mine.detach(); // also when its stack has overflowed: others may have no other seat
  }
  return true;
}
