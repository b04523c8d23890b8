// A simulated thread: where it is in its script, and what it does just now.
import type { Place } from './places.ts';

export type Doing = 'runs' | 'spins' | 'falls asleep' | 'sleeps' | 'wakes';

export class Task {
  readonly thread: number;
  /** The step that comes next. */
  at = 0;
  doing: Doing = 'runs';
  /** When it will be done with that; with no core, how long it has yet to go. */
  dueNs = 0;
  leftNs = 0;
  /** Counts what it is told to do: what was entered before is void. */
  version = 0;
  /** The core on which it runs, or last ran. */
  core = -1;
  /** The lock for which it waits, when it asked, and how often that had been taken then. */
  place: Place | null = null;
  askedNs = 0;
  sawTake = 0;

  constructor(thread: number) {
    this.thread = thread;
  }
}
