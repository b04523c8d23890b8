// `atomalloc/browser`: how a thread of a browser, a page or a worker, is missed when it has ended.
// A browser tells nobody that a worker was terminated, so its threads hold leases (leases.ts), and
// a small worker, the sentry, waits for them to end (sentry.ts).
//
//   await holdLease();                         in every thread, before it creates or attaches
//   const heap = SharedHeap.create(…);         on the page; or attach(handle), in a worker
//   await watchLeases(heap);                   on the page
//
// The lease comes first: a thread that died between its seat and its lease would never be missed,
// and to take a thread without a lease for dead would be to destroy the heap. In Node, Deno and
// Bun both do nothing: there is worker_threads, and with it other ways to see ends.
//
// A browser lets a terminated worker finish what it is in: Chromium for up to 2 s, then it stops
// it anywhere. So who is terminated in an endless loop is seen to be dead 2 s later, who rests in
// its event loop a millisecond or two. Until then it may write, and nobody believes it dead.
//
// A page may not block: for a lock that another thread holds it spins. That takes as long as the
// lock is held, microseconds, or a slice of the processor's time if the holder was interrupted; if
// the holder has died, until the sentry has marked it. Waiting for memory or for a channel with
// `waitMs` spins as long as it is told to: pages use the async calls.
//
// Limits: a page that is put away for its visitor to come back (the back/forward cache) may lose
// its leases with its workers' still in the heap: it ends its sentry when it goes, and sees no
// deaths when it comes back. Let it reload. One sentry serves one heap.

import { HeapError } from '../word/errors.ts';
import { drawLeased, goBy, isNumbered } from '../slot/thread.ts';
import type { SharedHeap } from '../heap/heap.ts';
import { hold, webLocks, type WebLocks } from './leases.ts';

interface SentryWorker {
  addEventListener(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(event: 'error', listener: (event: { readonly message?: string }) => void): void;
  postMessage(message: unknown): void;
  terminate(): void;
}
interface Page {
  addEventListener?(event: 'pagehide', listener: () => void): void;
  removeEventListener?(event: 'pagehide', listener: () => void): void;
}
declare const Worker: new (url: URL, options: object) => SentryWorker;

const page = globalThis as Page;
let lease: Promise<void> | null = null;

/**
 * Gives this thread a name of which others learn when it ends, for all heaps that it attaches to
 * from then on: call it first, once. It takes some milliseconds. Throws BAD_OPTION where there are
 * no Web Locks, and in a thread that is in a heap already, or was.
 */
export function holdLease(): Promise<void> {
  lease ??= isNumbered() ? Promise.resolve() : takeLease();
  return lease;
}

/**
 * From when this resolves on, the ends of threads with leases that sit in `heap` are seen, and what
 * they have left is recovered at once: by this thread when its event loop turns, or by whoever
 * needs it before that. Starts a worker. Resolves to what ends that. Throws BAD_OPTION where there
 * are no Web Locks, or when the worker does not start.
 */
export async function watchLeases(heap: SharedHeap): Promise<() => void> {
  if (isNumbered()) return () => undefined;
  locksHere();
  // Bundlers know a worker by these very words.
  const sentry = new Worker(new URL('./sentry.js', import.meta.url), { type: 'module' });
  const end = () => {
    page.removeEventListener?.('pagehide', end);
    sentry.terminate();
  };
  page.addEventListener?.('pagehide', end);
  sentry.postMessage(heap.handle);
  await listen(sentry, (who) => mourn(heap, who)).catch((error: unknown) => {
    end();
    throw error;
  });
  return end;
}

async function takeLease(): Promise<void> {
  const locks = locksHere();
  for (;;) {
    const who = drawLeased();
    if (!(await hold(locks, who))) continue; // another thread of this origin has drawn the same
    if (goBy(who)) return;
    const advice = 'await holdLease() before SharedHeap.create or attach';
    throw new HeapError('BAD_OPTION', `this thread has been in a heap already: ${advice}`);
  }
}

function locksHere(): WebLocks {
  const locks = webLocks();
  if (locks !== undefined) return locks;
  const advice = 'serve the page by https, or from localhost';
  throw new HeapError('BAD_OPTION', `there are no Web Locks here: ${advice}`);
}

/** Resolves when it watches; `tell` is told of each end that it sees. */
function listen(sentry: SentryWorker, tell: (who: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    sentry.addEventListener('message', ({ data }) => {
      if (typeof data === 'number') tell(data);
      else resolve();
    });
    sentry.addEventListener('error', ({ message = 'its script was refused' }) => {
      const advice =
        'serve sentry.js beside browser.js, with COEP as the page, and let the ' +
        "page's Content-Security-Policy allow it as a worker-src";
      reject(new HeapError('BAD_OPTION', `the sentry did not start (${message}): ${advice}`));
    });
  });
}

/** As for a worker of worker_threads whose exit is told. */
function mourn(heap: SharedHeap, who: number): void {
  heap.watch({ threadId: -who - 1, once: (_, ended: () => void) => ended() });
}
