// Plays one schedule after another on a stage. At each moment there is a list of choices: which
// thread takes its step, whose wait times out, who is killed or thrown at. A policy picks one; the
// choices made are the schedule, and played again they give the same run.

import { ASLEEP, DEAD, DONE, READY } from './lives.ts';
import type { Machine } from './machine.ts';
import { Oracle } from './oracle.ts';
import { UNDERTAKERS, type Stage } from './stage.ts';

export const RUN = 0;
export const TIMEOUT = 8;
export const KILL = 16;
export const THROW = 24;
/** What a policy answers when the rest of this schedule is known. */
export const STOP = -1;

const STEPS_MAX = 20_000;
/** How often a sleeper is woken by its time when only the dead could wake it. */
const RESCUES = 36;

export interface Limits {
  /** Switches away from a thread that could go on. */
  readonly preemptions: number;
  readonly kills: number;
  readonly throws: number;
  /** Waits that end by time although somebody could still wake them. */
  readonly timeouts: number;
  /** Whether a thread may come to a lock that is held (search.ts); it may when not given. */
  readonly queues?: boolean;
}

export const NO_LIMITS: Limits = { preemptions: Infinity, kills: 0, throws: 0, timeouts: 0 };

export interface Policy {
  /** One of `choices[0..count)`, or STOP. */
  next(runner: Runner): number;
}

export interface Tally {
  schedules: number;
  /** Of them cut short, because the rest was known. */
  cut: number;
  steps: number;
  crashes: number;
}

export class Runner {
  readonly stage: Stage;
  readonly machine: Machine;
  readonly choices = new Int32Array(64);
  readonly tally: Tally = { schedules: 0, cut: 0, steps: 0, crashes: 0 };
  /** The choices made so far in this schedule. */
  readonly made: number[] = [];
  count = 0;
  /** The thread that ran last; -1 when it is gone. */
  last = -1;
  preemptions = 0;
  kills = 0;
  throws = 0;
  timeouts = 0;
  private rescued = 0;
  /** Sees deaths and time-outs as they are made. */
  onStrike: ((choice: number) => void) | null = null;
  private readonly oracle: Oracle;
  private readonly maxSteps: number;

  constructor(stage: Stage) {
    this.stage = stage;
    this.machine = stage.realm.machine;
    this.machine.failure = null;
    this.oracle = new Oracle(stage);
    this.maxSteps = stage.scenario.steps ?? STEPS_MAX;
  }

  /** One schedule; what is wrong with it stands in `machine.failure`. */
  play(policy: Policy, limits: Limits): void {
    const { machine } = this;
    this.reset(limits);
    this.stage.begin();
    for (const t of this.stage.scenario.dead ?? []) machine.kill(t);
    let rescues = RESCUES;
    for (;;) {
      if (machine.failure !== null) break;
      this.list();
      if (this.count === 0) {
        if (!this.anyDead() && machine.overflows === 0) break;
        if (this.comesToTell()) continue;
        if (this.anySleeper() && rescues-- > 0) this.rescue();
        else if (this.anySleeper()) break;
        else {
          this.oracle.judgeTold();
          if (!this.stage.callUndertaker()) break;
        }
        continue;
      }
      const choice = policy.next(this);
      if (choice === STOP) {
        this.tally.cut++;
        this.end();
        return;
      }
      this.apply(choice);
      if (machine.steps > this.maxSteps) machine.fail('endless', `${this.maxSteps} steps`);
    }
    this.oracle.judge();
    this.end();
  }

  /** Carries out a choice. */
  apply(choice: number): void {
    const { machine } = this;
    const t = choice & 7;
    this.made.push(choice);
    if (choice < TIMEOUT) {
      if (t !== this.last && this.last >= 0 && machine.enabled(this.last)) this.preemptions--;
      machine.step(t);
      this.last = t;
    } else if (choice < KILL) {
      this.onStrike?.(choice);
      this.timeouts--;
      machine.timeOut(t);
    } else this.strike(choice, t);
  }

  private strike(choice: number, t: number): void {
    const { scenario, scene } = this.stage;
    if (scenario.owned === true && choice < THROW) scene.book.loses(t);
    this.tally.crashes++;
    this.onStrike?.(choice);
    if (choice >= THROW) {
      this.throws--;
      this.machine.throwIn(t);
    } else {
      this.kills--;
      this.machine.kill(t);
    }
    if (this.machine.status[t] !== READY) this.last = -1;
  }

  private reset(limits: Limits): void {
    this.tally.schedules++;
    this.made.length = 0;
    this.last = -1;
    this.preemptions = limits.preemptions;
    const { dead = [], elsewhere = false } = this.stage.scenario;
    // Elsewhere, who tells of the dead may have come and gone before a stack overflows.
    this.throws = elsewhere !== false && limits.kills > 0 ? 0 : limits.throws;
    const spared = UNDERTAKERS - dead.length - this.throws; // one at least recovers in the end
    this.kills = Math.min(limits.kills, spared);
    this.timeouts = limits.timeouts;
    this.rescued = 0;
    this.machine.patient = limits.queues === false;
  }

  private end(): void {
    this.tally.steps += this.machine.steps;
  }

  /** All choices there are now; going on with the same thread is the first. */
  private list(): void {
    const { machine, choices, last } = this;
    let count = 0;
    const goesOn = last >= 0 && machine.enabled(last);
    if (goesOn) choices[count++] = RUN + last;
    if (!goesOn || this.preemptions > 0) {
      for (let t = 0; t < machine.threads; t++) {
        if (t !== last && machine.enabled(t)) choices[count++] = RUN + t;
      }
    }
    if (this.timeouts > 0) {
      for (let t = 0; t < machine.threads; t++) {
        if (machine.status[t] === ASLEEP) choices[count++] = TIMEOUT + t;
      }
    }
    if (last >= 0 && machine.status[last] !== DONE && machine.status[last] !== DEAD) {
      if (this.kills > 0) choices[count++] = KILL + last;
      if (this.throws > 0 && machine.status[last] === READY) choices[count++] = THROW + last;
    }
    if (this.kills > 0 && this.made.length === 0) {
      for (let t = 0; t < machine.threads; t++) {
        if (machine.status[t] === READY) choices[count++] = KILL + t;
      }
    }
    this.count = count;
  }

  private anySleeper(): boolean {
    return this.machine.status.includes(ASLEEP);
  }

  private anyDead(): boolean {
    return this.machine.status.includes(DEAD);
  }

  /** Where only the host can know of a death, somebody tells those who wait for the dead. */
  private comesToTell(): boolean {
    const { scenario } = this.stage;
    return (
      (scenario.elsewhere ?? false) !== false && this.anySleeper() && this.stage.callUndertaker()
    );
  }

  /** One sleeper's wait ends, each in its turn. */
  private rescue(): void {
    const { machine } = this;
    for (let i = 1; i <= machine.threads; i++) {
      const t = (this.rescued + i) % machine.threads;
      if (machine.status[t] !== ASLEEP || !machine.hasBound(t)) continue;
      if (machine.isForgotten(t)) machine.fail('stuck', `thread ${t} sleeps at a free lock`);
      machine.timeOut(t);
      this.rescued = t;
      break;
    }
    this.last = -1;
  }
}
