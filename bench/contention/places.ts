// What simulated threads meet at: a lock, which one of them has, or a line, which serves one core
// after the other.
import type { Task } from './task.ts';

export interface PlaceFigures {
  readonly name: string;
  /** Share of the time in which somebody had it. */
  readonly busy: number;
  readonly takes: number;
  readonly contended: number;
  readonly slept: number;
  readonly waitedNs: number;
}

export class Places {
  private readonly places: readonly (readonly Place[])[];

  /** `shards`: how many of it there are instead of one, each for its part of the threads. */
  constructor(
    names: readonly string[],
    fromNs: number,
    movedNs: (name: string) => number,
    shards: (name: string) => number,
  ) {
    this.places = names.map((name) => {
      return Array.from({ length: shards(name) }, () => new Place(name, fromNs, movedNs(name)));
    });
  }

  /** The place of a number, as a thread sees it. */
  at(index: number, thread: number): Place {
    const shards = this.places[index]!;
    return shards[thread % shards.length]!;
  }

  /** Of shards, their average share of the time, and the sum of everything else. */
  figures(endNs: number): PlaceFigures[] {
    return this.places.map((shards) => {
      const all = shards.map((place) => place.figures(endNs));
      const sum = (what: Exclude<keyof PlaceFigures, 'name'>): number =>
        all.reduce((so, it) => so + it[what], 0);
      return {
        name: all[0]!.name,
        busy: sum('busy') / all.length,
        takes: sum('takes'),
        contended: sum('contended'),
        slept: sum('slept'),
        waitedNs: sum('waitedNs'),
      };
    });
  }
}

export class Place {
  readonly name: string;
  readonly movedNs: number;
  readonly spinning: Task[] = [];
  readonly asleep: Task[] = [];
  /** Whether the lock says that somebody sleeps, or is about to. */
  hasWaiters = false;
  /** Since the beginning. */
  takes = 0;
  private readonly fromNs: number;
  private holder: Task | null = null;
  private lastCore = -1;
  private takenNs = 0;
  private freeNs = 0;
  private readonly counted = { takes: 0, contended: 0, slept: 0, waitedNs: 0, busyNs: 0 };

  /** What happens before `fromNs` does not count. */
  constructor(name: string, fromNs: number, movedNs: number) {
    this.name = name;
    this.fromNs = fromNs;
    this.movedNs = movedNs;
  }

  get isFree(): boolean {
    return this.holder === null;
  }

  /** True if another core had it last. */
  take(task: Task, now: number, slept: boolean): boolean {
    this.holder = task;
    this.hasWaiters = slept; // others may sleep still
    this.takenNs = now;
    this.takes++;
    this.count('takes', now, 1);
    this.count('waitedNs', now, now - task.askedNs);
    return this.movedTo(task.core);
  }

  /** Who is to be woken, if anybody sleeps. */
  give(now: number): Task | undefined {
    this.count('busyNs', now, now - Math.max(this.takenNs, this.fromNs));
    this.holder = null;
    const sleeper = this.hasWaiters ? this.asleep[0] : undefined;
    this.hasWaiters = false;
    return sleeper;
  }

  /** When a line has come to a core that asks for it now, and been written there. */
  serve(core: number, now: number, transferNs: number): number {
    const startNs = Math.max(now, this.freeNs);
    this.freeNs = startNs + (this.movedTo(core) ? transferNs : 0);
    this.count('takes', now, 1);
    this.count('busyNs', now, this.freeNs - startNs);
    this.count('waitedNs', now, startNs - now);
    if (startNs > now) this.contend(now);
    return this.freeNs;
  }

  contend(now: number): void {
    this.count('contended', now, 1);
  }

  tire(now: number): void {
    this.count('slept', now, 1);
  }

  /** Spins or sleeps for it no more. */
  leave(task: Task): void {
    for (const tasks of [this.spinning, this.asleep]) {
      const at = tasks.indexOf(task);
      if (at >= 0) tasks.splice(at, 1);
    }
  }

  figures(endNs: number): PlaceFigures {
    const { busyNs, ...counts } = this.counted;
    const open = this.holder === null ? 0 : endNs - Math.max(this.takenNs, this.fromNs);
    return { name: this.name, busy: (busyNs + open) / (endNs - this.fromNs), ...counts };
  }

  private movedTo(core: number): boolean {
    const moved = this.lastCore >= 0 && this.lastCore !== core;
    this.lastCore = core;
    return moved;
  }

  private count(what: keyof Place['counted'], now: number, by: number): void {
    if (now >= this.fromNs) this.counted[what] += by;
  }
}
