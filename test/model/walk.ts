// Random schedules, for what is too large to search through. A uniform walk picks any choice; a
// priority walk (PCT: Burckhardt et al., ASPLOS 2010) runs the thread of the highest priority and
// lowers it at a few random steps, which finds a bug of depth d with a known probability. Each
// schedule has its own seed, and with it is repeatable.
//
// The adversary kills a thread, overflows its stack, or freezes it: puts it aside in front of some
// access while the others go on, for a while or until they can only wait for it, by time too. Then
// it goes on from where it stood, and everything has to be as if it had merely been slow. The
// hunter kills at random too, or overflows a stack, and kills whoever stands where nobody has died
// before, at work or recovering; every other time it keeps its last kill for that. What it does
// depends on the schedules before, so the schedule repeats it, no seed.

import { Dice } from '../support/dice.ts';
import { MAX_THREADS } from './races.ts';
import { KILL, STOP, THROW, TIMEOUT, type Limits, type Policy, type Runner } from './runner.ts';

export type Adversary = 'nobody' | 'kill' | 'hunt' | 'throw' | 'freeze';

export interface WalkOptions {
  readonly seed: number;
  readonly priorities: boolean;
  readonly adversary: Adversary;
  /** About how many steps a schedule has: where among them deaths and changes fall. */
  readonly length: number;
}

/** How often a killer may strike: the second and third time often at who is recovering. */
const KILLS = 3;

/** What a walk may do: an adversary strikes, a wait may end by time now and then. */
export function limitsOf(adversary: Adversary): Limits {
  const kills = adversary === 'kill' || adversary === 'hunt' ? KILLS : 0;
  const throws = adversary === 'throw' || adversary === 'hunt' ? 1 : 0;
  return { preemptions: Infinity, kills, throws, timeouts: 2 };
}

export class RandomWalk implements Policy {
  private readonly dice: Dice;
  private readonly priorities: boolean;
  private strikeAt: number;
  private readonly length: number;
  private readonly changes: number[];
  private readonly ranks = Array.from({ length: MAX_THREADS }, (_, t) => t);
  private readonly freezes: boolean;
  private readonly hunts: boolean;
  /** How many kills a hunter keeps for who stands where nobody has died. */
  private readonly kept: number;
  private frozen = -1;
  private thawAt = 0;
  private steps = 0;
  private runs = 0;
  private timeouts = 0;

  constructor({ seed, priorities, adversary, length }: WalkOptions) {
    this.dice = new Dice(seed);
    this.priorities = priorities;
    this.freezes = adversary === 'freeze';
    this.hunts = adversary === 'hunt';
    this.kept = this.hunts ? this.dice.below(2) : 0;
    this.length = length;
    this.strikeAt = adversary === 'nobody' ? -1 : 1 + this.dice.below(length);
    this.changes = [0, 1].map(() => this.dice.below(length));
    for (let i = MAX_THREADS - 1; i > 0; i--) this.swap(i, this.dice.below(i + 1));
    if (this.freezes) this.thawAt = this.strikeAt + this.dice.below(8 * length);
  }

  next(runner: Runner): number {
    this.steps++;
    this.split(runner);
    const { runs, timeouts } = this;
    const prey = KILL + runner.last;
    const inReach = runs + timeouts < runner.count && runner.choices[runs + timeouts] === prey;
    if (this.hunts && inReach && runner.machine.isNewToDie(runner.last)) return prey;
    if (!this.freezes && this.strikeAt >= 0 && this.steps >= this.strikeAt) {
      const keeps = runner.kills > 0 && runner.kills <= this.kept;
      if (!keeps && runs + timeouts < runner.count) {
        this.strikeAt = this.steps + 1 + this.dice.below(this.length);
        return this.strike(runner);
      }
    }
    const others = this.others(runner);
    const late = timeouts > 0 && (others === 0 || this.dice.below(16) === 0);
    if (late) return runner.choices[runs + this.dice.below(timeouts)] as number;
    if (runs === 0) return STOP;
    if (others === 0) this.frozen = -1;
    return this.priorities ? this.highest(runner) : this.any(runner, others || runs);
  }

  /** A hunter may also overflow the stack of who would die; now and then it does. */
  private strike({ choices, count, last }: Runner): number {
    const first = this.runs + this.timeouts;
    const mayThrow = this.hunts && first + 1 < count && choices[first + 1] === THROW + last;
    return choices[mayThrow && this.dice.below(8) === 0 ? first + 1 : first] as number;
  }

  /** Threads that may run stand first among the choices, then those whose wait may end by time. */
  private split({ choices, count }: Runner): void {
    this.runs = this.timeouts = 0;
    for (let i = 0; i < count; i++) {
      const choice = choices[i] as number;
      if (choice < TIMEOUT) this.runs++;
      else if (choice < KILL) this.timeouts++;
    }
  }

  /** How many threads may run beside the frozen one; freezes and thaws when it is time for it. */
  private others({ choices, machine }: Runner): number {
    if (!this.freezes || this.runs === 0) return this.runs;
    if (this.steps === this.strikeAt) {
      this.frozen = choices[this.dice.below(this.runs)] as number;
      machine.freeze(this.frozen);
    }
    if (this.steps >= this.thawAt) this.frozen = -1;
    let others = 0;
    for (let i = 0; i < this.runs; i++) if (choices[i] !== this.frozen) others++;
    return others;
  }

  private any({ choices }: Runner, threads: number): number {
    let nth = this.dice.below(threads);
    for (let i = 0; ; i++) {
      if (choices[i] !== this.frozen && nth-- === 0) return choices[i] as number;
    }
  }

  private highest(runner: Runner): number {
    if (this.changes.includes(this.steps)) this.demote(runner.last);
    let best = -1;
    for (let i = 0; i < this.runs; i++) {
      const t = runner.choices[i] as number;
      if (t === this.frozen) continue;
      if (best < 0 || (this.ranks[t] as number) > (this.ranks[best] as number)) best = t;
    }
    return best;
  }

  private demote(t: number): void {
    if (t >= 0) this.ranks[t] = Math.min(...this.ranks) - 1;
  }

  private swap(i: number, j: number): void {
    [this.ranks[i], this.ranks[j]] = [this.ranks[j] as number, this.ranks[i] as number];
  }
}

/** Walks until `until` says stop or something is wrong; the seed of the last schedule. */
export function walk(
  runner: Runner,
  seed: number,
  adversary: Adversary,
  until: (schedules: number) => boolean,
): number {
  const limits = limitsOf(adversary);
  let length = 64;
  let own = seed;
  for (let schedules = 0; !until(schedules); schedules++) {
    own = (seed + Math.imul(schedules, 0x9e3779b1)) | 0;
    const priorities = schedules % 2 === 1;
    runner.play(new RandomWalk({ seed: own, priorities, adversary, length }), limits);
    if (runner.machine.failure !== null) break;
    length = Math.max(8, Math.ceil(length * 0.9 + runner.made.length * 0.1));
  }
  return own;
}
