// The cores of a simulation. A thread keeps its core until it sleeps; where there are more threads
// than cores, also not beyond its slice. Who has no core waits in one queue, first come, first
// served: schedulers are cleverer, but no thread here has a better claim than another.
import type { Agenda } from './agenda.ts';
import type { Task } from './task.ts';

/** A thread is done with what it does; or, with no thread, a core's slice is over. */
export interface Due {
  readonly task: Task | null;
  readonly version: number;
  readonly core: number;
}

interface Core {
  task: Task | null;
  /** Counts slices: an end that was entered for an earlier one is void. */
  slice: number;
}

export class Processors {
  /** When a thread is resumed, that time. */
  now = 0;
  private readonly agenda: Agenda<Due>;
  private readonly cores: readonly Core[];
  private readonly sliced: boolean;
  private readonly sliceNs: number;
  private readonly resume: (task: Task) => void;
  private readonly queue: Task[] = [];

  constructor(
    agenda: Agenda<Due>,
    { cores, threads }: { readonly cores: number; readonly threads: number },
    sliceNs: number,
    resume: (task: Task) => void,
  ) {
    this.agenda = agenda;
    this.cores = Array.from({ length: cores }, () => ({ task: null, slice: 0 }));
    this.sliced = threads > cores;
    this.sliceNs = sliceNs;
    this.resume = resume;
  }

  /** The thread wants a core: its last one if that is idle, or any, or it waits for one. */
  ready(task: Task, now: number): void {
    const own = this.cores[task.core]?.task === null ? task.core : -1;
    const core = own >= 0 ? own : this.cores.findIndex((it) => it.task === null);
    if (core < 0) this.queue.push(task);
    else this.dispatch(core, task, now);
  }

  /** The thread sleeps. */
  leave(task: Task, now: number): void {
    this.next(task.core, now);
  }

  sliceOver(core: number, slice: number, now: number): void {
    const { task, slice: current } = this.cores[core]!;
    if (task === null || slice !== current) return;
    if (this.queue.length === 0) return this.beginSlice(core, now);
    task.version++;
    task.leftNs = task.dueNs - now;
    if (task.doing === 'spins') task.place!.leave(task);
    this.queue.push(task);
    this.next(core, now);
  }

  private next(core: number, now: number): void {
    this.cores[core]!.task = null;
    const task = this.queue.shift();
    if (task !== undefined) this.dispatch(core, task, now);
  }

  private dispatch(core: number, task: Task, now: number): void {
    this.cores[core]!.task = task;
    this.now = now;
    task.core = core;
    this.beginSlice(core, now);
    this.resume(task);
  }

  private beginSlice(core: number, now: number): void {
    const slice = ++this.cores[core]!.slice;
    if (this.sliced) this.agenda.add(now + this.sliceNs, { task: null, version: slice, core });
  }
}
