// Schedules as text, played again and made smaller. A schedule is a list of stretches: `0x5` lets
// thread 0 take five steps, `t1` ends the wait of thread 1, `k0` kills thread 0, `o0` overflows its
// stack. Played again it is a wish: where a thread cannot go on, the lowest that can goes instead,
// so that every shorter list is a schedule too.

import { KILL, STOP, THROW, TIMEOUT, type Limits, type Policy } from './runner.ts';
import type { Runner } from './runner.ts';
import type { Failure } from './access.ts';

const LETTERS: readonly [letter: string, action: number][] = [
  ['t', TIMEOUT],
  ['k', KILL],
  ['o', THROW],
];

export interface Stretch {
  readonly choice: number;
  readonly count: number;
}

export function stretchesOf(made: readonly number[]): Stretch[] {
  const out: { choice: number; count: number }[] = [];
  for (const choice of made) {
    const last = out.at(-1);
    if (last?.choice === choice && choice < TIMEOUT) last.count++;
    else out.push({ choice, count: 1 });
  }
  return out;
}

export function textOf(stretches: readonly Stretch[]): string {
  return stretches
    .map(({ choice, count }) => {
      const letter = LETTERS.find(([, action]) => (choice & ~7) === action)?.[0];
      return letter === undefined ? `${choice}x${count}` : `${letter}${choice & 7}`;
    })
    .join(',');
}

export function parse(text: string): Stretch[] {
  return text.split(',').map((part) => {
    const [, letter = '', thread = '', count = '1'] = /^([tko]?)(\d)(?:x(\d+))?$/.exec(part) ?? [];
    if (thread === '') throw new Error(`"${part}" is no stretch of a schedule`);
    const action = LETTERS.find(([it]) => it === letter)?.[1] ?? 0;
    return { choice: action + Number(thread), count: Number(count) };
  });
}

class Wish implements Policy {
  private readonly wanted: readonly number[];
  private at = 0;

  constructor(stretches: readonly Stretch[]) {
    this.wanted = stretches.flatMap((it) => new Array<number>(it.count).fill(it.choice));
  }

  next(runner: Runner): number {
    const { choices, count } = runner;
    while (this.at < this.wanted.length) {
      const wish = this.wanted[this.at++] as number;
      for (let i = 0; i < count; i++) if (choices[i] === wish) return wish;
      if (wish >= KILL && runner.machine.status[wish & 7] === 1) return wish;
    }
    return (choices[0] as number) < TIMEOUT ? (choices[0] as number) : STOP;
  }
}

/** As many deaths and time-outs as the schedule has. */
function limitsOf(stretches: readonly Stretch[]): Limits {
  const count = (action: number) => stretches.filter((it) => (it.choice & ~7) === action).length;
  return {
    preemptions: Infinity,
    kills: count(KILL),
    throws: count(THROW),
    timeouts: count(TIMEOUT),
  };
}

/** Plays a schedule; what was wrong, or null. */
export function replay(runner: Runner, stretches: readonly Stretch[]): Failure | null {
  runner.play(new Wish(stretches), limitsOf(stretches));
  return runner.machine.failure;
}

/** The schedule with as few stretches, then steps, as still lead to a failure of that kind. */
export function shrink(runner: Runner, made: readonly number[], kind: string): Stretch[] {
  let best = stretchesOf(made);
  const fails = (list: readonly Stretch[]) => replay(runner, list)?.kind === kind;
  if (!fails(best)) return best;
  for (let shorter = true; shorter;) {
    shorter = false;
    for (let size = Math.max(1, best.length >> 1); size >= 1; size >>= 1) {
      for (let i = 0; i + size <= best.length; i++) {
        const without = [...best.slice(0, i), ...best.slice(i + size)];
        if (!fails(without)) continue;
        const made2 = stretchesOf(runner.made);
        if (made2.length >= best.length) continue;
        best = made2;
        shorter = true;
        i--;
      }
    }
  }
  return best;
}
