// The heaps to which this thread is attached, by the number that their creator drew for them: one
// buffer arrives as a new object with each message, so the buffer itself would not do.
//
// A worker that ends in good order, by returning or by process.exit, detaches from all of them. One
// that is terminated does not get the chance, and the main thread takes the memory with it.

import { HEADER } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';

interface Attached {
  detachAndFree(): void;
}

/** What this needs of Node's `process`, where there is one. */
interface Process {
  once?(event: 'exit', listener: () => void): unknown;
  getBuiltinModule?(name: string): { readonly isMainThread?: boolean } | undefined;
}

export function identityOf(memory: Memory): string {
  return `${String(memory.get(HEADER.ID_LOW))}:${String(memory.get(HEADER.ID_HIGH))}`;
}

export class AttachedHeaps<T extends Attached> {
  private readonly heaps = new Map<string, T>();
  private watching = false;

  get(identity: string): T | undefined {
    return this.heaps.get(identity);
  }

  add(identity: string, heap: T): T {
    this.heaps.set(identity, heap);
    if (this.watching) return heap;
    this.watching = true;
    const { process } = globalThis as { process?: Process };
    const isWorker = process?.getBuiltinModule?.('node:worker_threads')?.isMainThread === false;
    if (isWorker) process.once?.('exit', () => this.detachAll());
    return heap;
  }

  delete(identity: string): void {
    this.heaps.delete(identity);
  }

  private detachAll(): void {
    for (const heap of [...this.heaps.values()]) {
      try {
        heap.detachAndFree();
      } catch {
        // It has crashed inside this heap: what it held stays with its slot.
      }
    }
  }
}
