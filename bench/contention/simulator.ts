// A simulator of threads that share locks: so many threads on so many cores, each playing one
// script from another place on. Events happen in the order of their times and everything else
// follows from them, so the same figures and the same seed give the same outcome.
//
//   a thread     runs → asks → has it                                the lock was free
//                runs → asks → spins → has it                        given back in time
//                runs → asks → spins → falls asleep → wakes → looks  again and again, see lock.ts
//   a lock       is taken by whoever comes when it is free: who has slept is not favoured
//   a line       serves one core after the other, in the order in which they come
//
// A lock or a line that another core had last takes a transfer to fetch, and what the lock guards
// some more (`movedNs`). Threads beyond the cores wait in one queue (processors.ts).
import { nextRandom, seedOf } from '../workloads/random.ts';
import { Agenda } from './agenda.ts';
import type { WaitCosts } from './costs.ts';
import { Places, type Place, type PlaceFigures } from './places.ts';
import { Processors, type Due } from './processors.ts';
import type { Script, Step } from './script.ts';
import { Task } from './task.ts';

export interface Costs extends WaitCosts {
  /** Looks at a lock before a thread sleeps for it, and how long it sleeps at most. */
  readonly spins: number;
  readonly patienceNs: number;
  /** For how long a thread keeps its core when others wait for one. */
  readonly sliceNs: number;
  /** How much longer a lock of that name is held when another core had it last. */
  readonly movedNs: (place: string) => number;
}

export interface Setting {
  readonly threads: number;
  readonly cores: number;
  /** Simulated time that counts, and before it. */
  readonly forNs: number;
  readonly warmUpNs: number;
  readonly seed: number;
  /** Of each lock or line, how many there are instead of one; else one. */
  readonly shards?: (place: string) => number;
}

export interface Outcome {
  readonly opsPerSecond: number;
  readonly ops: number;
  readonly places: readonly PlaceFigures[];
}

export function simulate(script: Script, setting: Setting, costs: Costs): Outcome {
  return new Simulation(script, setting, costs).play();
}

class Simulation {
  private readonly script: Script;
  private readonly setting: Setting;
  private readonly costs: Costs;
  private readonly agenda = new Agenda<Due>();
  private readonly tasks: readonly Task[];
  private readonly places: Places;
  private readonly processors: Processors;
  /** Work that threads did by themselves or under locks: what they do not wait for. */
  private workedNs = 0;
  private now = 0;

  constructor(script: Script, setting: Setting, costs: Costs) {
    const { threads, warmUpNs } = setting;
    this.script = script;
    this.setting = setting;
    this.costs = costs;
    this.tasks = Array.from({ length: threads }, (_, thread) => new Task(thread));
    const shards = setting.shards ?? (() => 1);
    this.places = new Places(script.places, warmUpNs, costs.movedNs, shards);
    const resume = (task: Task): void => this.resume(task);
    this.processors = new Processors(this.agenda, setting, costs.sliceNs, resume);
  }

  play(): Outcome {
    const { forNs, warmUpNs } = this.setting;
    const endNs = warmUpNs + forNs;
    this.begin();
    for (;;) {
      const next = this.agenda.next();
      if (next === undefined || next.ns > endNs) break;
      this.now = next.ns;
      this.due(next.what);
    }
    const passNs = this.script.steps.reduce((sum, { thenNs }) => sum + thenNs, 0);
    const ops = (this.workedNs / passNs) * this.script.ops;
    return { opsPerSecond: (ops / forNs) * 1e9, ops, places: this.places.figures(endNs) };
  }

  /** Each thread begins at another step that is outside of all locks, and at its own time. */
  private begin(): void {
    const starts = outermost(this.script.steps);
    let random = seedOf(this.setting.seed);
    for (const task of this.tasks) {
      random = nextRandom(random);
      task.at = starts[(random >>> 0) % starts.length]!;
      const before = (task.at || this.script.steps.length) - 1;
      random = nextRandom(random);
      task.leftNs = this.script.steps[before]!.thenNs * ((random >>> 0) / 2 ** 32);
      this.processors.ready(task, 0);
    }
  }

  private due({ task, version, core }: Due): void {
    if (task === null) return this.processors.sliceOver(core, version, this.now);
    if (version !== task.version) return;
    if (task.doing === 'runs') this.step(task);
    else if (task.doing === 'spins') this.tire(task);
    else if (task.doing === 'falls asleep') this.fallAsleep(task);
    else if (task.doing === 'sleeps') this.rouse(task, this.costs.wakenNs);
    else this.processors.ready(task, this.now);
  }

  /** A thread has a core, anew or again. */
  private resume(task: Task): void {
    this.now = this.processors.now;
    if (task.doing === 'wakes') return this.look(task);
    if (task.doing === 'spins' && task.place!.isFree) return this.take(task, task.place!, false);
    if (task.doing === 'spins') task.place!.spinning.push(task);
    this.set(task, task.doing, task.leftNs);
  }

  private set(task: Task, doing: Task['doing'], ns: number): void {
    task.doing = doing;
    task.dueNs = this.now + ns;
    this.agenda.add(task.dueNs, { task, version: ++task.version, core: -1 });
  }

  private step(task: Task): void {
    const { kind, place: index } = this.script.steps[task.at]!;
    const place = this.places.at(index, task.thread);
    task.askedNs = this.now;
    if (kind === 'touch') this.touch(task, place);
    else if (kind === 'give') this.give(task, place);
    else if (place.isFree) this.take(task, place, false);
    else this.contend(task, place);
  }

  /** The step is done; then the thread works by itself, and does `moreNs` before. */
  private goOn(task: Task, moreNs: number): void {
    const { thenNs } = this.script.steps[task.at]!;
    if (this.now >= this.setting.warmUpNs) this.workedNs += thenNs;
    task.at = task.at + 1 === this.script.steps.length ? 0 : task.at + 1;
    this.set(task, 'runs', moreNs + thenNs);
  }

  private touch(task: Task, place: Place): void {
    const doneNs = place.serve(task.core, this.now, this.costs.transferNs);
    this.goOn(task, doneNs - this.now);
  }

  private take(task: Task, place: Place, slept: boolean): void {
    const moved = place.take(task, this.now, slept);
    this.goOn(task, moved ? this.costs.transferNs + place.movedNs : 0);
  }

  /** Who spins for it has it at once; who sleeps is woken, and may find it taken again. */
  private give(task: Task, place: Place): void {
    const { wakeNs, wakenNs, transferNs } = this.costs;
    const seen = place.spinning.length > 0;
    const sleeper = place.give(this.now);
    this.goOn(task, (seen ? transferNs : 0) + (sleeper === undefined ? 0 : wakeNs));
    if (sleeper !== undefined) this.rouse(sleeper, wakeNs + wakenNs);
    const spinner = place.spinning.shift();
    if (spinner !== undefined) this.take(spinner, place, false);
  }

  private contend(task: Task, place: Place): void {
    task.place = place;
    place.contend(this.now);
    place.spinning.push(task);
    this.set(task, 'spins', this.costs.spins * this.costs.spinNs);
  }

  private tire(task: Task): void {
    const place = task.place!;
    place.leave(task);
    place.tire(this.now);
    this.settle(task, place);
  }

  /** Says that it sleeps, and does so if the lock is as it was. */
  private settle(task: Task, place: Place): void {
    place.hasWaiters = true;
    task.sawTake = place.takes;
    this.set(task, 'falls asleep', this.costs.sleepNs);
  }

  private fallAsleep(task: Task): void {
    const place = task.place!;
    if (place.isFree || place.takes !== task.sawTake) return this.look(task);
    place.asleep.push(task);
    this.set(task, 'sleeps', this.costs.patienceNs);
    this.processors.leave(task, this.now);
  }

  private rouse(task: Task, inNs: number): void {
    task.place!.leave(task);
    this.set(task, 'wakes', inNs);
  }

  private look(task: Task): void {
    const place = task.place!;
    if (place.isFree) this.take(task, place, true);
    else this.settle(task, place);
  }
}

/** The steps at which a thread has no lock yet and takes one, or the first if there is none. */
function outermost(steps: readonly Step[]): number[] {
  let depth = 0;
  const starts = steps.flatMap(({ kind }, at) => {
    const outside = depth === 0 && kind !== 'give';
    depth += kind === 'take' ? 1 : kind === 'give' ? -1 : 0;
    return outside ? [at] : [];
  });
  return starts.length === 0 ? [0] : starts;
}
