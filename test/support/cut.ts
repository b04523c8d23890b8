// Deaths in the middle of an operation. A mortal memory lets a thread make so many more writes, and
// then the thread is dead: it throws, and throws again at whatever it would write on its way out.
// So an operation can be cut at each of its writes, and what a survivor makes of that too.
//
// Layers keep no state beside the shared words, so a heap is put back by copying its bytes.

import { Memory } from '../../src/word/memory.ts';
import type { Tiny } from './tiny.ts';

class Death extends Error {}

/** Waits on end, without a write in between, that are one for ever. */
const PATIENCE = 100;

/** Memory of a thread that may die. It waits for nobody: whom it would wait for is dead. */
export class MortalMemory extends Memory {
  private left = Infinity;
  private waits = 0;

  /** Does something, and dies before the write behind the first `writes`; true if it died. */
  dieAfter(writes: number, act: () => void): boolean {
    this.left = writes;
    try {
      act();
      return false;
    } catch (error) {
      if (error instanceof Death) return true;
      throw error;
    } finally {
      this.left = Infinity;
    }
  }

  override rawArrays(): ReturnType<Memory['rawArrays']> {
    const { words, bytes } = super.rawArrays();
    return { words: this.mortal(words), bytes: this.mortal(bytes) };
  }

  private mortal<T extends Int32Array | Uint8Array>(array: T): T {
    return new Proxy(array, {
      get: (of, key) => Reflect.get(of, key) as unknown,
      set: (of, key, value) => {
        this.write();
        return Reflect.set(of, key, value);
      },
    });
  }

  override set(index: number, value: number): void {
    this.write();
    super.set(index, value);
  }

  override store(index: number, value: number): void {
    this.write();
    super.store(index, value);
  }

  override swap(index: number, value: number): number {
    this.write();
    return super.swap(index, value);
  }

  override cas(index: number, expected: number, value: number): number {
    if (super.load(index) === expected) this.write();
    return super.cas(index, expected, value);
  }

  override add(index: number, value: number): number {
    this.write();
    return super.add(index, value);
  }

  override setByte(index: number, value: number): void {
    this.write();
    super.setByte(index, value);
  }

  /** As many writes as bytes: it may be cut anywhere. */
  override clearBytes(from: number, end: number): void {
    for (let at = from; at < end; at++) this.setByte(at, 0);
  }

  override setCount(index: number, value: number): void {
    this.write();
    super.setCount(index, value);
  }

  override wait(): boolean {
    if (++this.waits > PATIENCE) throw new Error('it waits for ever');
    return true;
  }

  private write(): void {
    if (this.left <= 0) throw new Death();
    this.left--;
    this.waits = 0;
  }
}

/** One more view of a heap's memory, for a thread that may die. */
export function mortal({ memory, layout }: Tiny): MortalMemory {
  return new MortalMemory(memory.buffer, layout.metadataByte, layout);
}

/** A heap with an operation to cut, and what is done about it. */
export interface Case {
  readonly tiny: Tiny;
  /** What the dead did, through its own memory. */
  readonly act: { readonly memory: MortalMemory; readonly run: () => void };
  /** What a survivor does about it; it may die too, and then the next one does it. */
  readonly mend: { readonly memory: MortalMemory; readonly run: () => void };
  readonly mendAgain: () => void;
  /** What must be true then; `twice` tells whether the survivor died too. */
  readonly check: (twice: boolean) => void;
  /** After which of the operation's writes the survivor is cut too, at each of its own. */
  readonly twice: (writes: number) => boolean;
}

/** Cuts the operation after each of its writes, and some of the repairs after each of theirs. */
export function cutEverywhere(scene: Case): number {
  const bytes = new Uint8Array(scene.tiny.memory.buffer);
  const start = bytes.slice();
  for (let writes = 0; ; writes++) {
    bytes.set(start);
    const died = scene.act.memory.dieAfter(writes, scene.act.run);
    const cut = bytes.slice();
    scene.mend.run();
    named(`cut after ${writes} writes`, () => scene.check(false));
    if (!died) return writes;
    if (scene.twice(writes)) cutTwice(scene, bytes, cut, writes);
  }
}

function cutTwice(scene: Case, bytes: Uint8Array, cut: Uint8Array, writes: number): void {
  for (let more = 0; ; more++) {
    bytes.set(cut);
    if (!scene.mend.memory.dieAfter(more, scene.mend.run)) return;
    scene.mendAgain();
    named(`cut after ${writes} writes, repair after ${more}`, () => scene.check(true));
  }
}

function named(where: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof Error) error.message = `${where}: ${error.message}`;
    throw error;
  }
}
