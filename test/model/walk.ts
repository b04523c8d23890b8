// Random schedules, for what is too large to search through. A uniform walk picks any choice; a
// priority walk (PCT: Burckhardt et al., ASPLOS 2010) runs the thread of the highest priority and
// lowers it at a few random steps, which finds a bug of depth d with a known probability. Each
// schedule has its own seed, and with it is repeatable.

import { KILL, STOP, TIMEOUT, type Limits, type Policy, type Runner } from './runner.ts';

/** Mulberry32: small, repeatable from a seed. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  below(sides: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides);
  }
}

export type Adversary = 'nobody' | 'kill' | 'throw';

export interface WalkOptions {
  readonly seed: number;
  readonly priorities: boolean;
  readonly adversary: Adversary;
  /** About how many steps a schedule has: where among them deaths and changes fall. */
  readonly length: number;
}

/** What a walk may do: an adversary strikes once, a wait may end by time now and then. */
export function limitsOf(adversary: Adversary): Limits {
  const strikes = (kind: Adversary) => (adversary === kind ? 1 : 0);
  return { preemptions: Infinity, kills: strikes('kill'), throws: strikes('throw'), timeouts: 2 };
}

export class RandomWalk implements Policy {
  private readonly dice: Dice;
  private readonly priorities: boolean;
  private readonly strikeAt: number;
  private readonly changes: number[];
  private readonly ranks = [0, 1, 2, 3];
  private steps = 0;

  constructor({ seed, priorities, adversary, length }: WalkOptions) {
    this.dice = new Dice(seed);
    this.priorities = priorities;
    this.strikeAt = adversary === 'nobody' ? -1 : 1 + this.dice.below(length);
    this.changes = [0, 1].map(() => this.dice.below(length));
    for (let i = 3; i > 0; i--) this.swap(i, this.dice.below(i + 1));
  }

  next(runner: Runner): number {
    const { choices, count } = runner;
    this.steps++;
    let runs = 0;
    let timeouts = 0;
    for (let i = 0; i < count; i++) {
      const choice = choices[i] as number;
      if (choice < TIMEOUT) runs++;
      else if (choice < KILL) timeouts++;
    }
    if (this.steps >= this.strikeAt && this.strikeAt >= 0 && runs + timeouts < count) {
      return choices[runs + timeouts] as number;
    }
    const late = timeouts > 0 && (runs === 0 || this.dice.below(16) === 0);
    if (late) return choices[runs + this.dice.below(timeouts)] as number;
    if (runs === 0) return STOP;
    return this.priorities ? this.highest(runner, runs) : this.any(runner, runs);
  }

  private any(runner: Runner, runs: number): number {
    return runner.choices[this.dice.below(runs)] as number;
  }

  private highest(runner: Runner, runs: number): number {
    if (this.changes.includes(this.steps)) this.demote(runner.last);
    let best = runner.choices[0] as number;
    for (let i = 1; i < runs; i++) {
      const t = runner.choices[i] as number;
      if ((this.ranks[t] as number) > (this.ranks[best] as number)) best = t;
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
