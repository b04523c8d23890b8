// Depth-first search over all schedules of a scenario within limits, by replay: the memory goes
// back to its image, the choices up to the last open one are made again, then the next one. A state
// whose partial order was met before, with as many preemptions left, is not searched again.
//
// A search may leave out queues at locks (`Limits.queues`): then a thread takes its step into
// `Lock.lock` only while the lock is free, and never spins or sleeps. If the lock is a lock, that
// loses nothing. Who waits in `lock` writes no word but the lock's own, and keeps nothing of what
// it read there; so a schedule in which it waits ends as the one in which it came when it got the
// lock, and has no race that this one has not, for waiting only adds order between threads. Threads
// that hold what the others want are found as before: none of them has a step. That the lock is a
// lock is shown by its own scenarios, with queues and without a bound; and bounded searches, deaths
// and walks keep the queues everywhere.

import { STOP, type Limits, type Policy, type Runner } from './runner.ts';

export interface Searched {
  /** Whether all schedules within the limits have been seen. */
  readonly complete: boolean;
  /** Partial orders met: states, told apart by what led to them. */
  readonly states: number;
}

/** Searches until all is seen, something is wrong, or `until` says stop. */
export function searchAll(runner: Runner, limits: Limits, until: () => boolean): Searched {
  const policy = new DepthFirst(limits);
  do {
    if (until()) return { complete: false, states: policy.states };
    runner.play(policy, limits);
    if (runner.machine.failure !== null) return { complete: false, states: policy.states };
  } while (policy.turn());
  return { complete: true, states: policy.states };
}

class DepthFirst implements Policy {
  private readonly bounded: boolean;
  private readonly seen = new Seen();
  private readonly open: Int32Array[] = [];
  private readonly counts: number[] = [];
  private readonly taken: number[] = [];
  private depth = 0;
  private top = 0;

  constructor(limits: Limits) {
    this.bounded = limits.preemptions !== Infinity;
  }

  get states(): number {
    return this.seen.size;
  }

  next(runner: Runner): number {
    const { depth } = this;
    if (depth < this.top) {
      this.depth++;
      return this.open[depth]?.[this.taken[depth] as number] as number;
    }
    if (runner.count > 1 && this.known(runner)) return STOP;
    this.open[depth] ??= new Int32Array(64);
    this.open[depth].set(runner.choices);
    this.counts[depth] = runner.count;
    this.taken[depth] = 0;
    this.depth = ++this.top;
    return runner.choices[0] as number;
  }

  /** Goes back to the last open choice; false when there is none. */
  turn(): boolean {
    this.depth = 0;
    while (this.top > 0) {
      const at = this.top - 1;
      (this.taken[at] as number)++;
      if ((this.taken[at] as number) < (this.counts[at] as number)) return true;
      this.top--;
    }
    return false;
  }

  private known(runner: Runner): boolean {
    const { hashes } = runner.machine;
    const left = this.bounded ? runner.preemptions + 1 : 1;
    return !this.seen.raise(hashes.state(this.bounded ? runner.last + 1 : 0), left);
  }
}

/** Hash → the most preemptions that were left there; open addressing, for millions of them. */
class Seen {
  size = 0;
  private keys = new Float64Array(1 << 12).fill(-1);
  private left = new Uint8Array(1 << 12);

  /** False when the state was met with as many left. */
  raise(key: number, left: number): boolean {
    if (this.size * 2 > this.keys.length) this.grow();
    const at = this.find(key);
    if (this.keys[at] === key) {
      if ((this.left[at] as number) >= left) return false;
    } else this.size++;
    this.keys[at] = key;
    this.left[at] = left;
    return true;
  }

  private find(key: number): number {
    const mask = this.keys.length - 1;
    let at = (Math.imul(key % 0x7fffffff, 0x9e3779b1) >>> 0) & mask;
    while (this.keys[at] !== -1 && this.keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const [keys, left] = [this.keys, this.left];
    this.keys = new Float64Array(keys.length * 2).fill(-1);
    this.left = new Uint8Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === -1) continue;
      const at = this.find(keys[i] as number);
      this.keys[at] = keys[i] as number;
      this.left[at] = left[i] as number;
    }
  }
}
