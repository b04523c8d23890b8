// The heaps to which this thread is attached, by the number that their creator drew for them: one
// buffer arrives as a new object with each message, so the buffer itself would not do.
//
// A worker that ends in good order, by returning or by process.exit, detaches from all of them. One
// that is terminated does not get the chance, and the main thread takes the memory with it.
//
// While there are any, a timer of the thread makes a round of them twice a second: each looks for
// the dead and tells its listeners what was found. The timer keeps no process or worker alive, and
// holds this table weakly, so one that nobody has any more takes its timer with it.
//
// What deaths need of the place where we run, beyond asking the system, is a Host's to do: src/host
// has one, and src/index.ts brings it in.

import { HEADER } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { Formatted } from './open.ts';

const ROUND_MS = 500;

interface Attached {
  detachAndFree(): void;
}

/** Told of this thread's comings and goings. Each may be told again of what it knows. */
export interface Host {
  /** The heap's handle is about to be given to other threads. */
  handsOut(heap: Formatted): void;
  /** This thread is about to attach. */
  comesIn(heap: Formatted): void;
  /** This thread is attached still. */
  isIn(heap: Formatted): void;
  /** This thread has no slot any more. */
  isOut(heap: Formatted): void;
}

interface Timer {
  unref?(): void;
}
interface Timers {
  setInterval(run: () => void, everyMs: number): Timer;
  clearInterval(timer: Timer): void;
}
/** What this needs of Node's `process`, where there is one. */
interface Process {
  once?(event: 'exit', listener: () => void): unknown;
  getBuiltinModule?(name: 'node:worker_threads'): { readonly isMainThread?: boolean } | undefined;
  getBuiltinModule?(name: 'node:timers'): Timers | undefined;
}

interface Entry<T> {
  readonly heap: T;
  readonly formatted: Formatted;
  readonly round: () => void;
}

const { process } = globalThis as { process?: Process };
let host: Host | null = null;

/** Says who is told of comings and goings from now on. */
export function bringIn(newHost: Host): void {
  host = newHost;
}

export function currentHost(): Host | null {
  return host;
}

export function identityOf(memory: Memory): string {
  return `${String(memory.get(HEADER.ID_LOW))}:${String(memory.get(HEADER.ID_HIGH))}`;
}

/**
 * Throws an error where nobody of ours is on the stack, as event targets do: it stops the process
 * unless that listens for uncaught exceptions, but not what we were about.
 */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export class AttachedHeaps<T extends Attached> {
  private readonly heaps = new Map<string, Entry<T>>();
  private watching = false;
  private timed = false;

  get(identity: string): T | undefined {
    return this.heaps.get(identity)?.heap;
  }

  /** `round` is what the timer calls. */
  add(formatted: Formatted, heap: T, round: () => void): void {
    this.heaps.set(identityOf(formatted.memory), { heap, formatted, round });
    this.watchExit();
    if (!this.timed) startTimer(new WeakRef(this));
    this.timed = true;
  }

  delete(identity: string): void {
    this.heaps.delete(identity);
  }

  /** False when there is nothing to make rounds of: the next heap starts another timer. */
  makeRound(): boolean {
    for (const { formatted, round } of this.heaps.values()) {
      try {
        host?.isIn(formatted);
        round();
      } catch (error) {
        throwLater(error);
      }
    }
    this.timed = this.heaps.size > 0;
    return this.timed;
  }

  private watchExit(): void {
    if (this.watching) return;
    this.watching = true;
    const isWorker = process?.getBuiltinModule?.('node:worker_threads')?.isMainThread === false;
    if (isWorker) process.once?.('exit', () => this.detachAll());
  }

  private detachAll(): void {
    for (const { heap } of [...this.heaps.values()]) {
      try {
        heap.detachAndFree();
      } catch {
        // It has crashed inside this heap: what it held stays with its slot.
      }
    }
  }
}

/** Node's timers where they are to be had, also in Deno: those can be told not to hold it up. */
function startTimer(heaps: WeakRef<{ makeRound(): boolean }>): void {
  const timers = process?.getBuiltinModule?.('node:timers') ?? (globalThis as unknown as Timers);
  const timer = timers.setInterval(() => {
    if (heaps.deref()?.makeRound() !== true) timers.clearInterval(timer);
  }, ROUND_MS);
  timer.unref?.();
}
