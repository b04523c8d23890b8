// The watch: looks at the heap a few dozen times a second while a turn is played, from the thread
// that started it, remembers how it was when it was fullest, and notices when nothing moves.
import type { HeapExtent, HeapStats, SharedHeap } from '../../src/index.ts';

// Often at first, or a short turn would be over unseen.
const FIRST_PERIOD_MS = 1;
const PERIOD_MS = 25;
// A look at every extent is worth taking only if the heap has grown by this much since the last.
const GROWTH = 1.02;

export interface Sight {
  readonly stats: HeapStats;
  readonly extents: readonly HeapExtent[];
}

export function pagesInUse(stats: HeapStats): number {
  return stats.pages - stats.freePages;
}

export class Watch {
  readonly #heap: SharedHeap;
  readonly #progress: () => number;
  readonly #patienceMs: number;
  readonly #before: HeapStats;
  #timer: NodeJS.Timeout | undefined;
  #events = 0;
  #movedMs = performance.now();
  #pages = 0;
  #fullest: Sight | null = null;

  /** `progress` says how many events have been played. */
  constructor(heap: SharedHeap, progress: () => number, patienceMs: number) {
    this.#heap = heap;
    this.#progress = progress;
    this.#patienceMs = patienceMs;
    this.#before = heap.stats();
  }

  /** Looks until `stop`. The promise only ever rejects: if nothing moves for too long. */
  start(): Promise<never> {
    return new Promise((_, reject) => this.#lookIn(FIRST_PERIOD_MS, reject));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #lookIn(periodMs: number, reject: (error: unknown) => void): void {
    this.#timer = setTimeout(() => {
      try {
        this.#look();
        this.#lookIn(Math.min(PERIOD_MS, periodMs * 2), reject);
      } catch (error) {
        reject(error);
      }
    }, periodMs);
  }

  #look(): void {
    this.#checkProgress();
    const stats = this.#heap.stats();
    const pages = pagesInUse(stats);
    this.#pages = Math.max(this.#pages, pages);
    const known = this.#fullest === null ? 0 : pagesInUse(this.#fullest.stats);
    if (pages > known * GROWTH) this.#fullest = { stats, extents: this.#heap.extents() };
  }

  #checkProgress(): void {
    const events = this.#progress();
    const now = performance.now();
    if (events !== this.#events) this.#movedMs = now;
    this.#events = events;
    const seconds = Math.round((now - this.#movedMs) / 1000);
    if (now - this.#movedMs > this.#patienceMs) {
      throw new Error(`no event was played for ${seconds} s, ${events} had been`);
    }
  }

  /** The heap as it was at the fullest look; null if there was nothing in it at any. */
  get fullest(): Sight | null {
    return this.#fullest;
  }

  /** Statistics of the heap at the start. */
  get before(): HeapStats {
    return this.#before;
  }

  /** The heap's own high-water mark if this turn raised it, else the most that was seen. */
  peak(after: HeapStats): { peakPages: number; raisedPeak: boolean } {
    const raisedPeak = after.peakPages > this.#before.peakPages;
    return { peakPages: raisedPeak ? after.peakPages : this.#pages, raisedPeak };
  }
}
