// How a thread's death becomes known where the system cannot be asked about threads, as on all but
// Linux: one small worker, the sentinel, does nothing but wait for others to end. Every thread
// hands it one end of a message channel before it sits down in a heap. That end closes when the
// thread is gone, by terminate, throw, exit or for lack of memory: about 2 ms later, and after the
// last of its JavaScript, on Node 20 to 26. The sentinel takes no lock and never blocks, so it
// hears of it at once and marks the dead's slots; to recover them is left to those who wait, attach
// or look.
//
//   when                              what
//   a heap's handle is first read     that thread starts the sentinel: now others may attach
//   a thread attaches                 waits until the sentinel listens, some 50 ms from its start,
//                                     and hands its port over, through the main thread's event loop
//   twice a second                    hands it to the sentinel that there is now, if it is another
//   the sentinel's end closes         the main thread starts another: the parent was a worker
//   it cannot be reached for 2 s      any thread starts another
//   a thread detaches                 takes its leave, so that closing means nothing
//
// SENTINEL in the header says which thread it is: -1 none, ever; 0 none yet; its threadId + 1; or
// that negated until it listens. (Node 20 refuses what is sent before, and a thread that blocks for
// good as soon as it is attached would not try again.)
//
// Limits: a port that is under way is lost with its thread while the main thread's event loop
// stands still; of the thread that started the sentinel, if that is a worker, nobody tells the next
// one. For these there are `heap.watch(worker)` and `heap.reap(slot)`.

import type { MessagePort, Worker } from 'node:worker_threads';
import { HEADER } from '../word/layout.ts';
import { thisThread } from '../slot/thread.ts';
import { identityOf, type Host } from '../heap/attached.ts';
import type { Formatted, HeapHandle } from '../heap/open.ts';

const { SENTINEL } = HEADER;
/** In SENTINEL. */
const NEVER = -1;
/** Longest wait of a thread that attaches. */
const PATIENCE_MS = 500;
/** The main thread's threadId + 1. */
const MAIN = 1;
/** Rounds in which it could not be reached before it is taken to be gone. */
const PATIENCE_ROUNDS = 4;

/** What the sentinel is sent. */
export interface Post {
  readonly handle: HeapHandle;
  /** The sender's threadId + 1. */
  readonly thread: number;
  readonly port: MessagePort;
}

interface Threads {
  readonly Worker: new (url: URL, options: object) => Worker;
  readonly MessageChannel: new () => { readonly port1: MessagePort; readonly port2: MessagePort };
  postMessageToThread?(thread: number, post: Post, transfer: MessagePort[]): Promise<void>;
}
interface Process {
  getBuiltinModule?(name: 'node:worker_threads'): Threads | undefined;
  emitWarning?(text: string, type: string): void;
}

/** Which sentinel was sent a port of this thread, and the end that was kept. */
interface Sent {
  readonly named: number;
  readonly port: MessagePort;
  readonly closed: () => void;
}

const { process } = globalThis as { process?: Process };

class Guard implements Host {
  private readonly sent = new Map<string, Sent>();
  private readonly refusals = new Map<string, number>();
  private sentinel: Worker | null = null;
  private broken = false;

  handsOut(heap: Formatted): void {
    if (!hasName() && heap.memory.load(SENTINEL) === 0) this.start(heap, 0);
  }

  comesIn(heap: Formatted): void {
    if (hasName()) return;
    const { memory } = heap;
    const seen = memory.load(SENTINEL);
    if (seen < NEVER) memory.wait(SENTINEL, seen, PATIENCE_MS);
    this.isIn(heap);
  }

  isIn(heap: Formatted): void {
    if (hasName()) return;
    const named = heap.memory.load(SENTINEL);
    const identity = identityOf(heap.memory);
    if (named === 0 || named === NEVER) return;
    if (this.sent.get(identity)?.named === Math.abs(named)) return;
    if (this.refusalsOf(identity) >= PATIENCE_ROUNDS) this.start(heap, named);
    else if (named > 0) this.send(heap, identity, named);
    else this.refusals.set(identity, this.refusalsOf(identity) + 1);
  }

  isOut({ memory }: Formatted): void {
    const identity = identityOf(memory);
    this.forget(identity)?.postMessage('left');
    this.refusals.delete(identity);
  }

  /** The heap's sentinel from now on is this thread's, unless another thread was faster. */
  private start(heap: Formatted, instead: number): void {
    const identity = identityOf(heap.memory);
    this.refusals.delete(identity);
    const before = this.sentinel !== null;
    if (this.broken || (!before && !this.launch()) || this.sentinel === null) return;
    const named = this.sentinel.threadId + 1;
    if (heap.memory.cas(SENTINEL, instead, -named) === instead) this.send(heap, identity, named);
    else if (!before) void this.sentinel.terminate();
  }

  private launch(): boolean {
    const threads = threadsHere();
    if (threads?.postMessageToThread === undefined) return false;
    // As this file, the program is there as TypeScript or built.
    const program = import.meta.url.endsWith('.ts') ? './sentinel.ts' : './sentinel.js';
    const url = new URL(program, import.meta.url);
    try {
      const worker = new threads.Worker(url, { name: 'atomalloc sentinel', execArgv: [] });
      worker.unref();
      worker.on('error', (error: unknown) => this.fail(error));
      worker.on('exit', () => (this.sentinel = null));
      this.sentinel = worker;
    } catch (error) {
      this.fail(error);
    }
    return this.sentinel !== null;
  }

  private fail(error: unknown): void {
    this.broken = true;
    const text = `atomalloc's sentinel has ended: ${String(error)}; use heap.watch(worker)`;
    process?.emitWarning?.(text, 'AtomallocWarning');
  }

  private send(heap: Formatted, identity: string, named: number): void {
    const threads = threadsHere();
    if (threads?.postMessageToThread === undefined) return;
    this.forget(identity)?.postMessage('left'); // to close it would be to die
    const { port1, port2 } = new threads.MessageChannel();
    const sent = { named, port: port1, closed: () => this.gone(heap, identity, named) };
    port1.on('close', sent.closed);
    port1.unref();
    this.sent.set(identity, sent);
    const post: Post = { handle: heap.handle, thread: thisThread().thread, port: port2 };
    const own = this.sentinel;
    if (own !== null && own.threadId + 1 === named) own.postMessage(post, [port2]);
    else {
      const arrival = threads.postMessageToThread(named - 1, post, [port2]);
      arrival.catch(() => this.refused(identity, sent));
    }
  }

  /** It has not begun to listen, or is gone: the next round tries again. */
  private refused(identity: string, sent: Sent): void {
    if (this.sent.get(identity) !== sent) return;
    this.forget(identity);
    this.refusals.set(identity, this.refusalsOf(identity) + 1);
  }

  private refusalsOf(identity: string): number {
    return this.refusals.get(identity) ?? 0;
  }

  private gone(heap: Formatted, identity: string, named: number): void {
    this.forget(identity);
    if (this.sentinel !== null && [0, named].includes(this.sentinel.threadId + 1)) {
      this.sentinel = null; // its exit event is on the way
    }
    const seen = heap.memory.load(SENTINEL);
    if (thisThread().thread === MAIN && Math.abs(seen) === named) this.start(heap, seen);
  }

  private forget(identity: string): MessagePort | undefined {
    const sent = this.sent.get(identity);
    this.sent.delete(identity);
    sent?.port.off('close', sent.closed);
    return sent?.port;
  }
}

/** This thread's, for all its heaps. */
export const guard: Host = new Guard();

/** Then the system tells of this thread. */
function hasName(): boolean {
  return thisThread().who > 0;
}

function threadsHere(): Threads | undefined {
  return process?.getBuiltinModule?.('node:worker_threads');
}
