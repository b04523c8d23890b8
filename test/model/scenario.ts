// What a scenario is: a heap of tiny geometry, threads with a few operations each, and what has to
// hold afterwards. Scenarios are ordinary code against the ordinary interfaces; the loader makes
// generators of them as it does of the sources, so `heap.alloc(64)` stops in front of each access.

import type { Attachment } from '../../src/heap/attachment.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Formatted } from '../../src/heap/open.ts';
import type { Memory } from '../../src/word/memory.ts';
import type { Lock } from '../../src/word/lock.ts';
import type { TinyOptions } from '../support/tiny.ts';
import type { Book } from './book.ts';

/** Messages between threads; a receiver waits until there is one. */
export interface Wire {
  send(channel: number, value: number): void;
  receive(channel: number): number;
}

/** What a scenario's code works on. */
export interface Scene {
  readonly memory: Memory;
  readonly formatted: Formatted;
  /** One attached heap for each seat; its slot has the same number. */
  readonly heaps: readonly SharedHeap[];
  /** The layers beneath them. */
  readonly on: readonly Attachment[];
  readonly book: Book;
  readonly wire: Wire;
  /** Blocks that `before` has made. */
  readonly blocks: number[];
  /** References that `before` has made. */
  readonly refs: number[];
  /** Locks that `before` has made, one view for each thread. */
  readonly locks: Lock[];
  /** Whether the zones refuse something in this schedule, so that any alloc may fail. */
  readonly mayFail: () => boolean;
  /** Threads that were killed, as the host would know: for those who come when all have ended. */
  readonly gone: () => readonly number[];
}

export interface Scenario {
  readonly name: string;
  readonly heap: TinyOptions;
  /** Seats taken before the threads start; thread t sits on seat t. */
  readonly seats: number;
  /** Once, before the first schedule. */
  readonly before?: (scene: Scene) => void;
  readonly threads: readonly ((scene: Scene) => unknown)[];
  /** After every schedule in which nobody died; throws when something is wrong. */
  readonly check?: (scene: Scene, results: readonly unknown[]) => void;
  /** Before every schedule: users' bytes, which the stage does not put back. */
  readonly each?: (scene: Scene) => void;
  /** After every schedule, whoever died, when the dead have been recovered. */
  readonly after?: (scene: Scene) => void;
  /**
   * After every schedule, whoever died, when the dead have been recovered and before the blocks are
   * counted: tells the book who holds what, where a death has decided that; throws as `check` does.
   */
  readonly settles?: (scene: Scene) => void;
  /** Blocks are taken by transactions only: none may be live that nobody holds, whoever died. */
  readonly strict?: boolean;
  /** Threads that have died in front of their first access. */
  readonly dead?: readonly number[];
  /** A heap that tracks owners: what only the dead had is nobody's, whatever they were doing. */
  readonly owned?: boolean;
  /**
   * The system cannot be asked about threads: whoever comes to recover knows who has ended. Or it
   * can, and is late: it tells of a death only to who comes to recover.
   */
  readonly elsewhere?: boolean | 'late';
  /** Two threads free one block: entries without a tag may be left over in magazines. */
  readonly freesTwice?: boolean;
  /** The heap is not a heap: only the words of locks count. */
  readonly bare?: boolean;
  /** A defect of the sources that is known and not mended yet, and what shows it. */
  readonly known?: { readonly part: 'all' | 'deaths'; readonly why: string };
  /** So many steps without an end are a livelock; 20,000 when not given. */
  readonly steps?: number;
}
